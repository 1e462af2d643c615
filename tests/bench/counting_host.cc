#include "tests/bench/counting_host.h"

#include <algorithm>

namespace sluice {

void CountingHost::say(std::size_t bytes) {
  Socket& socket = at(last_);
  socket.waiting += bytes;
  announced_.push_back({socket.token, {.readable = true}});
}

void CountingHost::finish() {
  Socket& socket = at(last_);
  socket.ended = true;
  announced_.push_back({socket.token, {.readable = true, .more = true}});
}

void CountingHost::say_datagram(const HostDatagram& datagram) {
  datagrams_.push_back(datagram);
  announced_.push_back({at(last_).token, {.readable = true}});
}

void CountingHost::take_events(std::vector<HostEvent>& events) {
  events.clear();
  events.swap(announced_);
}

Opened CountingHost::open(Token token) {
  if (free_.empty()) {
    last_ = static_cast<SocketId>(sockets_.size());
    sockets_.emplace_back();
  } else {
    last_ = free_.back();
    free_.pop_back();
  }
  at(last_) = {.token = token};
  return {.id = last_};
}

Opened CountingHost::connect(Token token, const StreamTarget& /*target*/) {
  ++connects_;
  announced_.push_back({token, {.writable = true}});
  return open(token);
}

Opened CountingHost::listen(Token /*token*/, const ListenAddress& /*address*/) {
  return {.error = std::errc::not_supported};
}

std::uint16_t CountingHost::local_port(SocketId /*id*/) {
  return 0;
}

Accepted CountingHost::accept(SocketId /*listener*/) {
  return {.error = std::errc::operation_would_block, .peer = std::nullopt};
}

std::errc CountingHost::watch(SocketId /*id*/, Token /*token*/) {
  return std::errc::not_supported;
}

Opened CountingHost::open_datagrams(Token token, DatagramKind /*kind*/,
                                    const IpAddress& /*family*/) {
  return open(token);
}

std::size_t CountingHost::send_datagrams(SocketId /*id*/, gsl::span<const HostDatagram> datagrams) {
  datagrams_taken_ += datagrams.size();
  return datagrams.size();
}

std::size_t CountingHost::receive_datagrams(SocketId /*id*/, gsl::span<HostDatagram> datagrams) {
  const std::size_t count = std::min(datagrams.size(), datagrams_.size());
  const auto end = datagrams_.begin() + static_cast<std::ptrdiff_t>(count);
  std::copy(datagrams_.begin(), end, datagrams.begin());
  datagrams_.erase(datagrams_.begin(), end);
  return count;
}

std::optional<DatagramError> CountingHost::receive_error(SocketId /*id*/) {
  return std::nullopt;
}

Transfer CountingHost::send(SocketId /*id*/, gsl::span<const Bytes> pieces) {
  const std::size_t bytes = total_size(pieces);
  bytes_taken_ += bytes;
  return {.bytes = bytes};
}

Transfer CountingHost::receive(SocketId id, gsl::span<const MutableBytes> pieces) {
  Socket& socket = at(id);
  if (socket.waiting == 0) {
    if (socket.ended) return {};
    return {.error = std::errc::operation_would_block};
  }
  std::size_t room = 0;
  for (const MutableBytes piece : pieces) room += piece.size();
  const std::size_t bytes = std::min(room, socket.waiting);
  socket.waiting -= bytes;
  bytes_told_ += bytes;
  return {.bytes = bytes};
}

void CountingHost::shutdown_send(SocketId /*id*/) {}

std::errc CountingHost::take_error(SocketId /*id*/) {
  return {};
}

void CountingHost::close(SocketId id, CloseMode /*mode*/) {
  ++closes_;
  free_.push_back(id);
}

}  // namespace sluice
