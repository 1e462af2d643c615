// What follows an IP header: the Protocol field of IPv4 and the Next Header field of IPv6, which
// are one registry.

#ifndef SLUICE_STACK_WIRE_IP_PROTOCOL_H_
#define SLUICE_STACK_WIRE_IP_PROTOCOL_H_

#include <cstdint>

namespace sluice {

enum class IpProtocol : std::uint8_t {
  kHopByHop = 0,  // IPv6
  kIcmp = 1,
  kTcp = 6,
  kUdp = 17,
  kRouting = 43,   // IPv6
  kFragment = 44,  // IPv6
  kIcmpv6 = 58,
  kNoNextHeader = 59,        // IPv6: nothing follows
  kDestinationOptions = 60,  // IPv6
};

}  // namespace sluice

#endif  // SLUICE_STACK_WIRE_IP_PROTOCOL_H_
