// The command line of slirp4netns.
//
// It is read as the original reads it, by getopt_long(3): options may stand behind the target,
// their names may be shortened, and one that is given twice counts as given last. Callers such as
// podman and RootlessKit were made for that.

#ifndef SLUICE_APP_SLIRP4NETNS_COMMAND_LINE_H_
#define SLUICE_APP_SLIRP4NETNS_COMMAND_LINE_H_

#include <string>
#include <variant>
#include <vector>

#include "app/cli/invocation.h"
#include "app/slirp4netns/invocation.h"

namespace sluice {

// `arguments` without the program's own name. Throws UsageError. Whether what is named exists is
// not looked at here.
std::variant<TextInvocation, Slirp4netnsInvocation> parse_slirp4netns(
    const std::vector<std::string>& arguments);

}  // namespace sluice

#endif  // SLUICE_APP_SLIRP4NETNS_COMMAND_LINE_H_
