// What a guest may reach: one function, asked once for every new flow that a guest's packet opens.
//
// It is asked about the translated destination, the address that a host socket would be given, so
// there is no second spelling by which the same place could be asked for. Whatever a guest's packet
// names passes here, whichever protocol or path it takes. What the user named, a forward, does not:
// it is allowed because the user said so.

#ifndef SLUICE_NAT_POLICY_H_
#define SLUICE_NAT_POLICY_H_

#include "nat/config.h"
#include "stack/address.h"

namespace sluice {

class Policy {
 public:
  explicit Policy(const PolicyConfig& config) : config_(config) {}

  bool allows(const IpAddress& destination) const;

 private:
  PolicyConfig config_;
};

// True for addresses that never are a destination on a wire between hosts: the unspecified and
// "this network", loopback, multicast, class E and the limited broadcast address (RFC 1122, section
// 3.2.1.3; RFC 6890), and IPv6 addresses that only hold an IPv4 address (RFC 4291, section
// 2.5.5.1). Systems read some of them as "this host". The mapped form of an IPv4 address is that
// IPv4 address here, and none that an IPv6 packet can carry: such packets are refused at the
// border.
bool is_martian(const IpAddress& address);

}  // namespace sluice

#endif  // SLUICE_NAT_POLICY_H_
