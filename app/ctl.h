// sluice ctl: asks a running network, and tells what it answers.

#ifndef SLUICE_APP_CTL_H_
#define SLUICE_APP_CTL_H_

#include "app/cli/invocation.h"

namespace sluice {

// Returns the exit status. Throws UsageError for words that are no request, std::runtime_error with
// what the network says against it, and std::system_error if none can be asked.
int run_ctl(const CtlInvocation& invocation);

}  // namespace sluice

#endif  // SLUICE_APP_CTL_H_
