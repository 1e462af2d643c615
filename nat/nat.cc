#include "nat/nat.h"

#include <algorithm>
#include <iterator>
#include <stdexcept>
#include <utility>
#include <vector>

#include "nat/datagram_flows.h"
#include "nat/flow_context.h"
#include "nat/host_forwards.h"
#include "nat/icmp_errors.h"
#include "nat/ingress.h"
#include "nat/own_addresses.h"
#include "nat/policy.h"
#include "nat/router.h"
#include "nat/service_ports.h"
#include "nat/tcp_flows.h"
#include "nat/translation.h"
#include "stack/egress.h"
#include "stack/timer_wheel.h"

namespace sluice {
namespace {

// What each part derives its own seed for.
enum Purpose : std::uint64_t { kTcp = 1, kUdp, kEcho, kServices, kRouter };

}  // namespace

class Nat::Core {
 public:
  Core(const NatConfig& config, Link& link, Host& host, const Seed& seed, Time now)
      : config_(config),
        link_(link),
        host_(host),
        seed_(seed),
        now_(now),
        timers_(now),
        translation_(config_.network),
        policy_(config_.policy),
        egress_(config_.network, link, counters_, timers_),
        errors_(config_.network, translation_, egress_, counters_),
        own_(config_.network),
        router_(config_, own_, egress_, timers_, counters_, seed.derive(kRouter)),
        services_(config_.network, egress_),
        tcp_(flow_context(), seed.derive(kTcp)),
        udp_(flow_context(), DatagramKind::kUdp, config_.limits.udp_flows, seed.derive(kUdp)),
        echo_(flow_context(), DatagramKind::kEcho, config_.limits.echo_flows, seed.derive(kEcho)),
        forwards_(config_.network, host, tcp_, udp_),
        ingress_({config_.network, own_, router_, egress_, errors_, services_, tcp_, udp_, echo_,
                  timers_, counters_}) {}

  void on_frames(Time now, gsl::span<const Frame> frames) {
    now_ = now;
    std::size_t left = frames.size();
    for (const Frame& frame : frames) {
      tcp_.expect_more(--left != 0);
      ingress_.on_frame(now, frame);
    }
    finish_batch(now);
  }

  void on_host(Time now, gsl::span<const HostEvent> events) {
    now_ = now;
    for (const HostEvent& event : events) dispatch(now, event);
    finish_batch(now);
  }

  void on_time(Time now) {
    now_ = now;
    timers_.advance(now);
    udp_.receive_more(now);
    echo_.receive_more(now);
    forwards_.accept_more(now);
    finish_batch(now);
  }

  std::optional<Time> deadline() const {
    const bool has_more = tcp_.has_more() || udp_.has_more() || echo_.has_more() ||
                          forwards_.has_more() || services_.has_announced();
    if (has_more) return now_;
    return timers_.deadline();
  }

  ServiceContext context(std::uint8_t service) {
    return {.output = services_,
            .events = services_,
            .host = host_,
            .timers = timers_,
            .seed = seed_.derive(kServices).derive(service),
            .service = service};
  }

  void bind_datagrams(const Endpoint& at, DatagramService& service) {
    if (!at.address.is_unspecified() && !at.address.is_multicast()) own_.add(at.address);
    services_.bind_datagrams(at, service);
  }

  void bind_streams(const Endpoint& at, StreamService& service) {
    own_.add(at.address);
    tcp_.bind(at, service);
  }

  void add_guest_forward(const GuestForward& forward) {
    check_guest_forward(forward.server);
    own_.add(forward.server.address);
    tcp_.bind(forward.server, forward.target);
    guest_forwards_.push_back(forward.server);
  }

  void add_guest_forward(const Endpoint& server, StreamService& service) {
    check_guest_forward(server);
    if (!tcp_.has_room_for_service()) {
      throw std::length_error("guest forward " + server.to_string() +
                              ": there are too many; remove another one");
    }
    own_.add(server.address);
    tcp_.bind(server, service);
    guest_forwards_.push_back(server);
  }

  bool remove_guest_forward(const Endpoint& server) {
    const auto found = std::find(guest_forwards_.begin(), guest_forwards_.end(), server);
    if (found == guest_forwards_.end()) return false;
    guest_forwards_.erase(found);
    tcp_.unbind(server);
    if (!tcp_.is_bound(server.address) && !is_always_ours(server.address)) {
      own_.remove(server.address);
    }
    return true;
  }

  TcpFlows& tcp() { return tcp_; }
  SocketId import_stream(Time now, const StreamState& state) {
    now_ = now;
    if (!own_.is_guests(state.guest.address)) return SocketId::kNone;
    return tcp_.import_stream(now, state);
  }
  void end_all_but(Time now, gsl::span<const FlowPosition> positions) {
    now_ = now;
    std::vector<FlowPosition> possible;
    std::copy_if(positions.begin(), positions.end(), std::back_inserter(possible),
                 [this](const FlowPosition& flow) {
                   return flow.is_sound() && own_.is_guests(flow.guest.address);
                 });
    tcp_.end_all_but(now, possible);
  }
  void learn(const IpAddress& address, const MacAddress& mac) {
    if (own_.is_guests(address)) egress_.learn(address, mac);
  }

  std::vector<FlowInfo> flows(Time now) const {
    std::vector<FlowInfo> flows;
    tcp_.describe(flows);
    udp_.describe(now, flows);
    echo_.describe(now, flows);
    return flows;
  }
  const Neighbors& neighbors() const { return egress_.neighbors(); }
  const Limits& limits() const { return config_.limits; }

  Counters& counters() { return counters_; }
  ServicePorts& services() { return services_; }
  std::size_t undelivered_bytes() { return tcp_.undelivered_bytes(); }
  HostForwards& forwards() { return forwards_; }

 private:
  FlowContext flow_context() {
    return {config_, translation_, policy_, egress_, errors_, host_, timers_, counters_};
  }

  void check_guest_forward(const Endpoint& server) const {
    const IpAddress& address = server.address;
    const std::string name = "guest forward " + server.to_string();
    const Subnet& subnet = config_.network.of(address).subnet;
    if (!subnet.has_host(address)) {
      throw std::invalid_argument(name + ": the address must be one of a host in " +
                                  subnet.to_string());
    }
    if (tcp_.is_bound(server)) {
      throw std::invalid_argument(name +
                                  ": another forward or a service has that address and port");
    }
  }

  // Whatever is forwarded there.
  bool is_always_ours(const IpAddress& address) const { return config_.network.is_own(address); }

  void dispatch(Time now, const HostEvent& event) {
    switch (event.token.kind) {
      case Token::Kind::kTcp:
        tcp_.on_host(now, event);
        return;
      case Token::Kind::kUdp:
        udp_.on_host(now, event);
        return;
      case Token::Kind::kEcho:
        echo_.on_host(now, event);
        return;
      case Token::Kind::kListener:
        forwards_.on_host(now, event);
        return;
      case Token::Kind::kService:
        services_.on_host(now, event);
        return;
      case Token::Kind::kNone:
        return;
    }
  }

  // What services announce belongs to the batch in which they do, and a flow's turn may make them
  // announce more; a few rounds settle it, or the next batch does.
  void finish_batch(Time now) {
    constexpr unsigned kRounds = 4;
    unsigned round = 0;
    do {
      services_.take_announced(announced_);
      for (const HostEvent& event : announced_) dispatch(now, event);
      udp_.flush();
      echo_.flush();
      tcp_.take_turns(now);
      link_.flush();
      tcp_.release();
    } while (services_.has_announced() && ++round < kRounds);
  }

  const NatConfig config_;
  Link& link_;
  Host& host_;
  Seed seed_;
  Time now_;  // of the last input
  Counters counters_;
  TimerWheel timers_;
  Translation translation_;
  Policy policy_;
  Egress egress_;
  IcmpErrors errors_;
  OwnAddresses own_;
  Router router_;
  ServicePorts services_;
  TcpFlows tcp_;
  DatagramFlows udp_;
  DatagramFlows echo_;
  HostForwards forwards_;
  Ingress ingress_;
  std::vector<HostEvent> announced_;
  std::vector<Endpoint> guest_forwards_;
};

Nat::Nat(const NatConfig& config, Link& link, Host& host, const Seed& seed, Time now)
    : core_(std::make_unique<Core>(config, link, host, seed, now)) {}
Nat::~Nat() = default;

void Nat::on_frames(Time now, gsl::span<const Frame> frames) {
  core_->on_frames(now, frames);
}
void Nat::on_host(Time now, gsl::span<const HostEvent> events) {
  core_->on_host(now, events);
}
void Nat::on_time(Time now) {
  core_->on_time(now);
}
std::optional<Time> Nat::deadline() const {
  return core_->deadline();
}

ServiceContext Nat::context(std::uint8_t service) {
  return core_->context(service);
}
void Nat::bind_datagrams(const Endpoint& at, DatagramService& service) {
  core_->bind_datagrams(at, service);
}
void Nat::bind_streams(const Endpoint& at, StreamService& service) {
  core_->bind_streams(at, service);
}
void Nat::bind_host_client(std::uint8_t service, HostClient& client) {
  core_->services().bind_host_client(service, client);
}

std::uint16_t Nat::add_host_forward(const HostForward& forward) {
  return core_->forwards().add(forward);
}
bool Nat::remove_host_forward(const ListenAddress& listen) {
  return core_->forwards().remove(listen);
}
bool Nat::has_host_forward(const ListenAddress& listen) {
  return core_->forwards().has(listen);
}
void Nat::add_guest_forward(const GuestForward& forward) {
  core_->add_guest_forward(forward);
}

void Nat::add_guest_forward(const Endpoint& server, StreamService& service) {
  core_->add_guest_forward(server, service);
}
bool Nat::remove_guest_forward(const Endpoint& server) {
  return core_->remove_guest_forward(server);
}

std::vector<ExportedStream> Nat::export_streams(Time now, const Endpoint& server) const {
  return core_->tcp().export_streams(now, server);
}
SocketId Nat::import_stream(Time now, const StreamState& state) {
  return core_->import_stream(now, state);
}
std::vector<FlowPosition> Nat::positions() const {
  return core_->tcp().positions();
}
void Nat::end_all_but(Time now, gsl::span<const FlowPosition> positions) {
  core_->end_all_but(now, positions);
}
void Nat::learn(const IpAddress& address, const MacAddress& mac) {
  core_->learn(address, mac);
}

std::vector<FlowInfo> Nat::flows(Time now) const {
  return core_->flows(now);
}
std::vector<HostForwardInfo> Nat::host_forwards() const {
  return core_->forwards().describe();
}
const Limits& Nat::limits() const {
  return core_->limits();
}
const Neighbors& Nat::neighbors() const {
  return core_->neighbors();
}

const Counters& Nat::counters() const {
  return core_->counters();
}
std::size_t Nat::undelivered_bytes() const {
  return core_->undelivered_bytes();
}

}  // namespace sluice
