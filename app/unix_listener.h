// A unix socket that others connect to, and its file.

#ifndef SLUICE_APP_UNIX_LISTENER_H_
#define SLUICE_APP_UNIX_LISTENER_H_

#include <sys/types.h>

#include <string>

#include "nat/host/listener_socket.h"
#include "posix/acceptor.h"
#include "posix/descriptor.h"
#include "posix/socket_file.h"

namespace sluice {

class UnixListener {
 public:
  // Listens at `path`, for SOCK_STREAM or SOCK_SEQPACKET. A socket that nobody listens at any more
  // is replaced; anything else there is left alone. Throws std::system_error. The file is removed
  // with this object, as far as it can be reached then and still is the same.
  UnixListener(const std::string& path, int type, mode_t mode = 0777)
      : socket_(listen_at(path, type, mode)), file_(path) {}

  int descriptor() const { return socket_.get(); }
  // The next one that has connected, nonblocking; none if nobody waits.
  Descriptor accept() { return acceptor_.accept(socket_.get()).descriptor; }

 private:
  static Descriptor listen_at(const std::string& path, int type, mode_t mode);

  Descriptor socket_;
  Acceptor acceptor_;
  SocketFile file_;
};

}  // namespace sluice

#endif  // SLUICE_APP_UNIX_LISTENER_H_
