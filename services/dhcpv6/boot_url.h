// Where to boot from, as DHCPv6 says it: one URL (RFC 5970, section 3.1), where DHCP has the name
// of a server and that of a file.

#ifndef SLUICE_SERVICES_DHCPV6_BOOT_URL_H_
#define SLUICE_SERVICES_DHCPV6_BOOT_URL_H_

#include <optional>
#include <string>
#include <string_view>

#include "stack/address.h"

namespace sluice {

// The URL of `boot_file`: itself if it is one, else that of a file at the TFTP server of this name,
// or without a name at `tftp_server` (RFC 3617). Empty without a boot file.
std::string boot_url_of(const std::string& boot_file, const std::string& tftp_server_name,
                        const IpAddress& tftp_server);

// The address of a URL's host; nullopt if it is not a URL or has a host with a name.
std::optional<IpAddress> address_in_url(std::string_view url);

}  // namespace sluice

#endif  // SLUICE_SERVICES_DHCPV6_BOOT_URL_H_
