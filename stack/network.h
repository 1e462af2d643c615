// The virtual network as the guest sees it: who has which address.

#ifndef SLUICE_STACK_NETWORK_H_
#define SLUICE_STACK_NETWORK_H_

#include <array>
#include <cstdint>

#include "stack/address.h"

namespace sluice {

// The addresses of one family.
struct AddressPlan {
  Subnet subnet;
  IpAddress host;  // the gateway; also TFTP and DHCP server
  IpAddress dns;   // the DNS server that guests are told of; unspecified: of none

  // Whether that is the proxy, at an address of ours. Outside of the network it is anybody's.
  bool has_dns_proxy() const { return subnet.contains(dns) && !dns.is_unspecified(); }
};

struct Network {
  AddressPlan v4{
      {IpAddress::v4(10, 0, 2, 0), 24}, IpAddress::v4(10, 0, 2, 2), IpAddress::v4(10, 0, 2, 3)};
  AddressPlan v6{{IpAddress::v6({0xfe, 0xc0}), 64},
                 IpAddress::v6({0xfe, 0xc0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2}),
                 IpAddress::v6({0xfe, 0xc0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3})};
  bool has_v4 = true;
  bool has_v6 = true;                          // only with an MTU of kMinMtu6 and more
  IpAddress smb = IpAddress::v4(10, 0, 2, 4);  // the SMB server, when there is one
  // The first lease, kLeases in a row; unspecified: DHCP is not served.
  IpAddress dhcp_start = IpAddress::v4(10, 0, 2, 15);
  std::uint16_t mtu = 1500;  // bytes of an IP packet

  // The plan that `address` belongs to by its family.
  const AddressPlan& of(const IpAddress& address) const { return address.is_v4() ? v4 : v6; }
  // An address of the virtual network, or of its link alone: nothing outside has it.
  bool is_inside(const IpAddress& address) const {
    return of(address).subnet.contains(address) || (!address.is_v4() && address.is_link_local());
  }
  // The address of the router on the link, which it advertises itself from (RFC 4861, 6.1.2).
  IpAddress router() const { return v6.host.on_link(); }

  // The first and the last address that DHCPv6 leases, if they are in the network.
  IpAddress dhcp6_start() const { return v6.subnet.nth(kFirstLease6); }
  IpAddress dhcp6_end() const { return v6.subnet.nth(kFirstLease6 + kLeases - 1); }
  // Not one host's: broadcast or multicast.
  bool is_to_many(const IpAddress& address) const {
    return is_broadcast(address) || address.is_multicast();
  }
  // It stands for the host: the gateway's address in its family, or the router's on the link.
  bool is_gateway(const IpAddress& address) const {
    return address == of(address).host || address == router();
  }

  // One of those that are ours whatever is forwarded.
  bool is_own(const IpAddress& address) const {
    const AddressPlan& plan = of(address);
    return is_gateway(address) || (plan.has_dns_proxy() && address == plan.dns);
  }

  // The link address of one of ours, as slirp has it: 52:55 and an IPv4 address, 52:56 and the last
  // four bytes of an IPv6 address.
  static MacAddress mac_of(const IpAddress& address);
  // One of the two broadcast addresses that mean this network.
  bool is_broadcast(const IpAddress& address) const {
    return address.is_limited_broadcast() || address == v4.subnet.v4_broadcast();
  }

  static constexpr std::uint16_t kMinMtu = 68;     // RFC 791, section 3.2
  static constexpr std::uint16_t kMinMtu6 = 1280;  // RFC 8200, section 5
  static constexpr std::uint16_t kMaxMtu = 65521;  // what fits a 64 KiB frame with its headers
  static constexpr unsigned kLeases = 16;
  static constexpr std::uint32_t kFirstLease6 = 0x15;
};

}  // namespace sluice

#endif  // SLUICE_STACK_NETWORK_H_
