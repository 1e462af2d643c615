#include "stack/network.h"

namespace sluice {

MacAddress Network::mac_of(const IpAddress& address) {
  const auto& octets = address.octets();
  return MacAddress({0x52, 0x55, octets[12], octets[13], octets[14], octets[15]});
}

}  // namespace sluice
