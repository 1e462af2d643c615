// Frames as a guest makes them.

#ifndef SLUICE_TESTS_SIM_GUEST_FRAMES_H_
#define SLUICE_TESTS_SIM_GUEST_FRAMES_H_

#include <string_view>
#include <utility>

#include "stack/address.h"
#include "stack/ip_header.h"
#include "stack/wire/arp.h"
#include "stack/wire/ipv4.h"
#include "stack/wire/tcp.h"
#include "stack/wire/udp.h"
#include "tests/sim/octets.h"

namespace sluice {

inline constexpr MacAddress kGuestMac({0x52, 0x54, 0x00, 0x12, 0x34, 0x56});
inline constexpr IpAddress kGuestAddress = IpAddress::v4(10, 0, 2, 15);
inline constexpr MacAddress kGatewayMac({0x52, 0x55, 0x0a, 0x00, 0x02, 0x02});
inline constexpr MacAddress kRouterMac({0x52, 0x56, 0x00, 0x00, 0x00, 0x02});

// What the guest makes of its link address and the prefix fec0::/64, and on the link alone.
inline constexpr IpAddress kGuestAddress6 =
    IpAddress::v6({0xfe, 0xc0, 0, 0, 0, 0, 0, 0, 0x50, 0x54, 0x00, 0xff, 0xfe, 0x12, 0x34, 0x56});
inline constexpr IpAddress kGuestOnLink =
    IpAddress::v6({0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0x50, 0x54, 0x00, 0xff, 0xfe, 0x12, 0x34, 0x56});
inline constexpr IpAddress kHost6 =
    IpAddress::v6({0xfe, 0xc0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2});
inline constexpr IpAddress kDns6 =
    IpAddress::v6({0xfe, 0xc0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3});
inline constexpr IpAddress kRouter6 =
    IpAddress::v6({0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2});

// What IP carries: a header and what is behind it, the checksum as `header` has it. A datagram's
// length is filled in.
Octets udp_datagram(UdpHeader header, Bytes payload);
Octets tcp_segment(const TcpHeader& header, const TcpOptions& options, Bytes payload);

// The checksum of either, pseudo-header included: 0 where the right one is in place.
std::uint16_t transport_checksum(const IpAddress& from, const IpAddress& to, IpProtocol protocol,
                                 Bytes transport);

// Whole frames from the guest to the gateway's link address, lengths and checksums filled in. Those
// of either family go by their addresses.
Octets arp_frame(const ArpMessage& message);
Octets ip_frame(Ipv4Header header, Bytes payload);
Octets packet_frame(const IpHeader& header, Bytes payload);
Octets udp_frame(const Endpoint& from, const Endpoint& to, std::string_view payload,
                 std::uint8_t ttl = 64);
Octets tcp_frame(const IpAddress& from, const IpAddress& to, TcpHeader header,
                 const TcpOptions& options, Bytes payload);
Octets echo_frame(const IpAddress& from, const IpAddress& to, std::uint16_t identifier,
                  std::uint16_t sequence, std::string_view payload, std::uint8_t ttl = 64);

// A message of ICMPv6 without its checksum, which is filled in.
Octets icmpv6_frame(const IpAddress& from, const IpAddress& to, Octets message,
                    std::uint8_t hop_limit = 255);
// One of neighbor discovery.
template <typename Message>
Octets ndp_frame(const IpAddress& from, const IpAddress& to, const Message& message) {
  Octets bytes(message.size());
  message.emit(bytes);
  return icmpv6_frame(from, to, std::move(bytes));
}

}  // namespace sluice

#endif  // SLUICE_TESTS_SIM_GUEST_FRAMES_H_
