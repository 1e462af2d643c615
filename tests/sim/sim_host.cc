#include "tests/sim/sim_host.h"

#include <algorithm>
#include <utility>

#include <gsl/assert>

namespace sluice {

void SimHost::set_behaviour(const Endpoint& destination, Behaviour behaviour) {
  behaviours_[destination] = behaviour;
}

SimHost::Socket& SimHost::at(SocketId id) {
  return sockets_.at(static_cast<std::size_t>(id));
}

std::vector<SocketId> SimHost::open_sockets() const {
  std::vector<SocketId> ids;
  for (std::size_t i = 0; i < sockets_.size(); ++i) {
    if (sockets_[i].is_open) ids.push_back(static_cast<SocketId>(i));
  }
  return ids;
}

SimHost::Socket& SimHost::called(SocketId id) {
  lent_.clear();
  Socket& socket = at(id);
  Expects(socket.is_open);
  return socket;
}

SocketId SimHost::add(Socket socket) {
  lent_.clear();
  sockets_.push_back(std::move(socket));
  return last();
}

void SimHost::announce(SocketId id, Readiness ready) {
  if (!at(id).is_open) return;
  Readiness& sum = announced_[static_cast<std::int32_t>(id)];
  sum.readable = sum.readable || ready.readable;
  sum.writable = sum.writable || ready.writable;
  sum.error = sum.error || ready.error;
  sum.more = sum.more || ready.more;
}

std::vector<HostEvent> SimHost::take_events() {
  std::vector<HostEvent> events;
  for (const auto& [id, ready] : std::exchange(announced_, {})) {
    const Socket& socket = at(static_cast<SocketId>(id));
    if (socket.is_open) events.push_back({socket.token, ready});
  }
  return events;
}

void SimHost::say(SocketId id, std::string_view bytes) {
  Socket& socket = at(id);
  socket.incoming.insert(socket.incoming.end(), bytes.begin(), bytes.end());
  announce(id, {.readable = true});
}

void SimHost::finish(SocketId id) {
  at(id).incoming_ended = true;
  announce(id, {.readable = true, .more = true});
}

void SimHost::fail(SocketId id, std::errc error) {
  at(id).pending_error = error;
  announce(id, {.readable = true, .writable = true, .error = true});
}

void SimHost::make_room(SocketId id, std::size_t bytes) {
  at(id).send_room = bytes;
  announce(id, {.writable = true});
}

void SimHost::knock(SocketId listener, const std::optional<Endpoint>& peer) {
  at(listener).waiting.push_back({peer});
  announce(listener, {.readable = true});
}

void SimHost::say_datagram(SocketId id, const Endpoint& from, std::string_view payload,
                           std::uint16_t sequence) {
  at(id).incoming_datagrams.push_back({from, 64, sequence, std::string(payload)});
  announce(id, {.readable = true});
}

void SimHost::report(SocketId id, const DatagramError& error) {
  at(id).errors.push_back(error);
  announce(id, {.error = true});
}

Opened SimHost::connect(Token token, const StreamTarget& target) {
  if (open_error != std::errc{}) return {.error = open_error};
  Behaviour behaviour;
  if (const auto* const endpoint = std::get_if<Endpoint>(&target)) {
    const auto found = behaviours_.find(*endpoint);
    if (found != behaviours_.end()) behaviour = found->second;
  }
  Socket socket;
  socket.token = token;
  socket.target = target;
  socket.connected = behaviour.manner == Manner::kAccept;
  socket.pending_error = behaviour.error;
  const SocketId id = add(std::move(socket));
  if (behaviour.manner == Manner::kAccept) announce(id, {.writable = true});
  if (behaviour.manner == Manner::kFail) {
    announce(id, {.readable = true, .writable = true, .error = true});
  }
  return {.id = id};
}

std::errc SimHost::take_error(SocketId id) {
  return std::exchange(called(id).pending_error, std::errc{});
}

Opened SimHost::listen(Token token, const ListenAddress& address) {
  if (open_error != std::errc{}) return {.error = open_error};
  Socket socket;
  socket.kind = address.protocol == ListenAddress::Protocol::kUdp ? Socket::Kind::kDatagrams
                                                                  : Socket::Kind::kListener;
  socket.token = token;
  return {.id = add(std::move(socket))};
}

std::uint16_t SimHost::local_port(SocketId id) {
  called(id);
  return next_port_++;
}

Accepted SimHost::accept(SocketId listener) {
  auto& waiting = called(listener).waiting;
  Expects(at(listener).kind == Socket::Kind::kListener);
  if (waiting.empty()) return {.error = std::errc::operation_would_block};
  const auto peer = waiting.front().peer;
  waiting.pop_front();
  Socket socket;
  socket.connected = true;
  return {.id = add(std::move(socket)), .peer = peer};
}

std::errc SimHost::watch(SocketId id, Token token) {
  Expects(called(id).token == Token{});
  at(id).token = token;
  return {};
}

Opened SimHost::open_datagrams(Token token, DatagramKind kind, const IpAddress& family) {
  if (open_error != std::errc{}) return {.error = open_error};
  Socket socket;
  socket.kind = Socket::Kind::kDatagrams;
  socket.token = token;
  socket.datagram_kind = kind;
  socket.is_v4 = family.is_v4();
  return {.id = add(std::move(socket))};
}

std::size_t SimHost::send_datagrams(SocketId id, gsl::span<const HostDatagram> datagrams) {
  Socket& socket = called(id);
  Expects(socket.kind == Socket::Kind::kDatagrams);
  if (!takes_datagrams) return 0;
  for (const HostDatagram& datagram : datagrams) {
    Expects(!socket.is_v4 || datagram.peer.address.is_v4() == *socket.is_v4);
    socket.sent_datagrams.push_back(
        {datagram.peer, datagram.ttl, datagram.sequence, std::string(as_text(datagram.payload))});
  }
  return datagrams.size();
}

std::size_t SimHost::receive_datagrams(SocketId id, gsl::span<HostDatagram> datagrams) {
  Socket& socket = called(id);
  Expects(socket.kind == Socket::Kind::kDatagrams);
  std::size_t count = 0;
  for (HostDatagram& datagram : datagrams) {
    if (socket.incoming_datagrams.empty()) break;
    const Socket::Datagram& next = socket.incoming_datagrams.front();
    lent_.emplace_back(next.payload.begin(), next.payload.end());
    datagram = {next.peer, next.ttl, next.sequence, lent_.back()};
    socket.incoming_datagrams.pop_front();
    ++count;
  }
  return count;
}

std::optional<DatagramError> SimHost::receive_error(SocketId id) {
  auto& errors = called(id).errors;
  if (errors.empty()) return std::nullopt;
  const DatagramError error = errors.front();
  errors.pop_front();
  return error;
}

Transfer SimHost::send(SocketId id, gsl::span<const Bytes> pieces) {
  Socket& socket = called(id);
  ++socket.sends;
  Expects(socket.connected && !socket.shut_down && pieces.size() <= kMaxPieces);
  if (socket.pending_error != std::errc{}) return {.error = take_error(id)};
  std::size_t taken = 0;
  for (const Bytes piece : pieces) {
    const std::size_t count = std::min(piece.size(), socket.send_room);
    socket.sent += as_text(piece.first(count));
    socket.send_room -= socket.send_room == SIZE_MAX ? 0 : count;
    taken += count;
  }
  if (taken == 0) return {.error = std::errc::operation_would_block};
  return {.bytes = taken};
}

Transfer SimHost::receive(SocketId id, gsl::span<const MutableBytes> pieces) {
  Socket& socket = called(id);
  Expects(socket.connected && pieces.size() <= kMaxPieces);
  std::size_t given = 0;
  for (const MutableBytes piece : pieces) {
    const auto count = static_cast<std::ptrdiff_t>(std::min(piece.size(), socket.incoming.size()));
    std::copy_n(socket.incoming.begin(), count, piece.begin());
    socket.incoming.erase(socket.incoming.begin(), socket.incoming.begin() + count);
    given += static_cast<std::size_t>(count);
  }
  if (given != 0) return {.bytes = given};
  if (socket.pending_error != std::errc{}) return {.error = take_error(id)};
  if (socket.incoming_ended) return {};
  return {.error = std::errc::operation_would_block};
}

void SimHost::shutdown_send(SocketId id) {
  Socket& socket = called(id);
  Expects(!socket.shut_down);
  socket.shut_down = true;
}

void SimHost::close(SocketId id, CloseMode mode) {
  Socket& socket = called(id);
  socket.is_open = false;
  socket.closed_by = mode;
  socket.incoming = {};
  socket.waiting = {};
  socket.incoming_datagrams = {};
  socket.errors = {};
}

}  // namespace sluice
