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
//
// The command ends with this process, however that ends. Not so with `from_embedded`, in a process
// that is somebody else's: the system ends it with the thread that started it, which here may be
// any. And then it gets none of the descriptors that others have left open for commands of their
// own.
SpawnedCommand spawn(const Command& target, bool from_embedded = false);

}  // namespace sluice

#endif  // SLUICE_NAT_HOST_SPAWNED_COMMAND_H_
