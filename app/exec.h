// sluice exec: a command in a virtual network of its own.

#ifndef SLUICE_APP_EXEC_H_
#define SLUICE_APP_EXEC_H_

#include "app/cli/invocation.h"

namespace sluice {

// Returns the command's status, 128+N if signal N ended it. Throws UsageError or, when the network
// can't be set up, std::system_error.
int run_exec(const ExecInvocation& invocation);

}  // namespace sluice

#endif  // SLUICE_APP_EXEC_H_
