#include "nat/translation.h"

namespace sluice {
namespace {

constexpr IpAddress kLoopback = IpAddress::v4(127, 0, 0, 1);
constexpr IpAddress kLoopback6 = IpAddress::v6({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});

}  // namespace

std::optional<IpAddress> Translation::outward(const IpAddress& address) const {
  if (network_.is_gateway(address)) return address.is_v4() ? kLoopback : kLoopback6;
  if (network_.is_inside(address)) return std::nullopt;
  return address;
}

IpAddress Translation::inward(const IpAddress& address, const IpAddress& gateway) const {
  const bool hidden = address.is_loopback() || address.is_unspecified() ||
                      address.is_v4() != gateway.is_v4() || network_.is_inside(address);
  return hidden ? gateway : address;
}

}  // namespace sluice
