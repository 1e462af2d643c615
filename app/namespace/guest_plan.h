// How the inside of a namespace is to look.

#ifndef SLUICE_APP_NAMESPACE_GUEST_PLAN_H_
#define SLUICE_APP_NAMESPACE_GUEST_PLAN_H_

#include <string>
#include <vector>

#include "stack/network.h"

namespace sluice {

struct GuestPlan {
  Network network;
  std::string tap_name = "tap0";
  // Set address and route; otherwise the guest runs a DHCP client.
  bool configure = true;
  // Domains that the guest's resolv.conf searches.
  std::vector<std::string> search;
};

}  // namespace sluice

#endif  // SLUICE_APP_NAMESPACE_GUEST_PLAN_H_
