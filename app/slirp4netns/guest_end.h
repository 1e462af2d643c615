// Where frames of the guest come from and go to: the target of the command line, opened.

#ifndef SLUICE_APP_SLIRP4NETNS_GUEST_END_H_
#define SLUICE_APP_SLIRP4NETNS_GUEST_END_H_

#include "app/loop.h"
#include "app/slirp4netns/end_watch.h"
#include "app/slirp4netns/invocation.h"
#include "posix/descriptor.h"
#include "stack/network.h"

namespace sluice {

// Makes a tap in the namespace that is named, takes over one that is open, or waits until User Mode
// Linux has connected; meanwhile the loop runs, and none is returned if `end` is over. The process
// has one thread. Throws UsageError or std::system_error.
Descriptor open_guest_end(const Slirp4netnsInvocation& invocation, const Network& network,
                          Loop& loop, const EndWatch& end);

}  // namespace sluice

#endif  // SLUICE_APP_SLIRP4NETNS_GUEST_END_H_
