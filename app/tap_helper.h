// A tap that a helper opens for us, with privileges that we lack, as Debian's qemu-bridge-helper
// does: it makes the interface, puts it on a bridge, and hands its descriptor over.
//
// It is told where: --fd=N, one end of a pair of sockets, and --br=BRIDGE; and --use-vnet, that the
// tap is to have virtio headers.

#ifndef SLUICE_APP_TAP_HELPER_H_
#define SLUICE_APP_TAP_HELPER_H_

#include <string>

#include "app/aiding_command.h"
#include "posix/descriptor.h"

namespace sluice {

// `helper` is a program, or a line with words of its own, which may name the bridge. Throws
// std::system_error or std::runtime_error.
Descriptor tap_of_helper(const std::string& helper, const std::string& bridge,
                         Duration patience = AidingCommand::kPatience);

}  // namespace sluice

#endif  // SLUICE_APP_TAP_HELPER_H_
