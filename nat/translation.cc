#include "nat/translation.h"

namespace sluice {

std::optional<IpAddress> Translation::outward(const IpAddress& address) const {
  if (address == network_.host) return IpAddress::v4(127, 0, 0, 1);
  if (network_.subnet.contains(address)) return std::nullopt;
  return address;
}

IpAddress Translation::inward(const IpAddress& address) const {
  const bool hidden = address.is_loopback() || address.is_unspecified() ||
                      address.is_v4() != network_.host.is_v4() || network_.subnet.contains(address);
  return hidden ? network_.host : address;
}

}  // namespace sluice
