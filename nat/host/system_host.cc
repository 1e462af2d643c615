#include "nat/host/system_host.h"

#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "nat/host/seed.h"
#include "nat/host/spawned_command.h"
#include "nat/host/stream_socket.h"
#include "posix/reset_on_close.h"
#include "posix/socket_address.h"

namespace sluice {
namespace {

// For all that one fetch returns and an event for every refusal.
constexpr std::size_t kEventRoom = 512;

int descriptor_of(SocketId id) {
  return static_cast<int>(id);
}

Opened failed(std::errc error) {
  return {.id = SocketId::kNone, .error = error};
}

}  // namespace

SystemHost::SystemHost(EventQueue& queue, SystemHostOptions options)
    : options_(options),
      queue_(queue),
      children_(options.embedded ? nullptr : &will_),
      last_echo_identifier_(static_cast<std::uint16_t>(random_seed().k0)) {
  events_.reserve(kEventRoom);
}

SystemHost::~SystemHost() {
  for (std::size_t i = 0; i < sockets_.size(); ++i) {
    if (sockets_[i].role != Role::kNone) {
      close(static_cast<SocketId>(i), CloseMode::kGraceful);
    }
  }
}

gsl::span<const HostEvent> SystemHost::events(gsl::span<const epoll_event> fetched) {
  events_.clear();
  bool child_ended = children_.needs_polling();
  for (const epoll_event& event : fetched) {
    const Token token = EventQueue::token_of(event);
    if (token.kind != Token::Kind::kNone) {
      events_.push_back({.token = token, .ready = EventQueue::readiness_of(event)});
    } else if (token == EventQueue::kChildEnded) {
      child_ended = true;
    }
  }
  if (child_ended) children_.reap();
  announce_refusals();
  return events_;
}

bool SystemHost::can_ping() {
  return open_echo(IpAddress::v4(0), std::nullopt, 0).socket.error == std::errc{};
}

Opened SystemHost::connect(Token token, const StreamTarget& target) {
  if (const auto* const command = std::get_if<Command>(&target)) {
    return connect_command(token, *command);
  }
  if (const auto* const path = std::get_if<UnixPath>(&target)) {
    OpenedSocket opened = connect_unix(path->path);
    if (!opened.descriptor) return failed(opened.error);
    return keep(std::move(opened.descriptor), {.token = token, .role = Role::kUnix},
                EventQueue::kStream);
  }
  const auto& destination = std::get<Endpoint>(target);
  OpenedSocket opened = connect_tcp(destination, options_.outbound_for(destination.address));
  if (!opened.descriptor) return failed(opened.error);
  return keep(std::move(opened.descriptor), {.token = token, .role = Role::kTcp},
              EventQueue::kStream);
}

Opened SystemHost::connect_command(Token token, const Command& target) {
  // As from a server whose backlog is full.
  if (!children_.make_room()) return failed(std::errc::connection_refused);
  // Nothing is started that might be left behind.
  if (!start_will()) return failed(last_error());
  SpawnedCommand command = spawn(target, options_.embedded);
  if (!command.stream.descriptor) return failed(command.stream.error);
  const Opened opened = keep(std::move(command.stream.descriptor),
                             {.token = token, .role = Role::kCommand}, EventQueue::kStream);
  if (command.lifetime) {
    const std::errc error =
        queue_.add(command.lifetime.get(), EventQueue::kChildEnded, EventQueue::kArrivals);
    if (error != std::errc{}) command.lifetime.reset();
  }
  // It is a child of ours even if its stream could not be kept, and ended.
  children_.add(command.process, std::move(command.lifetime), opened.id);
  return opened;
}

std::errc SystemHost::take_error(SocketId id) {
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(descriptor_of(id), SOL_SOCKET, SO_ERROR, &error, &size) < 0) {
    return last_error();
  }
  return static_cast<std::errc>(error);
}

Opened SystemHost::listen(Token token, const ListenAddress& address) {
  if (const auto* const path = std::get_if<UnixPath>(&address.local)) {
    return listen_unix_at(token, path->path);
  }
  const Endpoint& local = std::get<Endpoint>(address.local);
  if (address.protocol == ListenAddress::Protocol::kUdp)
    return listen_udp(token, local, address.v6_only);
  OpenedSocket opened = listen_tcp(local, address.v6_only);
  if (!opened.descriptor) return failed(opened.error);
  return keep(std::move(opened.descriptor), {.token = token, .role = Role::kListener},
              EventQueue::kArrivals);
}

Opened SystemHost::listen_unix_at(Token token, const std::string& path) {
  // Before, as it takes a while: whoever kills this process in between leaves the file behind.
  if (!start_will()) return failed(last_error());
  OpenedSocket opened = listen_unix(path);
  if (!opened.descriptor) return failed(opened.error);
  const std::int32_t number = opened.descriptor.get();
  socket_files_.try_emplace(number, path);
  if (!options_.embedded && !will_.remove(path)) {
    const std::errc error = last_error();
    forget_socket_file(number);
    return failed(error);
  }
  const Opened kept = keep(std::move(opened.descriptor), {.token = token, .role = Role::kListener},
                           EventQueue::kArrivals);
  if (kept.id == SocketId::kNone) forget_socket_file(number);
  return kept;
}

void SystemHost::forget_socket_file(int descriptor) {
  const auto found = socket_files_.find(descriptor);
  if (found == socket_files_.end()) return;
  will_.leave(found->second.path());
  socket_files_.erase(found);
}

Opened SystemHost::listen_udp(Token token, const Endpoint& local, bool v6_only) {
  OpenedSocket opened = open_udp(local.address, local, v6_only);
  if (!opened.descriptor) return failed(opened.error);
  const Socket socket{.token = token, .role = Role::kDatagrams, .v6 = !local.address.is_v4()};
  return keep(std::move(opened.descriptor), socket, EventQueue::kArrivals);
}

std::uint16_t SystemHost::local_port(SocketId id) {
  SocketAddress local;
  socklen_t size = SocketAddress::kCapacity;
  if (::getsockname(descriptor_of(id), local.data(), &size) < 0) return 0;
  const std::optional<Endpoint> endpoint = local.endpoint();
  return endpoint ? endpoint->port : std::uint16_t{0};
}

Accepted SystemHost::accept(SocketId listener) {
  Acceptor::Result accepted = acceptor_.accept(descriptor_of(listener));
  if (!accepted.descriptor) return {.id = SocketId::kNone, .error = accepted.error};
  const Role role = accepted.peer ? Role::kTcp : Role::kUnix;
  return {.id = own(std::move(accepted.descriptor), {.role = role}), .peer = accepted.peer};
}

std::errc SystemHost::watch(SocketId id, Token token) {
  socket_at(id).token = token;
  return queue_.add(descriptor_of(id), token, EventQueue::kStream);
}

Transfer SystemHost::send(SocketId id, gsl::span<const Bytes> pieces) {
  return send_pieces(descriptor_of(id), pieces);
}

Transfer SystemHost::receive(SocketId id, gsl::span<const MutableBytes> pieces) {
  return receive_pieces(descriptor_of(id), pieces);
}

void SystemHost::shutdown_send(SocketId id) {
  ::shutdown(descriptor_of(id), SHUT_WR);
}

void SystemHost::close(SocketId id, CloseMode mode) {
  const Role role = std::exchange(socket_at(id).role, Role::kNone);
  switch (role) {
    case Role::kNone:
      return;  // not ours to close
    case Role::kTcp:
      if (mode == CloseMode::kReset) reset_on_close(descriptor_of(id));
      break;
    case Role::kCommand:
      children_.on_stream_closed(id, mode == CloseMode::kReset);
      break;
    case Role::kListener:
      forget_socket_file(descriptor_of(id));
      break;
    case Role::kDatagrams:
      std::erase_if(refusals_, [id](const Refusal& refusal) { return refusal.socket == id; });
      break;
    case Role::kUnix:
      break;
  }
  // The queue forgets it by itself: nobody else has this descriptor.
  Descriptor(descriptor_of(id)).reset();
}

Opened SystemHost::keep(Descriptor descriptor, const Socket& socket, std::uint32_t interest) {
  const std::errc error = queue_.add(descriptor.get(), socket.token, interest);
  if (error != std::errc{}) return failed(error);
  return {.id = own(std::move(descriptor), socket), .error = {}};
}

SocketId SystemHost::own(Descriptor descriptor, const Socket& socket) {
  const auto index = static_cast<std::size_t>(descriptor.get());
  if (index >= sockets_.size()) sockets_.resize(index + 1);
  sockets_[index] = socket;
  return static_cast<SocketId>(descriptor.release());
}

SystemHost::Socket& SystemHost::socket_at(SocketId id) {
  return gsl::at(gsl::span(sockets_), descriptor_of(id));
}

}  // namespace sluice
