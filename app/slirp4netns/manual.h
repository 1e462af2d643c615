// What slirp4netns says of itself.
//
// podman, buildah and RootlessKit look for names of options in the help, and tools that report
// versions read the lines of the other text.

#ifndef SLUICE_APP_SLIRP4NETNS_MANUAL_H_
#define SLUICE_APP_SLIRP4NETNS_MANUAL_H_

#include <string>

#include "app/slirp4netns/invocation.h"
#include "stack/network.h"

namespace sluice {

std::string slirp4netns_help();
std::string slirp4netns_version();

// What is told on standard output when the network is about to run.
std::string start_message(const Slirp4netnsInvocation& invocation, const Network& network);

}  // namespace sluice

#endif  // SLUICE_APP_SLIRP4NETNS_MANUAL_H_
