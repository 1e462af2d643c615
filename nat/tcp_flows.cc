// Segments and streams come in; flows begin and end.

#include "nat/tcp_flows.h"

#include <algorithm>

namespace sluice {
namespace {

// The other side has vanished rather than ended.
bool is_silence(std::errc error) {
  return error == std::errc::timed_out || error == std::errc::host_unreachable ||
         error == std::errc::network_unreachable;
}

// For want of something here: the guest may try again later.
bool is_shortage(std::errc error) {
  return error == std::errc::too_many_files_open ||
         error == std::errc::too_many_files_open_in_system ||
         error == std::errc::not_enough_memory || error == std::errc::no_buffer_space ||
         error == std::errc::resource_unavailable_try_again;
}

}  // namespace

TcpFlows::TcpFlows(const FlowContext& context, const Seed& seed)
    : context_(context),
      sequence_seed_(seed.derive(1)),
      timestamp_seed_(seed.derive(2)),
      random_(seed.derive(3)),
      pool_(context_.config.limits.buffer_bytes),
      table_(seed.derive(4), context_.config.limits.tcp_flows),
      streams_{&context_.host},
      half_open_(table_),
      time_wait_(table_) {}

TcpFlows::~TcpFlows() = default;

tcp::Parameters TcpFlows::parameters(Time now, const FlowKey& key) const {
  const auto microseconds = now.time_since_epoch() / std::chrono::microseconds(1);
  return {.initial_sequence = tcp::Sequence(static_cast<std::uint32_t>(
              key.hash(sequence_seed_) + static_cast<std::uint64_t>(microseconds / 4))),
          .timestamp_offset = static_cast<std::uint32_t>(key.hash(timestamp_seed_)),
          .maximum_segment_size =
              static_cast<std::uint16_t>(context_.config.network.mtu -
                                         IpHeader::size_for(key.guest.address) - TcpHeader::kSize),
          .default_segment_size =
              key.guest.address.is_v4() ? tcp::kDefaultSegment4 : tcp::kDefaultSegment6,
          .receive_space = kNearSpace};
}

Token TcpFlows::token_of(const TcpFlow& flow) const {
  return {.kind = Token::Kind::kTcp, .generation = flow.generation(), .index = flow.index()};
}

void TcpFlows::mark(TcpFlow& flow) {
  if (flow.dirty) return;
  flow.dirty = true;
  dirty_.push_back(flow.name());
}

void TcpFlows::list(TcpFlow& flow) {
  const tcp::State state = flow.connection.state();
  auto listed = TcpFlow::Listed::kNowhere;
  if (state == tcp::State::kSynSent || state == tcp::State::kSynReceived) {
    listed = TcpFlow::Listed::kHalfOpen;
  } else if (state == tcp::State::kTimeWait && flow.stream == SocketId::kNone) {
    listed = TcpFlow::Listed::kTimeWait;
  }
  if (listed == flow.listed) return;
  unlist(flow);
  flow.listed = listed;
  if (listed == TcpFlow::Listed::kHalfOpen) half_open_.push_back(flow);
  if (listed == TcpFlow::Listed::kTimeWait) time_wait_.push_back(flow);
}

void TcpFlows::unlist(TcpFlow& flow) {
  if (flow.listed == TcpFlow::Listed::kHalfOpen) half_open_.remove(flow);
  if (flow.listed == TcpFlow::Listed::kTimeWait) time_wait_.remove(flow);
  flow.listed = TcpFlow::Listed::kNowhere;
}

void TcpFlows::close_stream(TcpFlow& flow, CloseMode mode) {
  if (flow.stream == SocketId::kNone) return;
  streams(flow).close(flow.stream, mode);
  flow.stream = SocketId::kNone;
  flow.connecting = flow.readable = flow.writable = false;
}

TcpFlow& TcpFlows::insert(Time now, const FlowKey& key, tcp::Connection connection,
                          std::uint8_t streams) {
  TcpFlow& flow = table_.insert(key, timer_handler(), std::move(connection), streams);
  ++context_.counters.tcp_flows;
  if (flow.index() >= accounts_.size()) accounts_.resize(flow.index() + 1);
  account_of(flow).open(now);
  return flow;
}

void TcpFlows::drop(TcpFlow& flow) {
  close_stream(flow, CloseMode::kReset);
  unlist(flow);
  table_.erase(flow);
}

// Who is half open for longest, or finished but for the wait, gives way.
bool TcpFlows::make_room() {
  if (half_open_.size() >= context_.config.limits.half_open_tcp_flows) {
    context_.counters.count(Drop::kFlowLimit);
    drop(*half_open_.front());
  }
  if (table_.full() && time_wait_.front() != nullptr) drop(*time_wait_.front());
  if (!table_.full()) return true;
  context_.counters.count(Drop::kFlowLimit);
  return false;
}

void TcpFlows::bind(const Endpoint& at, StreamService& service) {
  bindings_.push_back({.at = at, .service = &service, .streams = place_for(service), .target = {}});
}

void TcpFlows::bind(const Endpoint& at, StreamTarget target) {
  bindings_.push_back({.at = at, .target = std::move(target)});
}

const TcpFlows::Binding* TcpFlows::find_binding(const Endpoint& at) const {
  const auto found = std::find_if(bindings_.begin(), bindings_.end(),
                                  [&](const Binding& binding) { return binding.at == at; });
  return found == bindings_.end() ? nullptr : &*found;
}

bool TcpFlows::is_host_here(const IpAddress& address) const {
  const Network& network = context_.config.network;
  if (network.is_gateway(address)) return false;
  return network.is_own(address) ||
         std::any_of(bindings_.begin(), bindings_.end(),
                     [&](const Binding& binding) { return binding.at.address == address; });
}

void TcpFlows::on_packet(Time now, const IpPacket& packet, bool verified) {
  const auto view = TcpView::parse(packet.payload);
  if (!view) {
    context_.counters.count(Drop::kTruncated);
    return;
  }
  if (!verified && !checksum_holds(packet, packet.payload)) {
    context_.counters.count(Drop::kBadChecksum);
    return;
  }
  const TcpHeader header = view->header();
  const FlowKey key{{packet.source, header.source_port},
                    {packet.destination, header.destination_port}};
  const tcp::Segment segment{.sequence = tcp::Sequence(header.sequence),
                             .acknowledgment = tcp::Sequence(header.acknowledgment),
                             .flags = header.flags,
                             .window = header.window,
                             .options = view->options(),
                             .payload = ScatteredBytes(view->payload(), packet.rest)};
  TcpFlow* const flow = table_.find(key);
  if (flow != nullptr) {
    on_segment(now, *flow, segment);
  } else if (segment.flags.syn && !segment.flags.ack && !segment.flags.rst && !segment.flags.fin) {
    open(now, key, segment);
  } else {
    context_.counters.count(Drop::kNoFlow);
    refuse(now, key, segment);
  }
}

void TcpFlows::refuse(Time now, const FlowKey& key, const tcp::Segment& segment) {
  if (segment.flags.rst) return;
  TcpHeader reset{
      .source_port = key.remote.port, .destination_port = key.guest.port, .flags = {.rst = true}};
  if (segment.flags.ack) {
    reset.sequence = segment.acknowledgment.number();
  } else {
    const auto length = static_cast<std::uint32_t>(segment.payload.size()) +
                        (segment.flags.syn ? 1 : 0) + (segment.flags.fin ? 1 : 0);
    reset.flags.ack = true;
    reset.acknowledgment = (segment.sequence + length).number();
  }
  context_.egress.send_tcp(now, key.remote.address, key.guest.address, reset, {}, {}, 0);
}

void TcpFlows::on_segment(Time now, TcpFlow& flow, const tcp::Segment& segment) {
  if (flow.silent) return;
  const tcp::Arrival arrival = flow.connection.on_segment(now, segment);
  mark(flow);
  if (arrival.acknowledged != 0) flow.buffers->to_guest.consume(arrival.acknowledged);
  switch (arrival.verdict) {
    case tcp::Arrival::Verdict::kAccepted:
      if (!arrival.payload.empty()) take_payload(now, flow, arrival);
      return;
    case tcp::Arrival::Verdict::kDropped:
      context_.counters.count(Drop::kOutOfWindow);
      return;
    case tcp::Arrival::Verdict::kReset:
      context_.counters.count(Drop::kOutOfWindow);
      refuse(now, flow.key(), segment);
      return;
    case tcp::Arrival::Verdict::kReopen: {
      const FlowKey key = flow.key();
      if (flow.stream == SocketId::kNone) {
        drop(flow);
      } else {
        // Bytes that a slow stream is still to take stay on their way.
        flow.connection.end_wait();
        list(flow);
        mark(flow);
        table_.hide(flow);
      }
      open(now, key, segment);
      return;
    }
  }
}

void TcpFlows::open(Time now, const FlowKey& key, const tcp::Segment& syn) {
  const Binding* const binding = find_binding(key.remote);
  StreamTarget target;
  if (binding == nullptr) {
    if (is_host_here(key.remote.address)) {
      context_.counters.count(Drop::kNoFlow);
      refuse(now, key, syn);
      return;
    }
    const auto outward = context_.translation.outward(key.remote.address);
    if (!outward || !context_.policy.allows(*outward)) {
      context_.counters.count(outward ? Drop::kPolicy : Drop::kMartianDestination);
      context_.errors.report_tcp(now, key.guest, key.remote, syn.sequence.number(),
                                 {outward ? PathError::Kind::kNoRoute : PathError::Kind::kNoHost});
      return;
    }
    target = Endpoint{*outward, key.remote.port};
  }
  if (!make_room()) return;

  TcpFlow& flow = insert(now, key, tcp::Connection::from_syn(now, syn, parameters(now, key)),
                         binding != nullptr ? binding->streams : kHostStreams);
  mark(flow);
  list(flow);
  if (binding != nullptr && binding->service != nullptr) {
    open_service(now, flow, *binding->service);
    return;
  }
  const Opened opened =
      context_.host.connect(token_of(flow), binding != nullptr ? binding->target : target);
  if (opened.id == SocketId::kNone) {
    on_connect_failed(now, flow, opened.error);
    return;
  }
  flow.stream = opened.id;
  flow.connecting = true;
  context_.timers.set(flow, now + kSilence);
}

void TcpFlows::open_service(Time now, TcpFlow& flow, StreamService& service) {
  flow.stream = service.open(now, token_of(flow), flow.key().guest);
  if (flow.stream == SocketId::kNone) {
    context_.counters.count(Drop::kServiceLimit);
    flow.connection.abort();
    return;
  }
  flow.writable = true;
  flow.connection.admit();
}

void TcpFlows::on_connect_failed(Time now, TcpFlow& flow, std::errc error) {
  close_stream(flow, CloseMode::kReset);
  if (is_shortage(error)) {
    context_.counters.count(Drop::kHostRefused);
    drop(flow);
    return;
  }
  if (error == std::errc::timed_out) {
    // Nobody answered there, so nobody answers here.
    drop(flow);
    return;
  }
  const auto problem = path_error(error);
  if (!problem || error == std::errc::connection_refused) {
    flow.connection.abort();
    return;
  }
  const tcp::Sequence syn = flow.connection.expected() - 1;
  context_.errors.report_tcp(now, flow.key().guest, flow.key().remote, syn.number(), *problem);
  drop(flow);
}

void TcpFlows::on_stream_failed(Time now, TcpFlow& flow, std::errc error) {
  close_stream(flow, CloseMode::kReset);
  if (!is_silence(error)) {
    flow.failed = true;
    return;
  }
  flow.silent = true;
  flow.buffers.reset();
  context_.timers.set(flow, now + kSilence);
}

bool TcpFlows::accept(Time now, SocketId listener, const Endpoint& guest) {
  const Accepted accepted = context_.host.accept(listener);
  if (accepted.id == SocketId::kNone) return false;
  const auto key = make_room() ? key_for(guest, accepted.peer) : std::nullopt;
  if (!key) {
    context_.host.close(accepted.id, CloseMode::kReset);
    return true;
  }
  TcpFlow& flow =
      insert(now, *key, tcp::Connection::to_guest(now, parameters(now, *key)), kHostStreams);
  flow.stream = accepted.id;
  flow.writable = true;
  mark(flow);
  list(flow);
  const std::errc error = context_.host.watch(accepted.id, token_of(flow));
  if (error != std::errc{}) {
    context_.counters.count(Drop::kHostRefused);
    drop(flow);
  }
  return true;
}

std::optional<FlowKey> TcpFlows::key_for(const Endpoint& guest,
                                         const std::optional<Endpoint>& peer) {
  const IpAddress& gateway = context_.config.network.of(guest.address).host;
  FlowKey key{guest, {gateway, 0}};
  if (peer) key.remote = {context_.translation.inward(peer->address, gateway), peer->port};
  constexpr unsigned kAttempts = 64;
  constexpr std::uint16_t kFirstEphemeral = 49152;  // RFC 6335, section 6
  for (unsigned attempt = 0; attempt < kAttempts; ++attempt) {
    if (key.remote.port != 0 && table_.find(key) == nullptr) return key;
    key.remote.port =
        static_cast<std::uint16_t>(kFirstEphemeral + random_.below(65536 - kFirstEphemeral));
  }
  context_.counters.count(Drop::kFlowLimit);
  return std::nullopt;
}

void TcpFlows::on_host(Time now, const HostEvent& event) {
  TcpFlow* const flow = table_.find({event.token.index, event.token.generation});
  if (flow == nullptr || flow->stream == SocketId::kNone) return;
  if (flow->connecting) {
    const std::errc error =
        event.ready.error ? streams(*flow).take_error(flow->stream) : std::errc{};
    if (error != std::errc{}) {
      mark(*flow);
      on_connect_failed(now, *flow, error);
      return;
    }
    if (!event.ready.writable) return;
    flow->connecting = false;
    flow->connection.admit();
  }
  flow->readable = flow->readable || event.ready.readable || event.ready.more;
  flow->writable = flow->writable || event.ready.writable;
  flow->more = flow->more || event.ready.more;
  mark(*flow);
  if (!event.ready.error) return;
  if (!flow->stream_finished) {
    // What came before the error is still there to be read; reading tells the error after it.
    flow->readable = flow->more = true;
    return;
  }
  const std::errc error = streams(*flow).take_error(flow->stream);
  if (error != std::errc{}) on_stream_failed(now, *flow, error);
}

void TcpFlows::on_timer(Time now, Timer& timer) {
  auto& flow = static_cast<TcpFlow&>(timer);
  if (flow.silent || flow.connecting || flow.connection.closed()) {
    drop(flow);
    return;
  }
  flow.connection.on_time(now);
  mark(flow);
}

void TcpFlows::release() {
  for (const FlowName& name : finished_) {
    TcpFlow* const flow = table_.find(name);
    if (flow != nullptr) drop(*flow);
  }
  finished_.clear();
}

}  // namespace sluice
