// The virtual network as the guest sees it: who has which address.

#ifndef SLUICE_STACK_NETWORK_H_
#define SLUICE_STACK_NETWORK_H_

#include <cstdint>

#include "stack/address.h"

namespace sluice {

struct Network {
  Subnet subnet{IpAddress::v4(10, 0, 2, 0), 24};
  IpAddress host = IpAddress::v4(10, 0, 2, 2);         // the gateway; also TFTP and DHCP server
  IpAddress dns = IpAddress::v4(10, 0, 2, 3);          // the DNS proxy
  IpAddress smb = IpAddress::v4(10, 0, 2, 4);          // the SMB server, when there is one
  IpAddress dhcp_start = IpAddress::v4(10, 0, 2, 15);  // the first lease, kLeases in a row
  std::uint16_t mtu = 1500;                            // bytes of an IP packet

  // The link address of one of ours: 52:55 and the IPv4 address, as slirp has it.
  static MacAddress mac_of(const IpAddress& address);
  MacAddress host_mac() const { return mac_of(host); }
  // One of the two broadcast addresses that mean this network.
  bool is_broadcast(const IpAddress& address) const {
    return address.is_limited_broadcast() || address == subnet.v4_broadcast();
  }

  static constexpr std::uint16_t kMinMtu = 68;     // RFC 791, section 3.2
  static constexpr std::uint16_t kMaxMtu = 65521;  // what fits a 64 KiB frame with its headers
  static constexpr unsigned kLeases = 16;
};

}  // namespace sluice

#endif  // SLUICE_STACK_NETWORK_H_
