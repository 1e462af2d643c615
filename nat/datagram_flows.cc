#include "nat/datagram_flows.h"

#include <algorithm>

#include <gsl/assert>

#include "nat/datagram_run.h"

namespace sluice {
namespace {

constexpr std::uint16_t kNamePort = 53;

}  // namespace

DatagramFlows::DatagramFlows(const FlowContext& context, DatagramKind kind, std::uint32_t limit,
                             const Seed& seed)
    : context_(context),
      kind_(kind),
      flows_(seed.derive(1), limit),
      peers_(seed.derive(2), context_.config.limits.datagram_peers),
      by_use_(flows_),
      by_age_(peers_),
      callers_by_age_(peers_),
      port_seed_(seed.derive(3)),
      received_(kBatch) {}

DatagramFlows::~DatagramFlows() = default;

Token DatagramFlows::next_token() const {
  const FlowName name = flows_.next_name();
  return {.kind = kind_ == DatagramKind::kUdp ? Token::Kind::kUdp : Token::Kind::kEcho,
          .generation = name.generation,
          .index = name.index};
}

bool DatagramFlows::make_room() {
  if (flows_.full() && by_use_.front() != nullptr) {
    context_.counters.count(Drop::kFlowLimit);
    erase(*by_use_.front());
  }
  return !flows_.full();
}

void DatagramFlows::send(Time now, const Outbound& datagram, const IpPacket& packet) {
  HostDatagram out{.ttl = datagram.ttl, .sequence = datagram.sequence, .payload = datagram.payload};
  if (!forwards_.empty()) {
    // An answer to somebody who wrote to a forwarded port goes the way the question came.
    DatagramPeer* const peer = peers_.find({datagram.guest, datagram.remote});
    if (peer != nullptr && now < peer->expires) {
      refresh(now, *peer);
      out.peer = peer->actual;
      queue(now, flows_[peer->flow], out);
      return;
    }
  }
  const auto destination = context_.translation.outward(datagram.remote.address);
  if (!destination || !context_.policy.allows(*destination)) {
    context_.counters.count(destination ? Drop::kPolicy : Drop::kMartianDestination);
    context_.errors.report(now, packet,
                           {destination ? PathError::Kind::kNoRoute : PathError::Kind::kNoHost});
    return;
  }
  DatagramFlow* const flow = mapping_of(now, datagram.guest, *destination, packet);
  if (flow == nullptr) return;
  flow->only_asks_names = flow->only_asks_names && datagram.remote.port == kNamePort;
  flow->last_remote = datagram.remote;
  if (context_.config.network.is_gateway(datagram.remote.address)) {
    flow->gateway = datagram.remote.address;
  }
  use(now, *flow, kind_ == DatagramKind::kUdp ? kUdpIdle : kEchoIdle);
  const Endpoint any_port{*destination, 0};
  add_peer(now, *flow, any_port, any_port);
  out.peer = {*destination, datagram.remote.port};
  queue(now, *flow, out);
}

DatagramFlow* DatagramFlows::mapping_of(Time now, const Endpoint& guest,
                                        const IpAddress& destination, const IpPacket& packet) {
  const FlowKey key{guest, {}};
  if (DatagramFlow* const flow = flows_.find(key)) return flow;
  if (!make_room()) {
    context_.counters.count(Drop::kFlowLimit);
    return nullptr;
  }
  const Opened opened = context_.host.open_datagrams(next_token(), kind_, destination);
  if (opened.id == SocketId::kNone) {
    context_.counters.count(Drop::kHostRefused);
    if (const auto error = path_error(opened.error)) context_.errors.report(now, packet, *error);
    return nullptr;
  }
  DatagramFlow& flow = flows_.insert(key, timer_handler(), peers_);
  flow.socket = opened.id;
  flow.gateway = context_.config.network.of(guest.address).host;
  flow.account.open(now);
  by_use_.push_back(flow);
  ++(kind_ == DatagramKind::kUdp ? context_.counters.udp_flows : context_.counters.echo_flows);
  return &flow;
}

void DatagramFlows::queue(Time now, DatagramFlow& flow, const HostDatagram& datagram) {
  flow.account.add_to_host(now, datagram.payload.size());
  if (pending_socket_ != flow.socket || pending_.size() == kBatch) flush();
  pending_socket_ = flow.socket;
  pending_.push_back(datagram);
}

void DatagramFlows::flush() {
  if (pending_.empty()) return;
  const std::size_t taken = context_.host.send_datagrams(pending_socket_, pending_);
  for (std::size_t i = taken; i < pending_.size(); ++i) context_.counters.count(Drop::kHostRefused);
  pending_.clear();
  pending_socket_ = SocketId::kNone;
}

void DatagramFlows::on_host(Time now, const HostEvent& event) {
  DatagramFlow* const flow = flows_.find({event.token.index, event.token.generation});
  if (flow == nullptr) return;
  if (event.ready.error) take_errors(now, *flow);
  if (event.ready.readable) receive(now, *flow);
}

void DatagramFlows::receive_more(Time now) {
  turns_.swap(dirty_);
  for (const FlowName& name : turns_) {
    DatagramFlow* const flow = flows_.find(name);
    if (flow == nullptr) continue;
    flow->dirty = false;
    receive(now, *flow);
  }
  turns_.clear();
}

void DatagramFlows::receive(Time now, DatagramFlow& flow) {
  constexpr unsigned kBatches = 8;
  for (unsigned i = 0; i < kBatches; ++i) {
    const std::size_t count = context_.host.receive_datagrams(flow.socket, received_);
    const std::size_t most = kind_ == DatagramKind::kUdp ? kMaxRun : 1;
    for (gsl::span<const HostDatagram> rest = gsl::span(received_).first(count); !rest.empty();) {
      const auto run = rest.first(run_length(rest, most, Egress::kMaxDatagram));
      rest = rest.subspan(run.size());
      deliver(now, flow, run);
    }
    if (count < received_.size()) return;
  }
  if (flow.dirty) return;
  flow.dirty = true;
  dirty_.push_back(flow.name());
}

void DatagramFlows::deliver(Time now, DatagramFlow& flow, gsl::span<const HostDatagram> run) {
  const HostDatagram& datagram = run[0];
  const Endpoint& guest = flow.key().guest;
  Endpoint seen{context_.translation.inward(datagram.peer.address, flow.gateway),
                datagram.peer.port};
  if (flow.is_forward) {
    seen.port = port_for(now, guest, datagram.peer, seen);
    add_peer(now, flow, seen, datagram.peer);
  } else if (peers_.find({guest, {datagram.peer.address, 0}}) == nullptr) {
    context_.counters.count(Drop::kFiltered, run.size());
    return;
  }
  for (const HostDatagram& each : run) flow.account.add_to_guest(now, each.payload.size());
  if (kind_ == DatagramKind::kEcho) {
    context_.egress.send_echo_reply(now, seen.address, guest.address,
                                    IcmpHeader::echo_rest(guest.port, datagram.sequence),
                                    datagram.payload);
    return;
  }
  const bool answered = flow.only_asks_names && datagram.peer.port == kNamePort;
  use(now, flow, answered ? kNameIdle : kUdpIdle);
  payloads_.clear();
  for (const HostDatagram& each : run) payloads_.push_back(each.payload);
  context_.egress.send_udp(now, seen, guest, datagram.ttl, payloads_);
}

void DatagramFlows::take_errors(Time now, DatagramFlow& flow) {
  constexpr unsigned kErrors = 1024;  // more than the queue of a socket holds
  for (unsigned i = 0; i < kErrors; ++i) {
    const auto error = context_.host.receive_error(flow.socket);
    if (!error) return;
    context_.errors.report_datagram(now, kind_, flow.key().guest, flow.gateway, *error);
  }
}

void DatagramFlows::use(Time now, DatagramFlow& flow, Duration idle) {
  if (flow.is_forward) return;
  flow.expires = now + idle;
  by_use_.move_to_back(flow);
  if (!flow.is_set() || flow.expires < flow.deadline()) context_.timers.set(flow, flow.expires);
}

void DatagramFlows::on_timer(Time now, Timer& timer) {
  auto& flow = static_cast<DatagramFlow&>(timer);
  if (flow.expires <= now) {
    erase(flow);
  } else {
    context_.timers.set(flow, flow.expires);
  }
}

void DatagramFlows::erase(DatagramFlow& flow) {
  if (pending_socket_ == flow.socket) flush();
  while (DatagramPeer* const peer = flow.peers.front()) erase_peer(*peer);
  context_.host.close(flow.socket, CloseMode::kGraceful);
  if (!flow.is_forward) by_use_.remove(flow);
  flows_.erase(flow);
}

std::uint16_t DatagramFlows::port_for(Time now, const Endpoint& guest, const Endpoint& caller,
                                      Endpoint seen) {
  constexpr unsigned kAttempts = 16;
  constexpr std::uint16_t kFirstEphemeral = 49152;  // RFC 6335, section 6
  const std::uint64_t start = FlowKey{caller, guest}.hash(port_seed_);
  for (unsigned i = 0; i < kAttempts; ++i) {
    const DatagramPeer* const other = peers_.find({guest, seen});
    if (other == nullptr || other->actual == caller || other->expires <= now) return seen.port;
    seen.port =
        static_cast<std::uint16_t>(kFirstEphemeral + (start + i) % (65536 - kFirstEphemeral));
  }
  return caller.port;
}

void DatagramFlows::refresh(Time now, DatagramPeer& peer) {
  peer.expires = now + kUdpIdle;
  (peer.of_forward ? callers_by_age_ : by_age_).move_to_back(peer);
}

void DatagramFlows::add_peer(Time now, DatagramFlow& flow, const Endpoint& seen,
                             const Endpoint& actual) {
  const FlowKey key{flow.key().guest, seen};
  if (DatagramPeer* const peer = peers_.find(key)) {
    if (peer->flow == flow.index() && peer->actual == actual) {
      refresh(now, *peer);
      return;
    }
    erase_peer(*peer);
  }
  if (peers_.full()) {
    context_.counters.count(Drop::kFlowLimit);
    DatagramPeer* const oldest =
        callers_by_age_.front() != nullptr ? callers_by_age_.front() : by_age_.front();
    if (flow.is_forward && !oldest->of_forward) return;
    erase_peer(*oldest);
  }
  DatagramPeer& peer = peers_.insert(key, flow.index(), actual);
  peer.expires = now + kUdpIdle;
  peer.of_forward = flow.is_forward;
  (peer.of_forward ? callers_by_age_ : by_age_).push_back(peer);
  flow.peers.push_back(peer);
}

void DatagramFlows::erase_peer(DatagramPeer& peer) {
  flows_[peer.flow].peers.remove(peer);
  (peer.of_forward ? callers_by_age_ : by_age_).remove(peer);
  peers_.erase(peer);
}

Opened DatagramFlows::add_forward(const ListenAddress& listen, const Endpoint& guest) {
  Expects(kind_ == DatagramKind::kUdp);
  if (!make_room()) return {.error = std::errc::not_enough_memory};
  const Opened opened = context_.host.listen(next_token(), listen);
  if (opened.id == SocketId::kNone) return opened;
  // No guest's key has a remote port: that is where the number of the forward goes.
  FlowKey key{guest, {}};
  do {
    key.remote.port = ++last_forward_;
  } while (last_forward_ == 0 || flows_.find(key) != nullptr);
  DatagramFlow& flow = flows_.insert(key, timer_handler(), peers_);
  flow.socket = opened.id;
  flow.gateway = context_.config.network.of(guest.address).host;
  flow.is_forward = true;
  forwards_.push_back({opened.id, flow.index()});
  return opened;
}

void DatagramFlows::remove_forward(SocketId socket) {
  const auto found = std::find_if(forwards_.begin(), forwards_.end(),
                                  [&](const Forward& forward) { return forward.socket == socket; });
  if (found == forwards_.end()) return;
  DatagramFlow& flow = flows_[found->flow];
  forwards_.erase(found);
  erase(flow);
}

void DatagramFlows::describe(Time now, std::vector<FlowInfo>& flows) const {
  const bool udp = kind_ == DatagramKind::kUdp;
  flows_.for_each([&](const DatagramFlow& flow) {
    if (flow.is_forward) return;
    FlowInfo info{.protocol = udp ? FlowInfo::Protocol::kUdp : FlowInfo::Protocol::kEcho,
                  .guest = flow.key().guest,
                  .remote = flow.last_remote,
                  .socket = flow.socket,
                  .left = std::max(flow.expires - now, Duration::zero()),
                  .account = flow.account};
    const auto outward = context_.translation.outward(flow.last_remote.address);
    if (outward && !flow.last_remote.address.is_unspecified()) {
      info.destination = Endpoint{*outward, flow.last_remote.port};
    }
    flows.push_back(info);
  });
}

}  // namespace sluice
