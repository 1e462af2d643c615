#include "services/dns/upstream.h"

#include <algorithm>
#include <bitset>

#include <gsl/assert>

namespace sluice {
namespace {

constexpr std::size_t kLengthPrefix = 2;  // before each message on a stream (RFC 1035, 4.2.2)
constexpr std::size_t kMaxMessage = 65535;
constexpr unsigned kRounds = 2;
constexpr unsigned kMaxErrors = 16;        // of a socket's error queue, taken at once
constexpr std::size_t kMaxRefusal = 4096;  // bytes of a refusal that are kept to be passed on

}  // namespace

struct DnsUpstream::Query final : TimerHandler {
  Query(DnsUpstream& upstream, std::uint32_t place) : owner(upstream), index(place), timer(*this) {}

  void on_timer(Time now, Timer& /*timer*/) override { owner.on_timeout(now, *this); }
  bool by_stream() const { return std::holds_alternative<SocketId>(asker); }
  const Endpoint& server() const { return servers.at(attempt % server_count); }
  MutableBytes bytes() { return MutableBytes(wire).subspan(kLengthPrefix); }

  DnsUpstream& owner;
  const std::uint32_t index;
  bool in_use = false;

  std::uint64_t number = 0;
  DnsAsker asker;
  std::vector<std::uint8_t> wire;     // the query behind its length, with the attempt's id
  std::optional<DnsMessage> message;  // a view of it, with the guest's id
  std::array<Endpoint, kMaxServers> servers;
  unsigned server_count = 0;
  Time give_up;

  unsigned attempt = 0;          // counts through the servers, kRounds times
  std::uint16_t generation = 0;  // of the attempt's socket
  SocketId socket = SocketId::kNone;
  std::uint16_t id = 0;
  unsigned unwanted = 0;  // datagrams so far
  std::bitset<kMaxServers> refused_by;
  std::vector<std::uint8_t> refusal;  // the last one: what the guest is told if nobody answers
  // Of a stream: whether it is connected, how much of `wire` is sent, and what has come.
  bool connected = false;
  std::size_t sent = 0;
  std::vector<std::uint8_t> incoming;
  Timer timer;  // ends the attempt
};

DnsUpstream::DnsUpstream(const ServiceContext& context, NameServers& servers,
                         DnsUpstreamClient& client, DnsCounters& counters)
    : context_(context),
      servers_(servers),
      client_(client),
      counters_(counters),
      random_(context.seed),
      scratch_(kMaxMessage) {}

DnsUpstream::~DnsUpstream() {
  for (const auto& query : queries_) end_attempt(*query);
}

bool DnsUpstream::forward(Time now, const DnsAsker& asker, const DnsMessage& query) {
  Expects(query.bytes().size() <= kMaxQuery);
  for (const auto& other : queries_) {
    if (other->in_use && other->asker == asker &&
        other->message->header().id == query.header().id &&
        other->message->question() == query.question()) {
      ++counters_.joined;
      return false;
    }
  }
  const auto servers = servers_.current(now);
  if (servers.empty()) {
    ++counters_.failed;
    client_.on_answer(now, asker, query, DnsReply::error(query, DnsRcode::kServerFailure).bytes());
    return true;
  }
  ++counters_.forwarded;
  Query& slot = take_slot(now);
  slot.asker = asker;
  slot.wire.resize(kLengthPrefix + query.bytes().size());
  store_big(slot.wire, 0, static_cast<std::uint16_t>(query.bytes().size()));
  copy_bytes(query.bytes(), slot.bytes());
  slot.message = DnsMessage::parse(slot.bytes());
  slot.server_count = static_cast<unsigned>(std::min<std::size_t>(servers.size(), kMaxServers));
  std::copy_n(servers.begin(), slot.server_count, slot.servers.begin());
  slot.give_up = now + kTotal;
  slot.attempt = 0;
  slot.refused_by.reset();
  ask_next(now, slot);
  return true;
}

void DnsUpstream::forget(const DnsAsker& asker) {
  for (const auto& query : queries_) {
    if (!query->in_use || query->asker != asker) continue;
    ++counters_.forgotten;
    end_attempt(*query);
    release(*query);
  }
}

DnsUpstream::Query& DnsUpstream::take_slot(Time now) {
  if (free_.empty() && queries_.size() == kMaxInFlight) {
    const auto oldest =
        std::min_element(queries_.begin(), queries_.end(),
                         [](const auto& a, const auto& b) { return a->number < b->number; });
    Query& query = **oldest;
    ++counters_.gave_way;
    conclude(now, query, DnsReply::error(*query.message, DnsRcode::kServerFailure).bytes());
  }
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(queries_.size()));
    queries_.push_back(std::make_unique<Query>(*this, free_.back()));
  }
  Query& query = *queries_.at(free_.back());
  free_.pop_back();
  query.in_use = true;
  query.number = ++taken_;
  return query;
}

void DnsUpstream::release(Query& query) {
  query.in_use = false;
  query.message.reset();
  query.refusal = {};
  free_.push_back(query.index);
}

void DnsUpstream::ask_next(Time now, Query& query) {
  for (; query.attempt < kRounds * query.server_count && now < query.give_up; ++query.attempt) {
    if (query.refused_by.test(query.attempt % query.server_count)) continue;
    if (start_attempt(now, query)) return;
    ++counters_.failed_over;
    end_attempt(query);
  }
  fail(now, query);
}

bool DnsUpstream::start_attempt(Time now, Query& query) {
  ++counters_.attempts;
  const Token token{.kind = Token::Kind::kService,
                    .service = context_.service,
                    .generation = ++query.generation,
                    .index = query.index};
  query.id = static_cast<std::uint16_t>(random_.next());
  query.unwanted = 0;
  query.connected = false;
  query.sent = 0;
  store_big(query.bytes(), 0, query.id);

  const Opened opened = query.by_stream() ? context_.host.connect(token, query.server())
                                          : context_.host.open_datagrams(token, DatagramKind::kUdp,
                                                                         query.server().address);
  if (opened.id == SocketId::kNone) return false;
  query.socket = opened.id;
  if (!query.by_stream()) {
    const HostDatagram datagram{.peer = query.server(), .payload = query.bytes()};
    if (context_.host.send_datagrams(query.socket, {&datagram, 1}) != 1) return false;
  }

  const unsigned all = kRounds * query.server_count;
  const bool first_round = query.attempt < query.server_count;
  unsigned left = 0;
  for (unsigned attempt = query.attempt; attempt < all; ++attempt) {
    if (!query.refused_by.test(attempt % query.server_count)) ++left;
  }
  const Duration patience =
      first_round ? std::min(kPatience, kTotal / all) : (query.give_up - now) / left;
  context_.timers.set(query.timer, now + patience);
  return true;
}

void DnsUpstream::end_attempt(Query& query) {
  query.timer.cancel();
  query.incoming = {};
  if (query.socket == SocketId::kNone) return;
  context_.host.close(query.socket, CloseMode::kGraceful);
  query.socket = SocketId::kNone;
}

void DnsUpstream::fail_over(Time now, Query& query) {
  ++counters_.failed_over;
  end_attempt(query);
  ++query.attempt;
  ask_next(now, query);
}

void DnsUpstream::refuse(Time now, Query& query, Bytes refusal) {
  query.refused_by.set(query.attempt % query.server_count);
  if (refusal.size() <= kMaxRefusal) query.refusal.assign(refusal.begin(), refusal.end());
  fail_over(now, query);
}

void DnsUpstream::fail(Time now, Query& query) {
  ++counters_.failed;
  if (query.refusal.empty()) {
    conclude(now, query, DnsReply::error(*query.message, DnsRcode::kServerFailure).bytes());
  } else {
    pass_on(now, query, query.refusal);
  }
}

void DnsUpstream::answer(Time now, Query& query, Bytes answer) {
  ++counters_.answered;
  pass_on(now, query, answer);
}

void DnsUpstream::pass_on(Time now, Query& query, Bytes answer) {
  // Closing the socket takes the bytes' place away.
  const MutableBytes copy = MutableBytes(scratch_).first(answer.size());
  copy_bytes(answer, copy);
  store_big(copy, 0, query.message->header().id);
  conclude(now, query, copy);
}

void DnsUpstream::conclude(Time now, Query& query, Bytes answer) {
  end_attempt(query);
  store_big(query.bytes(), 0, query.message->header().id);
  client_.on_answer(now, query.asker, *query.message, answer);
  release(query);
}

void DnsUpstream::on_timeout(Time now, Query& query) {
  ++counters_.timeouts;
  fail_over(now, query);
}

DnsUpstream::Verdict DnsUpstream::judge(const Query& query, Bytes reply) const {
  const auto message = reply.size() <= kMaxMessage ? DnsMessage::parse(reply) : std::nullopt;
  if (!message) return Verdict::kUnwanted;
  const DnsHeader& header = message->header();
  const bool to_the_point = header.is_response() && header.is_query_opcode() &&
                            header.id == query.id &&
                            message->question() == query.message->question();
  // Some servers cut a truncated reply in the middle of a record.
  if (!to_the_point || (!message->is_well_formed() && !header.is_truncated())) {
    return Verdict::kUnwanted;
  }
  const bool refusal =
      header.rcode() == DnsRcode::kServerFailure || header.rcode() == DnsRcode::kRefused;
  return refusal ? Verdict::kRefusal : Verdict::kAnswer;
}

void DnsUpstream::on_host(Time now, const HostEvent& event) {
  if (event.token.index >= queries_.size()) return;
  Query& query = *queries_[event.token.index];
  if (!query.in_use || query.generation != event.token.generation) return;
  if (query.by_stream()) {
    on_stream(now, query, event.ready);
  } else {
    on_datagrams(now, query, event.ready);
  }
}

void DnsUpstream::on_datagrams(Time now, Query& query, const Readiness& ready) {
  std::array<HostDatagram, 8> batch;
  std::size_t count = ready.readable ? batch.size() : 0;
  while (count == batch.size()) {
    count = context_.host.receive_datagrams(query.socket, batch);
    for (const HostDatagram& datagram : gsl::span<const HostDatagram>(batch).first(count)) {
      const Verdict verdict =
          datagram.peer == query.server() ? judge(query, datagram.payload) : Verdict::kUnwanted;
      if (verdict == Verdict::kAnswer) return answer(now, query, datagram.payload);
      if (verdict == Verdict::kRefusal) return refuse(now, query, datagram.payload);
      ++counters_.unwanted_replies;
      if (++query.unwanted == kMaxUnwanted) return fail_over(now, query);
    }
  }
  for (unsigned i = 0; ready.error && i < kMaxErrors; ++i) {
    const auto error = context_.host.receive_error(query.socket);
    if (!error) return;
    if (error->destination == query.server()) return fail_over(now, query);
  }
}

void DnsUpstream::on_stream(Time now, Query& query, const Readiness& ready) {
  if (ready.error || (ready.writable && !query.connected)) {
    if (context_.host.take_error(query.socket) != std::errc{}) return fail_over(now, query);
    query.connected = query.connected || ready.writable;
  }
  if (!query.connected) return;
  if (!send_stream(query)) return fail_over(now, query);
  receive_stream(now, query);
}

bool DnsUpstream::send_stream(Query& query) {
  while (query.sent < query.wire.size()) {
    const Bytes rest = Bytes(query.wire).subspan(query.sent);
    const Transfer sent = context_.host.send(query.socket, {&rest, 1});
    if (sent.failed()) return false;
    query.sent += std::min(sent.bytes, rest.size());
    if (sent.bytes < rest.size()) break;
  }
  return true;
}

void DnsUpstream::receive_stream(Time now, Query& query) {
  while (true) {
    const MutableBytes room = scratch_;
    const Transfer received = context_.host.receive(query.socket, {&room, 1});
    if (received.would_block()) return;
    if (received.error != std::errc{} || received.bytes == 0) return fail_over(now, query);
    const Bytes piece = Bytes(room).first(std::min(received.bytes, room.size()));
    query.incoming.insert(query.incoming.end(), piece.begin(), piece.end());
    if (query.incoming.size() < kLengthPrefix) continue;
    const std::size_t length = load_big<std::uint16_t>(query.incoming, 0);
    const Bytes behind = Bytes(query.incoming).subspan(kLengthPrefix);
    if (behind.size() < length) continue;

    const Bytes reply = behind.first(length);
    const Verdict verdict = judge(query, reply);
    if (verdict == Verdict::kAnswer) return answer(now, query, reply);
    if (verdict == Verdict::kRefusal) return refuse(now, query, reply);
    ++counters_.unwanted_replies;
    return fail_over(now, query);
  }
}

}  // namespace sluice
