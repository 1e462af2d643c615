// slirp4netns: Sluice in the place of another program.

#ifndef SLUICE_APP_SLIRP4NETNS_SLIRP4NETNS_H_
#define SLUICE_APP_SLIRP4NETNS_SLIRP4NETNS_H_

#include "app/slirp4netns/invocation.h"

namespace sluice {

// Returns 0 when the guest or the exit descriptor's other end is gone; after a signal that asks for
// the end it tidies up and ends by that signal. Throws UsageError or, when the network can't be set
// up, std::system_error.
int run_slirp4netns(const Slirp4netnsInvocation& invocation);

}  // namespace sluice

#endif  // SLUICE_APP_SLIRP4NETNS_SLIRP4NETNS_H_
