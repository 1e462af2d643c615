// Opens the links that the command line names.

#ifndef SLUICE_APP_OPEN_LINK_H_
#define SLUICE_APP_OPEN_LINK_H_

#include <memory>

#include "app/cli/invocation.h"
#include "app/options/netdev.h"
#include "devices/link/guest_link.h"

namespace sluice {

// Any kind but the user network and hub ports, with what is put on it. What becomes
// of it later is logged. Throws std::system_error that says what was tried.
std::unique_ptr<GuestLink> open_link(const Netdev& netdev, const RunInvocation& invocation);

}  // namespace sluice

#endif  // SLUICE_APP_OPEN_LINK_H_
