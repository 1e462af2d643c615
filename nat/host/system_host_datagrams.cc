// The half of SystemHost that is about datagrams.

#include <algorithm>
#include <system_error>
#include <utility>

#include "nat/host/error_queue.h"
#include "nat/host/system_host.h"

namespace sluice {
namespace {

bool is_forbidden(std::errc error) {
  return error == std::errc::operation_not_permitted || error == std::errc::permission_denied;
}

}  // namespace

Opened SystemHost::open_datagrams(Token token, DatagramKind kind, const IpAddress& family) {
  Socket socket{.token = token, .role = Role::kDatagrams, .v6 = !family.is_v4()};
  OpenedSocket opened;
  if (kind == DatagramKind::kEcho) {
    socket.echo_identifier = new_echo_identifier();
    OpenedEchoSocket echo =
        open_echo(family, options_.outbound_for(family), socket.echo_identifier);
    socket.protocol = echo.protocol;
    opened = std::move(echo.socket);
    pings_forbidden_ = pings_forbidden_ || is_forbidden(opened.error);
  } else {
    std::optional<Endpoint> local;
    if (const auto& outbound = options_.outbound_for(family)) {
      local = Endpoint{.address = *outbound, .port = 0};
    }
    opened = open_udp(family, local);
  }
  if (!opened.descriptor) return {.id = SocketId::kNone, .error = opened.error};
  return keep(std::move(opened.descriptor), socket, EventQueue::kArrivals);
}

std::size_t SystemHost::send_datagrams(SocketId id, gsl::span<const HostDatagram> datagrams) {
  sending_ = id;
  const std::size_t taken = sender_.send(datagram_socket_at(id), datagrams, *this);
  sending_ = SocketId::kNone;
  return taken;
}

std::size_t SystemHost::receive_datagrams(SocketId id, gsl::span<HostDatagram> datagrams) {
  const auto [count, drained] = receiver_.receive(datagram_socket_at(id), datagrams);
  // The owner takes "fewer than asked for" as the end, so what is left is announced once more.
  if (!drained && count < datagrams.size()) {
    queue_.update(static_cast<int>(id), socket_at(id).token, EventQueue::kArrivals);
  }
  return count;
}

std::optional<DatagramError> SystemHost::receive_error(SocketId id) {
  if (!refusals_.empty()) {
    const auto found = std::ranges::find(refusals_, id, &Refusal::socket);
    if (found != refusals_.end()) {
      const DatagramError error = found->error;
      refusals_.erase(found);
      return error;
    }
  }
  return take_queued_error(datagram_socket_at(id));
}

DatagramSocket SystemHost::datagram_socket_at(SocketId id) {
  const Socket& socket = socket_at(id);
  return {.descriptor = static_cast<int>(id),
          .protocol = socket.protocol,
          .v6 = socket.v6,
          .echo_identifier = socket.echo_identifier};
}

void SystemHost::refused(const HostDatagram& datagram, std::errc error) {
  // With so many untold, one more is not missed.
  if (refusals_.size() >= kMaxRefusals) return;
  if (refusals_.empty() || refusals_.back().announced) queue_.wake_up();
  refusals_.push_back(
      {.socket = sending_,
       .announced = false,
       .error = {.destination = datagram.peer, .error = error, .sequence = datagram.sequence}});
}

void SystemHost::announce_refusals() {
  SocketId last = SocketId::kNone;
  for (Refusal& refusal : refusals_) {
    if (std::exchange(refusal.announced, true) || refusal.socket == last) continue;
    last = refusal.socket;
    events_.push_back({.token = socket_at(last).token, .ready = {.error = true}});
  }
}

std::uint16_t SystemHost::new_echo_identifier() {
  const auto in_use = [this](std::uint16_t identifier) {
    return std::ranges::any_of(sockets_, [identifier](const Socket& socket) {
      return socket.role == Role::kDatagrams && socket.protocol == DatagramProtocol::kRawEcho &&
             socket.echo_identifier == identifier;
    });
  };
  // There are more identifiers than descriptors with which to use them up, as a rule.
  for (int i = 0; i < 0x10000; ++i) {
    if (!in_use(++last_echo_identifier_)) break;
  }
  return last_echo_identifier_;
}

}  // namespace sluice
