// Opens the taps that the command line names.

#ifndef SLUICE_APP_OPEN_TAP_H_
#define SLUICE_APP_OPEN_TAP_H_

#include <memory>

#include "app/options/netdev.h"
#include "devices/link/guest_link.h"

namespace sluice {

// Made here, by a helper, or by somebody else; its script has been run, and its other one will be.
// Throws std::system_error or std::runtime_error that says what was tried.
std::unique_ptr<GuestLink> open_tap_netdev(const TapNetdev& tap);

}  // namespace sluice

#endif  // SLUICE_APP_OPEN_TAP_H_
