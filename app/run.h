// sluice run: a network in a process of its own.

#ifndef SLUICE_APP_RUN_H_
#define SLUICE_APP_RUN_H_

#include "app/cli/invocation.h"

namespace sluice {

// Runs until a signal asks for the end, or nobody can be connected any more. Returns the exit
// status. Throws std::system_error for what can't be set up.
int run_network(const RunInvocation& invocation);

}  // namespace sluice

#endif  // SLUICE_APP_RUN_H_
