// sluice replay: a capture against the core, on the capture's clock.

#ifndef SLUICE_APP_REPLAY_H_
#define SLUICE_APP_REPLAY_H_

#include "app/cli/invocation.h"

namespace sluice {

// Returns the status to exit with. Throws UsageError, or what its parts throw when the capture
// can't be read or the output not be written.
int run_replay(const ReplayInvocation& invocation);

}  // namespace sluice

#endif  // SLUICE_APP_REPLAY_H_
