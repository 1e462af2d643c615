// Interfaces of the network namespace that the caller is in.

#ifndef SLUICE_APP_NAMESPACE_INTERFACE_H_
#define SLUICE_APP_NAMESPACE_INTERFACE_H_

#include <cstdint>
#include <string>

#include "stack/address.h"

namespace sluice {

// How many frames the guest's kernel queues for the tap. A tap drops what overruns the queue, so it
// must hold more than all windows that are likely to be open at once: dozens, where frames are as
// large as the kernel makes them, or some where they are of an Ethernet's size.
inline constexpr int kTapQueueLength = 4096;

// Sets the MTU and the queue's length and brings the interface up. Throws std::system_error, as all
// of these do.
void prepare_tap(const std::string& name, std::uint16_t mtu);

// Sets the queue's length only: somebody else sets up the interface.
void lengthen_queue(const std::string& name);

// The interface is down.
void set_link_address(const std::string& name, const MacAddress& address);

// Gives the interface an address and sends everything that is not in the subnet to `gateway`.
void configure_interface(const std::string& name, const IpAddress& address, const Subnet& subnet,
                         const IpAddress& gateway);

// The same for IPv6. The address can be used at once: nobody else on the link could have it.
void configure_interface6(const std::string& name, const IpAddress& address, const Subnet& subnet,
                          const IpAddress& gateway);
// Whether the kernel has IPv6, and it is not switched off for new interfaces.
bool has_ipv6();

void bring_up(const std::string& name);

}  // namespace sluice

#endif  // SLUICE_APP_NAMESPACE_INTERFACE_H_
