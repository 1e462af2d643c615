// How the virtual network's addresses and the host's name each other.
//
// The gateway's address, of either family, stands for the host's loopback. The rest of the virtual
// network leads nowhere but to services; every other address is itself. In the other direction,
// whatever of the host has an address that a guest can't tell from its own neighbours or itself
// (loopback, or the virtual network's addresses used once more outside), or that it can't write at
// all (the other family's), appears as the gateway.

#ifndef SLUICE_NAT_TRANSLATION_H_
#define SLUICE_NAT_TRANSLATION_H_

#include <optional>

#include "stack/network.h"

namespace sluice {

class Translation {
 public:
  // `network` outlives this.
  explicit Translation(const Network& network) : network_(network) {}

  // Where packets to `address` really lead; nullopt for an address of the virtual network that
  // stands for nothing outside.
  std::optional<IpAddress> outward(const IpAddress& address) const;
  // As whom a guest sees the host `address` that knows the gateway as `gateway`.
  IpAddress inward(const IpAddress& address, const IpAddress& gateway) const;

 private:
  const Network& network_;
};

}  // namespace sluice

#endif  // SLUICE_NAT_TRANSLATION_H_
