// What can go wrong on a packet's way, in words that both families have, and how each tells it.

#ifndef SLUICE_NAT_PATH_ERROR_H_
#define SLUICE_NAT_PATH_ERROR_H_

#include <cstdint>
#include <optional>
#include <system_error>

#include "stack/wire/icmp.h"

namespace sluice {

struct PathError {
  enum class Kind : std::uint8_t {
    kNoRoute,
    kBeyondScope,  // the source means nothing where the destination is (RFC 4007, section 9)
    kNoHost,
    kNoPort,
    kNoProtocol,  // value: where in the IPv6 packet the protocol is named
    kProhibited,
    kTooBig,    // value: the largest packet, in bytes, of the family that told it
    kHopLimit,  // the packet has passed too many routers
    kTooLate,   // its fragments did not come in time
  };

  Kind kind = Kind::kNoRoute;
  std::uint32_t value = 0;

  friend bool operator==(const PathError&, const PathError&) = default;
};

// A message of either ICMP without its quotation.
struct IcmpMessage {
  AnyIcmpType type;
  std::uint8_t code = 0;
  std::uint32_t rest = 0;

  friend bool operator==(const IcmpMessage&, const IcmpMessage&) = default;
};

// What an error of a host socket says about the way to the destination; nullopt: nothing.
std::optional<PathError> path_error(std::errc error);

// How it is told to a guest of IPv4 (RFC 792, RFC 1812) and of IPv6 (RFC 4443).
IcmpMessage icmpv4_message(const PathError& error);
IcmpMessage icmpv6_message(const PathError& error);

// The same in the other family's words (RFC 7915, sections 4.2 and 5.2); nullopt for what it has
// no word for.
std::optional<IcmpMessage> icmpv4_of_icmpv6(const IcmpMessage& message);
std::optional<IcmpMessage> icmpv6_of_icmpv4(const IcmpMessage& message);

}  // namespace sluice

#endif  // SLUICE_NAT_PATH_ERROR_H_
