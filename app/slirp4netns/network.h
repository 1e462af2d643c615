// The virtual network that a command line of slirp4netns describes.

#ifndef SLUICE_APP_SLIRP4NETNS_NETWORK_H_
#define SLUICE_APP_SLIRP4NETNS_NETWORK_H_

#include <string>

#include "app/cli/invocation.h"
#include "app/slirp4netns/invocation.h"
#include "stack/network.h"

namespace sluice {

// Where the guest is when its interface is configured, and where ports lead that name no address:
// .100 of the network.
IpAddress guest_address_of(const Network& network);

// Asks the system for the address of an outbound interface. Throws UsageError if there is none.
NetworkInvocation network_of(const Slirp4netnsInvocation& invocation);

}  // namespace sluice

#endif  // SLUICE_APP_SLIRP4NETNS_NETWORK_H_
