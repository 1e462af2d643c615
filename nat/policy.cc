#include "nat/policy.h"

namespace sluice {

bool is_martian(const IpAddress& address) {
  if (address.is_unspecified() || address.is_loopback() || address.is_multicast()) return true;
  if (!address.is_v4()) return false;
  const std::uint32_t first = address.v4_bits() >> 24;
  return first == 0 || first >= 240;
}

bool Policy::allows(const IpAddress& destination) const {
  if (config_.restricted) return false;
  if (destination.is_loopback()) return config_.host_loopback;
  return !is_martian(destination);
}

}  // namespace sluice
