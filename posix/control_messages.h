// Descriptors that travel beside the bytes of a unix socket (unix(7), SCM_RIGHTS).

#ifndef SLUICE_POSIX_CONTROL_MESSAGES_H_
#define SLUICE_POSIX_CONTROL_MESSAGES_H_

#include <sys/socket.h>

#include <vector>

#include "posix/descriptor.h"

namespace sluice {

// Those that have come with what recvmsg(2) has read; each is owned from here on.
std::vector<Descriptor> received_descriptors(msghdr& message);

// Sends bytes with descriptors beside them, which stay the caller's. As sendmsg(2).
ssize_t send_with_descriptors(int socket, iovec bytes, const std::vector<int>& descriptors,
                              int flags);

}  // namespace sluice

#endif  // SLUICE_POSIX_CONTROL_MESSAGES_H_
