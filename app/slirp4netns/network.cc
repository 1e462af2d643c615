#include "app/slirp4netns/network.h"

#include <ifaddrs.h>
#include <net/if.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <system_error>

#include "app/options/usage_error.h"
#include "posix/socket_address.h"

namespace sluice {
namespace {

// fd00::/64.
Subnet subnet6() {
  return Subnet(IpAddress::v6({0xfd}), 64);
}

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
  return address_at(network.v4.subnet, 100);
}

NetworkInvocation network_of(const Slirp4netnsInvocation& invocation) {
  NetworkInvocation result;
  UserNetworkOptions& options = result.network;
  const Subnet& subnet = invocation.network;
  Network& network = options.network;
  network.v4 = {.subnet = subnet, .host = address_at(subnet, 2), .dns = address_at(subnet, 3)};
  network.smb = address_at(subnet, 4);
  network.dhcp_start = address_at(subnet, 15);
  network.mtu = invocation.mtu;
  network.v6 = {.subnet = subnet6(), .host = subnet6().nth(2), .dns = subnet6().nth(3)};
  network.has_v6 = invocation.ipv6 && invocation.mtu >= Network::kMinMtu6;
  options.policy.host_loopback = invocation.host_loopback;
  options.serves_dns = invocation.dns;
  options.outbound = outbound_of("--outbound-addr", invocation.outbound, AF_INET);
  options.outbound6 = outbound_of("--outbound-addr6", invocation.outbound6, AF_INET6);
  return result;
}

}  // namespace sluice
