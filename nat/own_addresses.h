// Who in the virtual network is who: the addresses that are ours, and those a guest may have.

#ifndef SLUICE_NAT_OWN_ADDRESSES_H_
#define SLUICE_NAT_OWN_ADDRESSES_H_

#include <vector>

#include "stack/network.h"

namespace sluice {

class OwnAddresses {
 public:
  // Begins with those of gateway, router and DNS proxy. `network` outlives this.
  explicit OwnAddresses(const Network& network);

  void add(const IpAddress& address);
  void remove(const IpAddress& address);

  // It is ours: ARP, neighbor discovery and pings are answered for it.
  bool contains(const IpAddress& address) const;
  // A frame to that link address is for one of ours.
  bool contains(const MacAddress& mac) const;
  // An address of the virtual network that a guest may have.
  bool is_guests(const IpAddress& address) const;

 private:
  const Network& network_;
  std::vector<IpAddress> addresses_;
};

}  // namespace sluice

#endif  // SLUICE_NAT_OWN_ADDRESSES_H_
