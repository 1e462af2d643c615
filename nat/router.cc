#include "nat/router.h"

#include <chrono>

namespace sluice {
namespace {

using std::chrono::seconds;

// RFC 4861, section 6.2.1: three times the longest interval is how long a router is one.
constexpr seconds kLongestInterval{600};
constexpr seconds kShortestInterval{200};
constexpr std::uint16_t kRouterLifetime = 1800;
// Between two advertisements to the whole link (RFC 4861, section 6.2.6).
constexpr seconds kBetweenAdvertisements{3};
// The only prefix length that guests make addresses of their own with (RFC 4862, section 5.5.3).
constexpr unsigned kAutonomousLength = 64;
// What slirp tells: a day, and a few hours to find out that the prefix has changed.
constexpr std::uint32_t kValidLifetime = 86400;
constexpr std::uint32_t kPreferredLifetime = 14400;
constexpr std::uint8_t kHopLimit = 64;

// None of these may come from beyond the link (RFC 4861, sections 6.1 and 7.1), or in fragments
// (RFC 6980, section 5).
bool is_believable(const IpPacket& packet) {
  return packet.hop_limit == kNdpHopLimit && !packet.fragmented;
}

// A station's, or not told.
bool is_station_or_none(const std::optional<MacAddress>& address) {
  return !address || address->is_station();
}

// As many of the domains as leave the advertisement within what every link takes.
std::vector<std::string> fitting(const std::vector<std::string>& domains, std::size_t room) {
  DnsSearchListOption option{.names = domains};
  while (!option.names.empty() && (!option.is_valid() || option.size() > room)) {
    option.names.pop_back();
  }
  return option.names;
}

}  // namespace

Router::Router(const NatConfig& config, const OwnAddresses& own, Egress& egress, TimerWheel& timers,
               Counters& counters, const Seed& seed)
    : config_(config),
      own_(own),
      egress_(egress),
      timers_(timers),
      counters_(counters),
      random_(seed),
      timer_(*this) {}

bool Router::is_message(Icmpv6Type type) {
  switch (type) {
    case Icmpv6Type::kRouterSolicitation:
    case Icmpv6Type::kRouterAdvertisement:
    case Icmpv6Type::kNeighborSolicitation:
    case Icmpv6Type::kNeighborAdvertisement:
    case Icmpv6Type::kRedirect:
    case Icmpv6Type::kMulticastListenerQuery:
    case Icmpv6Type::kMulticastListenerReport:
    case Icmpv6Type::kMulticastListenerDone:
    case Icmpv6Type::kMulticastListenerReport2:
      return true;
    default:
      return false;
  }
}

void Router::on_message(Time now, const IpPacket& packet, const MacAddress& link_from) {
  bool valid = true;
  switch (static_cast<Icmpv6Type>(packet.payload[0])) {
    case Icmpv6Type::kRouterSolicitation:
      valid = is_believable(packet) && on_router_solicitation(now, packet, link_from);
      break;
    case Icmpv6Type::kNeighborSolicitation:
      valid = is_believable(packet) && on_neighbor_solicitation(now, packet, link_from);
      break;
    case Icmpv6Type::kNeighborAdvertisement:
      valid = is_believable(packet) && on_neighbor_advertisement(packet);
      break;
    case Icmpv6Type::kRouterAdvertisement:
    case Icmpv6Type::kRedirect:
      // There is one router here, and it is us.
      counters_.count(Drop::kSpoofedSource);
      return;
    default:
      // Who listens to which multicast group matters to routers that have any (RFC 2710, 3810).
      return;
  }
  if (!valid) counters_.count(Drop::kMalformed);
}

bool Router::on_router_solicitation(Time now, const IpPacket& packet, const MacAddress& link_from) {
  const auto message = RouterSolicitation::parse(packet.payload);
  const bool from_nobody = packet.source.is_unspecified();
  if (!message || !is_station_or_none(message->source_link_address) ||
      (from_nobody && message->source_link_address)) {
    return false;
  }
  if (from_nobody) {
    advertise_to_all(now);
  } else {
    advertise(now, packet.source, message->source_link_address.value_or(link_from));
  }
  return true;
}

bool Router::on_neighbor_solicitation(Time now, const IpPacket& packet,
                                      const MacAddress& link_from) {
  const auto message = NeighborSolicitation::parse(packet.payload);
  const bool from_nobody = packet.source.is_unspecified();
  // RFC 4861, section 7.1.1: who asks whether an address is free asks the whole link.
  if (!message || !is_station_or_none(message->source_link_address) ||
      (from_nobody &&
       (message->source_link_address || packet.destination != message->target.solicited_node()))) {
    return false;
  }
  if (!own_.contains(message->target)) return true;
  const NeighborAdvertisement answer{.router = true,
                                     .solicited = !from_nobody,
                                     .override_existing = true,
                                     .target = message->target,
                                     .target_link_address = Network::mac_of(message->target)};
  std::array<std::uint8_t, NeighborAdvertisement::kFixedSize + NdpLinkAddress::kSize> bytes{};
  answer.emit(bytes);
  if (from_nobody) {
    egress_.send_ndp(now, message->target, IpAddress::all_nodes(), bytes);
  } else {
    egress_.send_ndp(now, message->target, packet.source, bytes,
                     message->source_link_address.value_or(link_from));
  }
  return true;
}

bool Router::on_neighbor_advertisement(const IpPacket& packet) {
  const auto message = NeighborAdvertisement::parse(packet.payload);
  if (!message || !is_station_or_none(message->target_link_address) ||
      packet.source.is_unspecified() || (message->solicited && packet.destination.is_multicast())) {
    return false;
  }
  if (message->target_link_address && own_.is_guests(message->target)) {
    egress_.learn(message->target, *message->target_link_address);
  }
  return true;
}

void Router::advertise(Time now, const IpAddress& to, std::optional<MacAddress> link_to) {
  const AddressPlan& plan = config_.network.v6;
  const bool autonomous = plan.subnet.length() == kAutonomousLength;
  RouterAdvertisement message{.hop_limit = kHopLimit,
                              // Who can't make an address has to ask for one, if there is any.
                              .managed = !autonomous,
                              .other_configuration = true,
                              .lifetime = kRouterLifetime,
                              .source_link_address = Network::mac_of(config_.network.router()),
                              .mtu = config_.network.mtu,
                              .prefixes = {{.prefix = plan.subnet,
                                            .on_link = true,
                                            .autonomous = autonomous,
                                            .valid_lifetime = kValidLifetime,
                                            .preferred_lifetime = kPreferredLifetime}}};
  if (config_.policy.restricted) {
    // As DHCP does: there is no way out, and nobody to ask for names but those of here.
    message.lifetime = 0;
  } else if (!plan.dns.is_unspecified()) {
    message.dns_servers = {{.lifetime = kRouterLifetime, .servers = {plan.dns}}};
  }
  const std::size_t room = Network::kMinMtu6 - IpHeader::kMaxSize - message.size();
  if (auto domains = fitting(config_.domain_search, room); !domains.empty()) {
    message.dns_search_lists = {{.lifetime = kRouterLifetime, .names = std::move(domains)}};
  }
  std::array<std::uint8_t, Network::kMinMtu6> bytes{};
  message.emit(bytes);
  egress_.send_ndp(now, config_.network.router(), to, MutableBytes(bytes).first(message.size()),
                   link_to);
  if (!timer_.is_set()) {
    timers_.set(timer_, now + kShortestInterval +
                            seconds(random_.below(static_cast<std::uint32_t>(
                                (kLongestInterval - kShortestInterval) / seconds(1)))));
  }
}

void Router::advertise_to_all(Time now) {
  if (now < next_to_all_) {
    timers_.set(timer_, next_to_all_);
    return;
  }
  next_to_all_ = now + kBetweenAdvertisements;
  advertise(now, IpAddress::all_nodes(), std::nullopt);
}

void Router::on_timer(Time now, Timer& /*timer*/) {
  advertise_to_all(now);
}

}  // namespace sluice
