// Values of options that have a format of their own.

#ifndef SLUICE_SERVICES_DHCP_OPTION_VALUES_H_
#define SLUICE_SERVICES_DHCP_OPTION_VALUES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "stack/address.h"

namespace sluice {

// A route that clients are to have (option 121). IPv4 only.
struct DhcpRoute {
  Subnet destination;
  IpAddress router;
};

// The value of option 119 (RFC 3397): the names one after another, each ending in a pointer where
// its tail stands in front of it already. Throws std::invalid_argument, naming it, if one of them
// is no domain name. It may be longer than the 255 bytes of one option; emit() splits it.
std::vector<std::uint8_t> encode_domain_search(const std::vector<std::string>& names);

// The value of option 121 (RFC 3442): for each route the length of its prefix, as many octets of
// the destination as that covers, and the router.
std::vector<std::uint8_t> encode_classless_routes(const std::vector<DhcpRoute>& routes);

}  // namespace sluice

#endif  // SLUICE_SERVICES_DHCP_OPTION_VALUES_H_
