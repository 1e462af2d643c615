// How the inside of a namespace is to look.

#ifndef SLUICE_APP_NAMESPACE_GUEST_PLAN_H_
#define SLUICE_APP_NAMESPACE_GUEST_PLAN_H_

#include <optional>
#include <string>
#include <vector>

#include "stack/address.h"
#include "stack/network.h"

namespace sluice {

struct GuestPlan {
  Network network;
  std::string tap_name = "tap0";
  // Set the interface's MTU and bring it up; otherwise both are left as they are.
  bool bring_up = true;
  std::optional<MacAddress> mac;  // of the interface; nullopt: as it is
  // Set address and route; otherwise the guest runs a DHCP client.
  bool configure = true;
  std::optional<IpAddress> address;  // that is set; nullopt: the first lease
  // Domains that the guest's resolv.conf searches.
  std::vector<std::string> search;
};

}  // namespace sluice

#endif  // SLUICE_APP_NAMESPACE_GUEST_PLAN_H_
