#include "nat/own_addresses.h"

#include <algorithm>

namespace sluice {

OwnAddresses::OwnAddresses(const Network& network) : network_(network) {
  const auto add_those_of = [this](const AddressPlan& plan) {
    add(plan.host);
    if (plan.has_dns_proxy()) add(plan.dns);
  };
  if (network.has_v4) add_those_of(network.v4);
  if (network.has_v6) {
    add_those_of(network.v6);
    add(network.router());
  }
}

void OwnAddresses::add(const IpAddress& address) {
  if (!contains(address)) addresses_.push_back(address);
}

void OwnAddresses::remove(const IpAddress& address) {
  std::erase(addresses_, address);
}

bool OwnAddresses::contains(const IpAddress& address) const {
  return std::find(addresses_.begin(), addresses_.end(), address) != addresses_.end();
}

bool OwnAddresses::contains(const MacAddress& mac) const {
  return std::any_of(addresses_.begin(), addresses_.end(),
                     [&](const IpAddress& address) { return mac == Network::mac_of(address); });
}

bool OwnAddresses::is_guests(const IpAddress& address) const {
  // The network's own address: of IPv6, that of any router (RFC 4291, section 2.6.1).
  const bool has_family = address.is_v4() ? network_.has_v4 : network_.has_v6;
  return has_family && network_.is_inside(address) &&
         address != network_.of(address).subnet.base() && !network_.is_broadcast(address) &&
         !contains(address);
}

}  // namespace sluice
