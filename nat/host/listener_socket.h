// Listeners of forwarded ports: TCP and unix sockets.

#ifndef SLUICE_NAT_HOST_LISTENER_SOCKET_H_
#define SLUICE_NAT_HOST_LISTENER_SOCKET_H_

#include <sys/types.h>

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

}  // namespace sluice

#endif  // SLUICE_NAT_HOST_LISTENER_SOCKET_H_
