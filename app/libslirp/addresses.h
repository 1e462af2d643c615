// Addresses as libslirp's callers write them.

#ifndef SLUICE_APP_LIBSLIRP_ADDRESSES_H_
#define SLUICE_APP_LIBSLIRP_ADDRESSES_H_

#include <netinet/in.h>
#include <sys/socket.h>

#include <optional>

#include "nat/host.h"
#include "stack/address.h"

namespace sluice {

IpAddress ip_address(const in_addr& address);
IpAddress ip_address(const in6_addr& address);
// Of an IPv4 address.
in_addr raw_address(const IpAddress& address);

// 1 to 65535, and 0 where `may_be_zero`; nullopt for anything else.
std::optional<std::uint16_t> port_number(int port, bool may_be_zero);

// The address that `size` bytes at `address` are; nullopt if they are none that is known here.
std::optional<Endpoint> endpoint_at(const sockaddr* address, socklen_t size);
// The same, or the path of a unix socket.
std::optional<decltype(ListenAddress::local)> local_at(const sockaddr* address, socklen_t size);

}  // namespace sluice

#endif  // SLUICE_APP_LIBSLIRP_ADDRESSES_H_
