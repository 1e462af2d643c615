// sluice attach: a network for a namespace that already exists.

#ifndef SLUICE_APP_ATTACH_H_
#define SLUICE_APP_ATTACH_H_

#include "app/cli/invocation.h"

namespace sluice {

// Returns 0 when the namespace has ended or a signal has asked for the end. Throws UsageError or,
// when the network can't be set up, std::system_error.
int run_attach(const AttachInvocation& invocation);

}  // namespace sluice

#endif  // SLUICE_APP_ATTACH_H_
