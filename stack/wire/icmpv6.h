// The types and codes of ICMP for IPv6 (RFC 4443; neighbour discovery's are RFC 4861's, multicast
// listener discovery's RFC 2710's and 3810's).

#ifndef SLUICE_STACK_WIRE_ICMPV6_H_
#define SLUICE_STACK_WIRE_ICMPV6_H_

#include <cstddef>
#include <cstdint>

namespace sluice {

enum class Icmpv6Type : std::uint8_t {
  kUnreachable = 1,
  kPacketTooBig = 2,  // the header's `rest` is the MTU
  kTimeExceeded = 3,
  kParameterProblem = 4,  // `rest` is the pointer
  kEchoRequest = 128,
  kEchoReply = 129,
  kMulticastListenerQuery = 130,
  kMulticastListenerReport = 131,
  kMulticastListenerDone = 132,
  kRouterSolicitation = 133,
  kRouterAdvertisement = 134,
  kNeighborSolicitation = 135,
  kNeighborAdvertisement = 136,
  kRedirect = 137,
  kMulticastListenerReport2 = 143,
};

// Codes of kUnreachable.
enum class Icmpv6UnreachableCode : std::uint8_t {
  kNoRoute = 0,
  kAdministrativelyProhibited = 1,
  kBeyondScope = 2,  // of the source address
  kAddress = 3,
  kPort = 4,
  kSourcePolicy = 5,
  kRouteRejected = 6,
};

// Codes of kTimeExceeded.
enum class Icmpv6TimeExceededCode : std::uint8_t { kHopLimit = 0, kReassembly = 1 };

// Codes of kParameterProblem.
enum class Icmpv6ProblemCode : std::uint8_t {
  kErroneousField = 0,
  kUnrecognizedNextHeader = 1,
  kUnrecognizedOption = 2,
  kIncompleteHeaderChain = 3,  // RFC 7112, of a first fragment
};

// What a parameter problem tells the sender of a packet.
struct Icmpv6Problem {
  Icmpv6ProblemCode code{};
  // Where in the packet, in bytes from its start. It may lie behind what the error can quote.
  std::uint32_t pointer = 0;

  friend bool operator==(const Icmpv6Problem&, const Icmpv6Problem&) = default;
};

// Errors quote the packet they are about and are never answered by an error. Types nobody has
// heard of are told apart too (section 2.1).
constexpr bool is_error(Icmpv6Type type) {
  return static_cast<std::uint8_t>(type) < 128;
}

// An error quotes as much of its packet as keeps the error's own packet, headers included, within
// these bytes: the smallest MTU that a link may have (RFC 4443, section 2.4 (c)).
inline constexpr std::size_t kIcmpv6MaxErrorPacket = 1280;

}  // namespace sluice

#endif  // SLUICE_STACK_WIRE_ICMPV6_H_
