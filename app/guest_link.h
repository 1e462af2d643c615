// The link that a descriptor of frames is.

#ifndef SLUICE_APP_GUEST_LINK_H_
#define SLUICE_APP_GUEST_LINK_H_

#include <memory>

#include "devices/link/guest_link.h"
#include "posix/descriptor.h"

namespace sluice {

// Takes a tap of open_tap(), or any other descriptor at which each packet is an Ethernet frame.
// Throws std::system_error.
std::unique_ptr<GuestLink> guest_link(Descriptor descriptor);

}  // namespace sluice

#endif  // SLUICE_APP_GUEST_LINK_H_
