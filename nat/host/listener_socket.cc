#include "nat/host/listener_socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utility>

#include "posix/socket_address.h"
#include "posix/socket_file.h"

namespace sluice {

OpenedSocket listen_tcp(const Endpoint& local, bool v6_only) {
  const int family = socket_family(local.address);
  Descriptor socket(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
  if (!socket) return failed_socket();
  // Without it, a port can't be listened on for a minute after its last connection ended.
  set_option(socket, SOL_SOCKET, SO_REUSEADDR, 1);
  // Accepted connections inherit these (Linux), which saves two calls for each.
  set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(socket, SOL_SOCKET, SO_OOBINLINE, 1);
  if (family == AF_INET6) set_option(socket, IPPROTO_IPV6, IPV6_V6ONLY, v6_only ? 1 : 0);
  const SocketAddress address(local);
  if (::bind(socket.get(), address.data(), address.size()) < 0) return failed_socket();
  if (::listen(socket.get(), SOMAXCONN) < 0) return failed_socket();
  return {.descriptor = std::move(socket), .error = {}};
}

OpenedSocket listen_unix(const std::string& path, int type, mode_t mode) {
  Descriptor socket(::socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) return failed_socket();
  if (const std::errc error = bind_socket_file(socket, path, mode); error != std::errc{}) {
    return {.descriptor = Descriptor(), .error = error};
  }
  if (::listen(socket.get(), SOMAXCONN) < 0) {
    OpenedSocket failed = failed_socket();
    ::unlink(path.c_str());
    return failed;
  }
  return {.descriptor = std::move(socket), .error = {}};
}

}  // namespace sluice
