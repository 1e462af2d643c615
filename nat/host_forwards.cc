#include "nat/host_forwards.h"

#include <algorithm>
#include <string>
#include <system_error>

namespace sluice {
namespace {

std::string name_of(const ListenAddress& listen) {
  if (const auto* const path = std::get_if<UnixPath>(&listen.local)) return "unix:" + path->path;
  const bool udp = listen.protocol == ListenAddress::Protocol::kUdp;
  return (udp ? "udp:" : "tcp:") + std::get<Endpoint>(listen.local).to_string();
}

// What to do about it, for the errors that users meet.
std::string advice(std::errc error, const ListenAddress& listen) {
  const bool is_path = std::holds_alternative<UnixPath>(listen.local);
  switch (error) {
    case std::errc::address_in_use:
      return std::string("; another program listens there: choose another ") +
             (is_path ? "path" : "port") + " or end that program";
    case std::errc::file_exists:
      return "; what is there is no socket: choose another path";
    case std::errc::permission_denied:
      if (is_path) return "; choose a path in a directory that this user may write to";
      return "; ports below net.ipv4.ip_unprivileged_port_start need a privilege: choose a higher "
             "one";
    case std::errc::address_not_available:
      return "; this host has no such address: leave it out, or name one of its own";
    default:
      return "";
  }
}

bool same_place(const ListenAddress& a, const ListenAddress& b) {
  if (a.protocol != b.protocol || a.local.index() != b.local.index()) return false;
  if (const auto* const path = std::get_if<UnixPath>(&a.local)) {
    return path->path == std::get<UnixPath>(b.local).path;
  }
  return std::get<Endpoint>(a.local) == std::get<Endpoint>(b.local);
}

}  // namespace

std::uint16_t HostForwards::add(const HostForward& forward) {
  Endpoint guest = forward.guest;
  if (guest.address.is_unspecified()) {
    guest.address = network_.has_v4 ? network_.dhcp_start : network_.dhcp6_start();
  }
  const auto free =
      std::find_if(listeners_.begin(), listeners_.end(),
                   [](const Listener& listener) { return listener.socket == SocketId::kNone; });
  const auto index = static_cast<std::uint32_t>(free - listeners_.begin());
  const std::uint16_t generation = free == listeners_.end() ? 0 : free->generation;
  const bool udp = forward.listen.protocol == ListenAddress::Protocol::kUdp;
  const Opened opened =
      udp ? udp_.add_forward(forward.listen, guest)
          : host_.listen({.kind = Token::Kind::kListener, .generation = generation, .index = index},
                         forward.listen);
  if (opened.id == SocketId::kNone) {
    throw std::system_error(
        std::make_error_code(opened.error),
        "can't forward " + name_of(forward.listen) + advice(opened.error, forward.listen));
  }
  Listener listener{forward.listen, guest, opened.id, generation};
  std::uint16_t port = 0;
  if (auto* const local = std::get_if<Endpoint>(&listener.listen.local)) {
    port = local->port = host_.local_port(opened.id);
  }
  if (free == listeners_.end()) {
    listeners_.push_back(std::move(listener));
  } else {
    *free = std::move(listener);
  }
  return port;
}

std::vector<HostForwards::Listener>::iterator HostForwards::find(const ListenAddress& listen) {
  return std::find_if(listeners_.begin(), listeners_.end(), [&](const auto& listener) {
    return listener.socket != SocketId::kNone && same_place(listener.listen, listen);
  });
}

bool HostForwards::has(const ListenAddress& listen) {
  return find(listen) != listeners_.end();
}

bool HostForwards::remove(const ListenAddress& listen) {
  const auto found = find(listen);
  if (found == listeners_.end()) return false;
  if (listen.protocol == ListenAddress::Protocol::kUdp) {
    udp_.remove_forward(found->socket);
  } else {
    host_.close(found->socket, CloseMode::kGraceful);
  }
  found->socket = SocketId::kNone;
  ++found->generation;
  return true;
}

std::vector<HostForwardInfo> HostForwards::describe() const {
  std::vector<HostForwardInfo> forwards;
  for (const Listener& listener : listeners_) {
    if (listener.socket == SocketId::kNone) continue;
    forwards.push_back({{listener.listen, listener.guest}, listener.socket});
  }
  return forwards;
}

void HostForwards::on_host(Time now, const HostEvent& event) {
  const std::uint32_t index = event.token.index;
  if (index >= listeners_.size() || listeners_[index].generation != event.token.generation) return;
  accept(now, index);
}

void HostForwards::accept_more(Time now) {
  turns_.swap(dirty_);
  for (const std::uint32_t index : turns_) accept(now, index);
  turns_.clear();
}

void HostForwards::accept(Time now, std::uint32_t index) {
  constexpr unsigned kBatch = 64;
  const Listener& listener = listeners_[index];
  if (listener.socket == SocketId::kNone) return;
  for (unsigned i = 0; i < kBatch; ++i) {
    if (!tcp_.accept(now, listener.socket, listener.guest)) return;
  }
  if (std::find(dirty_.begin(), dirty_.end(), index) == dirty_.end()) dirty_.push_back(index);
}

}  // namespace sluice
