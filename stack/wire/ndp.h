// Neighbour discovery (RFC 4861): how IPv6 finds routers and link addresses.
//
// Each message is a plain value. parse() is given the whole ICMPv6 message and checks what can be
// seen in it: type and code, the sizes of the message and of each option, a target that is no
// multicast address. The rest of the validity rules is about what came around it and is the
// caller's to check before anything is believed:
//   - the ICMPv6 checksum holds, and the packet's hop limit is 255, so no router has passed it on;
//   - a router solicitation or neighbour solicitation from :: carries no source link address, and
//     such a neighbour solicitation goes to a solicited-node address (RFC 4862's question whether
//     an address is free);
//   - a router advertisement comes from a link-local address;
//   - a neighbour advertisement to a multicast address is not `solicited`.
// (RFC 4861, sections 6.1.1, 6.1.2, 7.1.1 and 7.1.2.)
//
// A target of ::ffff:0:0/96 is refused like one that is multicast: an IpAddress would hold it as
// one of IPv4. Of an option that may be there once, the first one counts; others that are unknown
// or out of place are passed over.
//
// emit() writes the checksum as 0; it covers a pseudo-header that is not known here.

#ifndef SLUICE_STACK_WIRE_NDP_H_
#define SLUICE_STACK_WIRE_NDP_H_

#include <optional>
#include <vector>

#include "stack/address.h"
#include "stack/bytes.h"
#include "stack/wire/ndp_options.h"

namespace sluice {

// What the hop limit of these messages has to be, sent and received.
inline constexpr std::uint8_t kNdpHopLimit = 255;

struct RouterSolicitation {
  std::optional<MacAddress> source_link_address;

  static constexpr std::size_t kFixedSize = 8;

  static std::optional<RouterSolicitation> parse(Bytes message);
  std::size_t size() const;  // bytes, options included
  // Writes size() bytes at the start of `into`.
  void emit(MutableBytes into) const;

  friend bool operator==(const RouterSolicitation&, const RouterSolicitation&) = default;
};

struct RouterAdvertisement {
  std::uint8_t hop_limit = 0;         // for hosts to send with; 0: not told
  bool managed = false;               // addresses come from DHCPv6
  bool other_configuration = false;   // other settings do
  std::uint16_t lifetime = 0;         // seconds; 0: no default router
  std::uint32_t reachable_time = 0;   // milliseconds; 0: not told
  std::uint32_t retransmit_time = 0;  // milliseconds between solicitations; 0: not told
  std::optional<MacAddress> source_link_address;
  std::optional<std::uint32_t> mtu;
  std::vector<PrefixInformation> prefixes;
  std::vector<DnsServersOption> dns_servers;
  std::vector<DnsSearchListOption> dns_search_lists;

  static constexpr std::size_t kFixedSize = 16;

  // Takes as many options of each type as the message holds.
  static std::optional<RouterAdvertisement> parse(Bytes message);
  std::size_t size() const;  // bytes, options included
  // Writes size() bytes at the start of `into`.
  void emit(MutableBytes into) const;

  friend bool operator==(const RouterAdvertisement&, const RouterAdvertisement&) = default;
};

struct NeighborSolicitation {
  IpAddress target;
  std::optional<MacAddress> source_link_address;

  static constexpr std::size_t kFixedSize = 24;

  static std::optional<NeighborSolicitation> parse(Bytes message);
  std::size_t size() const;  // bytes, options included
  // Writes size() bytes at the start of `into`.
  void emit(MutableBytes into) const;

  friend bool operator==(const NeighborSolicitation&, const NeighborSolicitation&) = default;
};

struct NeighborAdvertisement {
  bool router = false;             // its sender is one
  bool solicited = false;          // it answers a solicitation
  bool override_existing = false;  // what is cached gives way to it
  IpAddress target;
  std::optional<MacAddress> target_link_address;

  static constexpr std::size_t kFixedSize = 24;

  static std::optional<NeighborAdvertisement> parse(Bytes message);
  std::size_t size() const;  // bytes, options included
  // Writes size() bytes at the start of `into`.
  void emit(MutableBytes into) const;

  friend bool operator==(const NeighborAdvertisement&, const NeighborAdvertisement&) = default;
};

}  // namespace sluice

#endif  // SLUICE_STACK_WIRE_NDP_H_
