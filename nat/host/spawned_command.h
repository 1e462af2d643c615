// A command whose standard input and output are one end of a pair of sockets.

#ifndef SLUICE_NAT_HOST_SPAWNED_COMMAND_H_
#define SLUICE_NAT_HOST_SPAWNED_COMMAND_H_

#include <sys/types.h>

#include "nat/host.h"
#include "nat/host/socket_call.h"
#include "posix/descriptor.h"

namespace sluice {

struct SpawnedCommand {
  OpenedSocket stream;  // our end, which does not block
  pid_t process = -1;   // to be waited for; the leader of a process group of its own
  Descriptor lifetime;  // a pidfd, readable when the process has ended; none on old systems
};

// Starts a command, without a shell. Its error output is ours, and it has the signals as a new
// process finds them. Errors are in `stream`: invalid_argument for a line that can't be split,
// no_such_file_or_directory or permission_denied for a command that can't be run.
SpawnedCommand spawn(const Command& target);

}  // namespace sluice

#endif  // SLUICE_NAT_HOST_SPAWNED_COMMAND_H_
