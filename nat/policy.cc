#include "nat/policy.h"

#include <algorithm>

#include "stack/bytes.h"

namespace sluice {
namespace {

// ::/96 (RFC 4291, section 2.5.5.1), which some systems read as the IPv4 address in it.
bool is_v4_compatible(const IpAddress& address) {
  constexpr std::size_t kPrefix = 12;
  const Bytes prefix = Bytes(address.octets()).first(kPrefix);
  return std::all_of(prefix.begin(), prefix.end(), [](std::uint8_t octet) { return octet == 0; });
}

}  // namespace

bool is_martian(const IpAddress& address) {
  if (address.is_unspecified() || address.is_loopback() || address.is_multicast()) return true;
  if (!address.is_v4()) return is_v4_compatible(address);
  const std::uint32_t first = address.v4_bits() >> 24;
  return first == 0 || first >= 240;
}

bool Policy::allows(const IpAddress& destination) const {
  if (config_.restricted) return false;
  if (destination.is_loopback()) return config_.host_loopback;
  return !is_martian(destination);
}

}  // namespace sluice
