#include "nat/path_error.h"

#include <algorithm>

#include "stack/network.h"
#include "stack/wire/icmpv4.h"
#include "stack/wire/icmpv6.h"
#include "stack/wire/ipv6.h"

namespace sluice {
namespace {

using Kind = PathError::Kind;

// What the headers of the families differ by, in bytes (RFC 7915, sections 4.2 and 5.2).
constexpr std::uint32_t kHeaderDifference = 20;
constexpr std::uint32_t kMaxV4Mtu = 0xffff;

// Codes of "time exceeded", which are the same in both.
constexpr auto kHopLimitCode = static_cast<std::uint8_t>(Icmpv6TimeExceededCode::kHopLimit);
constexpr auto kReassemblyCode = static_cast<std::uint8_t>(Icmpv6TimeExceededCode::kReassembly);

IcmpMessage unreachable(UnreachableCode code, std::uint32_t rest = 0) {
  return {IcmpType::kUnreachable, static_cast<std::uint8_t>(code), rest};
}

IcmpMessage unreachable(Icmpv6UnreachableCode code) {
  return {Icmpv6Type::kUnreachable, static_cast<std::uint8_t>(code)};
}

// What each ICMP has told; nullopt for what says nothing, or nothing to the other family.
std::optional<PathError> path_error_of_icmpv4(const IcmpMessage& message) {
  if (message.type == IcmpType::kTimeExceeded) {
    return PathError{message.code == kHopLimitCode ? Kind::kHopLimit : Kind::kTooLate};
  }
  if (message.type != IcmpType::kUnreachable) return std::nullopt;
  constexpr std::uint8_t kNetProhibited = 9;
  constexpr std::uint8_t kHostProhibited = 10;
  constexpr std::uint8_t kPrecedenceViolation = 14;
  constexpr std::uint8_t kPrecedenceCutoff = 15;
  switch (message.code) {
    case static_cast<std::uint8_t>(UnreachableCode::kProtocol):
      return PathError{Kind::kNoProtocol, Ipv6Header::kNextHeaderOffset};
    case static_cast<std::uint8_t>(UnreachableCode::kPort):
      return PathError{Kind::kNoPort};
    case static_cast<std::uint8_t>(UnreachableCode::kFragmentationNeeded):
      return PathError{Kind::kTooBig, message.rest & kMaxV4Mtu};
    case static_cast<std::uint8_t>(UnreachableCode::kAdministrativelyProhibited):
    case kNetProhibited:
    case kHostProhibited:
    case kPrecedenceCutoff:
      return PathError{Kind::kProhibited};
    case kPrecedenceViolation:
      return std::nullopt;
    default:
      return PathError{Kind::kNoRoute};
  }
}

std::optional<PathError> path_error_of_icmpv6(const IcmpMessage& message) {
  if (message.type == Icmpv6Type::kPacketTooBig) return PathError{Kind::kTooBig, message.rest};
  if (message.type == Icmpv6Type::kTimeExceeded) {
    return PathError{message.code == kHopLimitCode ? Kind::kHopLimit : Kind::kTooLate};
  }
  if (message.type == Icmpv6Type::kParameterProblem) {
    const bool next_header =
        message.code == static_cast<std::uint8_t>(Icmpv6ProblemCode::kUnrecognizedNextHeader);
    return next_header ? std::optional(PathError{Kind::kNoProtocol, message.rest}) : std::nullopt;
  }
  if (message.type != Icmpv6Type::kUnreachable) return std::nullopt;
  switch (static_cast<Icmpv6UnreachableCode>(message.code)) {
    case Icmpv6UnreachableCode::kAdministrativelyProhibited:
      return PathError{Kind::kProhibited};
    case Icmpv6UnreachableCode::kPort:
      return PathError{Kind::kNoPort};
    case Icmpv6UnreachableCode::kBeyondScope:
      return PathError{Kind::kBeyondScope};
    case Icmpv6UnreachableCode::kNoRoute:
    case Icmpv6UnreachableCode::kAddress:
      return PathError{Kind::kNoHost};
    default:
      return std::nullopt;
  }
}

}  // namespace

std::optional<PathError> path_error(std::errc error) {
  switch (error) {
    case std::errc::connection_refused:
      return PathError{Kind::kNoPort};
    case std::errc::network_unreachable:
    case std::errc::network_down:
    case std::errc::address_family_not_supported:
    case std::errc::address_not_available:
    case std::errc::invalid_argument:  // a destination that the socket's own address can't reach
      return PathError{Kind::kNoRoute};
    case std::errc::host_unreachable:
      return PathError{Kind::kNoHost};
    case std::errc::permission_denied:
    case std::errc::operation_not_permitted:
      return PathError{Kind::kProhibited};
    default:
      return std::nullopt;
  }
}

IcmpMessage icmpv4_message(const PathError& error) {
  switch (error.kind) {
    case Kind::kBeyondScope:
    case Kind::kNoHost:
      return unreachable(UnreachableCode::kHost);
    case Kind::kNoPort:
      return unreachable(UnreachableCode::kPort);
    case Kind::kNoProtocol:
      return unreachable(UnreachableCode::kProtocol);
    case Kind::kProhibited:
      return unreachable(UnreachableCode::kAdministrativelyProhibited);
    case Kind::kTooBig:
      return unreachable(UnreachableCode::kFragmentationNeeded, std::min(error.value, kMaxV4Mtu));
    case Kind::kHopLimit:
      return {IcmpType::kTimeExceeded, kHopLimitCode};
    case Kind::kTooLate:
      return {IcmpType::kTimeExceeded, kReassemblyCode};
    case Kind::kNoRoute:
      break;
  }
  return unreachable(UnreachableCode::kNet);
}

IcmpMessage icmpv6_message(const PathError& error) {
  switch (error.kind) {
    case Kind::kBeyondScope:
      return unreachable(Icmpv6UnreachableCode::kBeyondScope);
    case Kind::kNoHost:
      return unreachable(Icmpv6UnreachableCode::kAddress);
    case Kind::kNoPort:
      return unreachable(Icmpv6UnreachableCode::kPort);
    case Kind::kProhibited:
      return unreachable(Icmpv6UnreachableCode::kAdministrativelyProhibited);
    case Kind::kNoProtocol:
      return {Icmpv6Type::kParameterProblem,
              static_cast<std::uint8_t>(Icmpv6ProblemCode::kUnrecognizedNextHeader), error.value};
    case Kind::kTooBig:
      return {Icmpv6Type::kPacketTooBig, 0, error.value};
    case Kind::kHopLimit:
      return {Icmpv6Type::kTimeExceeded, kHopLimitCode};
    case Kind::kTooLate:
      return {Icmpv6Type::kTimeExceeded, kReassemblyCode};
    case Kind::kNoRoute:
      break;
  }
  return unreachable(Icmpv6UnreachableCode::kNoRoute);
}

std::optional<IcmpMessage> icmpv4_of_icmpv6(const IcmpMessage& message) {
  std::optional<PathError> error = path_error_of_icmpv6(message);
  if (!error) return std::nullopt;
  if (error->kind == Kind::kTooBig) error->value -= std::min(error->value, kHeaderDifference);
  return icmpv4_message(*error);
}

std::optional<IcmpMessage> icmpv6_of_icmpv4(const IcmpMessage& message) {
  std::optional<PathError> error = path_error_of_icmpv4(message);
  if (!error) return std::nullopt;
  // RFC 7915, section 4.2: never less than what every link takes.
  if (error->kind == Kind::kTooBig) {
    error->value = std::max<std::uint32_t>(Network::kMinMtu6, error->value + kHeaderDifference);
  }
  return icmpv6_message(*error);
}

}  // namespace sluice
