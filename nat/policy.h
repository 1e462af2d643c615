// What may be reached: one function, asked once for every new flow.
//
// It is asked about the translated destination, the address that a host socket would be given, so
// there is no second spelling by which the same place could be asked for. Who asks matters in one
// way only: what the user named on the command line (a forward) is allowed, since the user said so.
// Whatever a guest's packet names passes here, whichever protocol or path it takes.

#ifndef SLUICE_NAT_POLICY_H_
#define SLUICE_NAT_POLICY_H_

#include "nat/config.h"
#include "stack/address.h"

namespace sluice {

// Who named a destination.
enum class Origin : std::uint8_t {
  kGuest,  // a packet
  kUser,   // a forward
};

class Policy {
 public:
  explicit Policy(const PolicyConfig& config) : config_(config) {}

  bool allows(Origin origin, const IpAddress& destination) const;

 private:
  PolicyConfig config_;
};

// True for addresses that never are a destination on a wire between hosts: the unspecified and
// "this network", loopback, multicast, class E and the limited broadcast address (RFC 1122, section
// 3.2.1.3; RFC 6890). Systems read some of them as "this host".
bool is_martian(const IpAddress& address);

}  // namespace sluice

#endif  // SLUICE_NAT_POLICY_H_
