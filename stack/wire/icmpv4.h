// The types and codes of ICMP for IPv4 (RFC 792; codes of RFC 1122 and 1812). Its header is in
// icmp.h.

#ifndef SLUICE_STACK_WIRE_ICMPV4_H_
#define SLUICE_STACK_WIRE_ICMPV4_H_

#include <cstdint>

namespace sluice {

enum class IcmpType : std::uint8_t {
  kEchoReply = 0,
  kUnreachable = 3,
  kSourceQuench = 4,
  kRedirect = 5,
  kEchoRequest = 8,
  kTimeExceeded = 11,
  kParameterProblem = 12,
};

// Codes of kUnreachable.
enum class UnreachableCode : std::uint8_t {
  kNet = 0,
  kHost = 1,
  kProtocol = 2,
  kPort = 3,
  kFragmentationNeeded = 4,
  kAdministrativelyProhibited = 13,
};

// Errors quote the packet they are about and are never answered by an error.
constexpr bool is_error(IcmpType type) {
  return type == IcmpType::kUnreachable || type == IcmpType::kSourceQuench ||
         type == IcmpType::kRedirect || type == IcmpType::kTimeExceeded ||
         type == IcmpType::kParameterProblem;
}

}  // namespace sluice

#endif  // SLUICE_STACK_WIRE_ICMPV4_H_
