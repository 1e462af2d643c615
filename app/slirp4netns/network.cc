#include "app/slirp4netns/network.h"

#include <ifaddrs.h>
#include <net/if.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <system_error>

#include "app/log.h"
#include "app/options/usage_error.h"
#include "nat/host/socket_address.h"

namespace sluice {
namespace {

IpAddress address_at(const Subnet& subnet, std::uint32_t offset) {
  return IpAddress::v4(subnet.base().v4_bits() + offset);
}

// The first address of `family` that an interface has; one that only its own link knows if it has
// no other.
std::optional<IpAddress> address_of_interface(const std::string& name, int family) {
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0) {
    throw std::system_error(errno, std::generic_category(),
                            "can't ask for the addresses of interface " + name);
  }
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owner(all, &::freeifaddrs);
  std::optional<IpAddress> found;
  for (const ifaddrs* one = all; one != nullptr; one = one->ifa_next) {
    if (one->ifa_addr == nullptr || one->ifa_addr->sa_family != family || name != one->ifa_name) {
      continue;
    }
    SocketAddress address;
    const std::size_t size = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
    std::memcpy(address.data(), one->ifa_addr, size);
    const std::optional<Endpoint> endpoint = address.endpoint();
    if (!endpoint) continue;
    if (!endpoint->address.is_link_local()) return endpoint->address;
    if (!found) found = endpoint->address;
  }
  return found;
}

std::optional<IpAddress> outbound_of(const std::string& option, const std::string& text,
                                     int family) {
  if (text.empty()) return std::nullopt;
  const bool v4 = family == AF_INET;
  const auto address = IpAddress::parse(text);
  if (address && address->is_v4() == v4) return address;
  const auto found = address_of_interface(text, family);
  if (!found) {
    throw UsageError(option + " has to be a valid " + (v4 ? "IPv4" : "IPv6") +
                     " address, or the name of an interface that has one; '" + text +
                     "' is neither");
  }
  return found;
}

}  // namespace

IpAddress guest_address_of(const Network& network) {
  return address_at(network.subnet, 100);
}

NetworkInvocation network_of(const Slirp4netnsInvocation& invocation) {
  NetworkInvocation result;
  UserNetworkOptions& options = result.network;
  const Subnet& subnet = invocation.network;
  options.network = {.subnet = subnet,
                     .host = address_at(subnet, 2),
                     .dns = address_at(subnet, 3),
                     .smb = address_at(subnet, 4),
                     .dhcp_start = address_at(subnet, 15),
                     .mtu = invocation.mtu};
  options.policy.host_loopback = invocation.host_loopback;
  options.dns_proxy = invocation.dns;
  options.outbound = outbound_of("--outbound-addr", invocation.outbound, AF_INET);
  const auto outbound6 = outbound_of("--outbound-addr6", invocation.outbound6, AF_INET6);
  // IPv6: this is the one place where invocation.ipv6 (the network fd00::/64 with the gateway ::2
  // and the name server ::3) and `outbound6` are to be passed on.
  static_cast<void>(outbound6);
  if (invocation.ipv6) log::warning("there is no IPv6 yet: --enable-ipv6 has no effect");
  return result;
}

}  // namespace sluice
