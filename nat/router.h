// Neighbor discovery (RFC 4861): the gateway as IPv6 guests find it.
//
// Guests ask who is there (solicitations) and are answered; what they tell of themselves is learned
// from their packets, as with ARP. The router advertises itself, the prefix for addresses of the
// guests' own making (RFC 4862), the MTU, the DNS proxy and the domains to search (RFC 8106). It
// does so when asked, and from then on now and then, before what it said runs out: a network
// without an IPv6 guest stays silent.

#ifndef SLUICE_NAT_ROUTER_H_
#define SLUICE_NAT_ROUTER_H_

#include <vector>

#include "nat/config.h"
#include "nat/own_addresses.h"
#include "stack/counters.h"
#include "stack/egress.h"
#include "stack/ip_packet.h"
#include "stack/random.h"
#include "stack/timer_wheel.h"
#include "stack/wire/icmpv6.h"
#include "stack/wire/ndp.h"

namespace sluice {

class Router final : private TimerHandler {
 public:
  // All of these outlive it.
  Router(const NatConfig& config, const OwnAddresses& own, Egress& egress, TimerWheel& timers,
         Counters& counters, const Seed& seed);
  Router(const Router&) = delete;
  Router& operator=(const Router&) = delete;

  // A message of neighbor discovery, its checksum verified, from a guest or from nobody yet.
  void on_message(Time now, const IpPacket& packet, const MacAddress& link_from);
  static bool is_message(Icmpv6Type type);

 private:
  void on_timer(Time now, Timer& timer) override;
  // Each returns false for a message that is not valid.
  bool on_router_solicitation(Time now, const IpPacket& packet, const MacAddress& link_from);
  bool on_neighbor_solicitation(Time now, const IpPacket& packet, const MacAddress& link_from);
  bool on_neighbor_advertisement(const IpPacket& packet);
  // Tells all guests, or only the one at `to`, whose link address is `link_to`.
  void advertise(Time now, const IpAddress& to, std::optional<MacAddress> link_to);
  // At once, or as soon as that is allowed again.
  void advertise_to_all(Time now);

  const NatConfig& config_;
  const OwnAddresses& own_;
  Egress& egress_;
  TimerWheel& timers_;
  Counters& counters_;
  Random random_;
  Timer timer_;
  Time next_to_all_ = Time::min();  // not before this
};

}  // namespace sluice

#endif  // SLUICE_NAT_ROUTER_H_
