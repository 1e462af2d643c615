// How a TCP socket ends without a word.

#ifndef SLUICE_POSIX_RESET_ON_CLOSE_H_
#define SLUICE_POSIX_RESET_ON_CLOSE_H_

#include <sys/socket.h>

namespace sluice {

// Makes the coming close of a TCP socket send a reset. Other sockets close as always.
inline void reset_on_close(int socket) {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

}  // namespace sluice

#endif  // SLUICE_POSIX_RESET_ON_CLOSE_H_
