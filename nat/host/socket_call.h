// What system calls on sockets return, as values.

#ifndef SLUICE_NAT_HOST_SOCKET_CALL_H_
#define SLUICE_NAT_HOST_SOCKET_CALL_H_

#include <sys/socket.h>

#include <cerrno>
#include <system_error>

#include "posix/descriptor.h"

namespace sluice {

// The error of the system call that has just failed. EAGAIN is operation_would_block.
inline std::errc last_error() {
  return static_cast<std::errc>(errno);
}

// A new socket, or why there is none.
struct OpenedSocket {
  Descriptor descriptor;
  std::errc error{};
};

inline OpenedSocket failed_socket() {
  return {.descriptor = Descriptor(), .error = last_error()};
}

// True if the socket took the option.
inline bool set_option(const Descriptor& socket, int level, int name, int value) {
  return ::setsockopt(socket.get(), level, name, &value, sizeof value) == 0;
}

}  // namespace sluice

#endif  // SLUICE_NAT_HOST_SOCKET_CALL_H_
