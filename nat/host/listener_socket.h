// Listeners of forwarded ports: TCP and unix sockets.

#ifndef SLUICE_NAT_HOST_LISTENER_SOCKET_H_
#define SLUICE_NAT_HOST_LISTENER_SOCKET_H_

#include <sys/types.h>

#include <optional>
#include <string>

#include "nat/host/socket_call.h"
#include "posix/descriptor.h"
#include "stack/address.h"

namespace sluice {

// Listens on a TCP port. With `v6_only`, an IPv6 listener takes no IPv4 connections, so that both
// families can be listened on, each by its own rule.
OpenedSocket listen_tcp(const Endpoint& local, bool v6_only = true);

// Listens on a unix socket, SOCK_STREAM or SOCK_SEQPACKET, bound as by bind_socket_file().
OpenedSocket listen_unix(const std::string& path, int type = SOCK_STREAM, mode_t mode = 0777);

// Takes waiting connections off a listener, also when this process has no descriptor left.
class Acceptor {
 public:
  struct Result {
    Descriptor descriptor;  // none and operation_would_block when nobody waits
    std::errc error{};
    std::optional<Endpoint> peer;
  };

  Acceptor();
  // Connections that ended while they waited are passed over. Without a descriptor for them, all
  // that wait are reset, so that none of them waits for an edge that does not come; the error is
  // too_many_files_open or too_many_files_open_in_system.
  Result accept(int listener);

 private:
  void shed(int listener);

  Descriptor spare_;  // given up to accept a connection only to close it
};

}  // namespace sluice

#endif  // SLUICE_NAT_HOST_LISTENER_SOCKET_H_
