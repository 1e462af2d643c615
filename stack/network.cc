#include "stack/network.h"

namespace sluice {

MacAddress Network::mac_of(const IpAddress& address) {
  const auto& octets = address.octets();
  const std::uint8_t family = address.is_v4() ? 0x55 : 0x56;
  return MacAddress({0x52, family, octets[12], octets[13], octets[14], octets[15]});
}

}  // namespace sluice
