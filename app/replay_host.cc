#include "app/replay_host.h"

#include <utility>

namespace sluice {

std::vector<HostEvent> ReplayHost::take_events() {
  return std::exchange(events_, {});
}

SocketId ReplayHost::open(Socket socket) {
  const std::int32_t id = next_id_++;
  sockets_.emplace(id, std::move(socket));
  return SocketId{id};
}

ReplayHost::Socket* ReplayHost::find(SocketId id) {
  const auto found = sockets_.find(static_cast<std::int32_t>(id));
  return found == sockets_.end() ? nullptr : &found->second;
}

Opened ReplayHost::connect(Token token, const StreamTarget& /*target*/) {
  Socket socket{.token = token};
  if (manner_ == Manner::kAccept) {
    socket.connected = true;
    events_.push_back({token, {.writable = true}});
  } else if (manner_ == Manner::kRefuse) {
    socket.pending = std::errc::connection_refused;
    events_.push_back({token, {.writable = true, .error = true}});
  }
  return {.id = open(std::move(socket))};
}

std::errc ReplayHost::take_error(SocketId id) {
  Socket* const socket = find(id);
  return socket == nullptr ? std::errc::bad_file_descriptor
                           : std::exchange(socket->pending, std::errc{});
}

Opened ReplayHost::listen(Token /*token*/, const ListenAddress& /*address*/) {
  return {.error = std::errc::operation_not_supported};
}

std::uint16_t ReplayHost::local_port(SocketId /*id*/) {
  return 0;
}

Accepted ReplayHost::accept(SocketId /*listener*/) {
  return {.error = std::errc::operation_would_block};
}

std::errc ReplayHost::watch(SocketId /*id*/, Token /*token*/) {
  return std::errc::operation_not_supported;
}

Opened ReplayHost::open_datagrams(Token token, DatagramKind kind, const IpAddress& /*family*/) {
  return {.id = open({.token = token, .is_udp = kind == DatagramKind::kUdp})};
}

std::size_t ReplayHost::send_datagrams(SocketId id, gsl::span<const HostDatagram> datagrams) {
  Socket* const socket = find(id);
  if (socket != nullptr && socket->is_udp && manner_ == Manner::kRefuse) {
    constexpr std::uint8_t kDestinationUnreachable = 3;
    constexpr std::uint8_t kPortUnreachable = 3;
    for (const HostDatagram& datagram : datagrams) {
      if (socket->errors.size() == kMaxErrors) break;
      socket->errors.push_back({.destination = datagram.peer,
                                .error = std::errc::connection_refused,
                                .reporter = datagram.peer.address,
                                .icmp_type = kDestinationUnreachable,
                                .icmp_code = kPortUnreachable});
    }
    events_.push_back({socket->token, {.error = true}});
  }
  return datagrams.size();
}

std::size_t ReplayHost::receive_datagrams(SocketId /*id*/, gsl::span<HostDatagram> /*datagrams*/) {
  return 0;
}

std::optional<DatagramError> ReplayHost::receive_error(SocketId id) {
  Socket* const socket = find(id);
  if (socket == nullptr || socket->errors.empty()) return std::nullopt;
  const DatagramError error = socket->errors.front();
  socket->errors.pop_front();
  return error;
}

Transfer ReplayHost::send(SocketId id, gsl::span<const Bytes> pieces) {
  const Socket* const socket = find(id);
  if (socket == nullptr || socket->finished) return {.error = std::errc::broken_pipe};
  if (!socket->connected) return {.error = std::errc::operation_would_block};
  return {.bytes = total_size(pieces)};
}

Transfer ReplayHost::receive(SocketId id, gsl::span<const MutableBytes> /*pieces*/) {
  const Socket* const socket = find(id);
  if (socket != nullptr && socket->finished) return {};
  return {.error = std::errc::operation_would_block};
}

void ReplayHost::shutdown_send(SocketId id) {
  Socket* const socket = find(id);
  if (socket == nullptr || socket->finished || !socket->connected) return;
  socket->finished = true;
  events_.push_back({socket->token, {.readable = true}});
}

void ReplayHost::close(SocketId id, CloseMode /*mode*/) {
  sockets_.erase(static_cast<std::int32_t>(id));
}

}  // namespace sluice
