#include "services/dns/scripted_world.h"

#include <algorithm>

#include <gsl/assert>

namespace sluice {

Opened ScriptedHost::add(Socket socket) {
  if (open_error != std::errc{}) return {.error = open_error};
  const auto id = static_cast<SocketId>(++last_);
  sockets_.emplace(id, std::move(socket));
  return {.id = id};
}

Opened ScriptedHost::connect(Token token, const StreamTarget& target) {
  Socket socket;
  socket.token = token;
  socket.target = std::get<Endpoint>(target);
  return add(std::move(socket));
}

Opened ScriptedHost::open_datagrams(Token token, DatagramKind /*kind*/,
                                    const IpAddress& /*family*/) {
  Socket socket;
  socket.token = token;
  socket.is_datagram = true;
  return add(std::move(socket));
}

Transfer ScriptedHost::send(SocketId id, gsl::span<const Bytes> pieces) {
  Socket& socket = sockets_.at(id);
  Transfer result;
  for (const Bytes piece : pieces) {
    const Bytes part = piece.first(std::min(piece.size(), socket.room));
    socket.written.insert(socket.written.end(), part.begin(), part.end());
    socket.room -= part.size();
    result.bytes += part.size();
  }
  if (result.bytes == 0) result.error = std::errc::operation_would_block;
  return result;
}

Transfer ScriptedHost::receive(SocketId id, gsl::span<const MutableBytes> pieces) {
  Socket& socket = sockets_.at(id);
  Transfer result;
  for (const MutableBytes piece : pieces) {
    for (std::size_t i = 0; i < piece.size() && !socket.readable.empty(); ++i) {
      piece[i] = socket.readable.front();
      socket.readable.pop_front();
      ++result.bytes;
    }
  }
  if (result.bytes > 0) return result;
  result.error = socket.receive_error_code;
  if (result.error == std::errc{} && !socket.at_end) {
    result.error = std::errc::operation_would_block;
  }
  return result;
}

void ScriptedHost::shutdown_send(SocketId id) {
  Expects(sockets_.contains(id));
}

void ScriptedHost::close(SocketId id, CloseMode /*mode*/) {
  Expects(sockets_.erase(id) == 1);
  // Views into the host's buffers end here: whoever still looks at one is caught.
  lent_batch_ = {};
}

std::errc ScriptedHost::take_error(SocketId id) {
  return std::exchange(sockets_.at(id).pending_error, std::errc{});
}

Opened ScriptedHost::listen(Token /*token*/, const ListenAddress& /*address*/) {
  return {.error = std::errc::operation_not_supported};
}

std::uint16_t ScriptedHost::local_port(SocketId /*id*/) {
  return 0;
}

Accepted ScriptedHost::accept(SocketId /*listener*/, Token /*token*/) {
  return {.error = std::errc::operation_not_supported};
}

std::size_t ScriptedHost::send_datagrams(SocketId id, gsl::span<const HostDatagram> datagrams) {
  Socket& socket = sockets_.at(id);
  if (!takes_datagrams) return 0;
  for (const HostDatagram& datagram : datagrams) {
    socket.sent.push_back(
        {datagram.peer, Octets(datagram.payload.begin(), datagram.payload.end())});
  }
  return datagrams.size();
}

std::size_t ScriptedHost::receive_datagrams(SocketId id, gsl::span<HostDatagram> datagrams) {
  Socket& socket = sockets_.at(id);
  const std::size_t count = std::min(datagrams.size(), socket.inbox.size());
  lent_batch_.clear();
  for (std::size_t i = 0; i < count; ++i) {
    lent_batch_.push_back(std::move(socket.inbox.front()));
    socket.inbox.pop_front();
  }
  for (std::size_t i = 0; i < count; ++i) {
    datagrams[i] = {.peer = lent_batch_[i].peer, .payload = lent_batch_[i].payload};
  }
  return count;
}

std::optional<DatagramError> ScriptedHost::receive_error(SocketId id) {
  auto& errors = sockets_.at(id).errors;
  if (errors.empty()) return std::nullopt;
  const DatagramError error = errors.front();
  errors.pop_front();
  return error;
}

void ScriptedWorld::send(Time /*now*/, const Endpoint& from, const Endpoint& to, Bytes payload,
                         std::optional<MacAddress> link_to) {
  sent.push_back({from, to, Octets(payload.begin(), payload.end()), link_to});
}

gsl::span<const Endpoint> ScriptedWorld::current(Time /*now*/) {
  return name_servers;
}

void ScriptedWorld::pass(Duration time) {
  const Time until = now + time;
  while (const auto next = timers.deadline()) {
    if (*next > until) break;
    now = std::max(now, *next);
    timers.advance(now);
  }
  now = until;
  timers.advance(now);
}

Octets make_query(std::uint16_t id, std::string_view name, DnsType type,
                  std::optional<DnsOpt> opt) {
  const Octets wire = [&] {
    const auto parsed = DnsName::from_text(name);
    Expects(parsed);
    return Octets(parsed->wire().begin(), parsed->wire().end());
  }();
  Octets message(DnsHeader::kSize + wire.size() + 4 + (opt ? DnsOpt::kSize : 0));
  const MutableBytes bytes = message;
  DnsHeader{.id = id,
            .flags = DnsHeader::kRecursionDesired,
            .questions = 1,
            .additionals = static_cast<std::uint16_t>(opt ? 1 : 0)}
      .emit(bytes);
  copy_bytes(wire, bytes.subspan(DnsHeader::kSize));
  const MutableBytes fixed = bytes.subspan(DnsHeader::kSize + wire.size());
  store_big(fixed, 0, static_cast<std::uint16_t>(type));
  store_big(fixed, 2, static_cast<std::uint16_t>(DnsClass::kInternet));
  if (opt) opt->emit(fixed.subspan(4));
  return message;
}

Octets make_reply(Bytes query, DnsRcode rcode, std::size_t padding) {
  const auto parsed = DnsMessage::parse(query);
  Expects(parsed && padding < 65000);
  const Bytes name = parsed->question().name.wire();
  Octets message(query.begin(),
                 query.begin() + static_cast<std::ptrdiff_t>(DnsHeader::kSize + name.size() + 4));
  DnsHeader header = parsed->header();
  header.flags |= DnsHeader::kResponse | DnsHeader::kRecursionAvailable;
  header.flags |= static_cast<std::uint16_t>(rcode);
  header.answers = 1;
  header.additionals = parsed->opt() ? 1 : 0;
  header.emit(message);
  const std::size_t record = message.size();
  message.resize(record + 12 + padding + (parsed->opt() ? DnsOpt::kSize : 0));
  const MutableBytes bytes = MutableBytes(message).subspan(record);
  store_big(bytes, 0, std::uint16_t{0xc00c});
  store_big(bytes, 2, static_cast<std::uint16_t>(parsed->question().type));
  store_big(bytes, 4, std::uint16_t{1});
  store_big(bytes, 6, std::uint32_t{300});
  store_big(bytes, 10, static_cast<std::uint16_t>(padding));
  for (std::size_t i = 0; i < padding; ++i) bytes[12 + i] = static_cast<std::uint8_t>(i);
  if (parsed->opt()) DnsOpt{.udp_size = 1400}.emit(bytes.subspan(12 + padding));
  return message;
}

Octets framed(Bytes message) {
  Octets result(2);
  store_big(result, 0, static_cast<std::uint16_t>(message.size()));
  result.insert(result.end(), message.begin(), message.end());
  return result;
}

}  // namespace sluice
