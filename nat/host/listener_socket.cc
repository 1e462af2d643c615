#include "nat/host/listener_socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utility>

#include "nat/host/stream_socket.h"
#include "posix/socket_address.h"
#include "posix/socket_file.h"

namespace sluice {
namespace {

// How many connections one call passes over or resets: as many as a backlog holds.
constexpr int kMaxPassedOver = SOMAXCONN;

// A socket can be had where there are no files, too.
Descriptor any_descriptor() {
  return Descriptor(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
}

// Errors of accept(2) that concern the connection that it took off, not the listener.
bool is_passed_over(int error) {
  switch (error) {
    case ECONNABORTED:
    case EINTR:
    case EPERM:  // a firewall rule forbade it
    case EPROTO:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
      return true;
    default:
      return false;
  }
}

}  // namespace

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

Acceptor::Acceptor() : spare_(any_descriptor()) {}

Acceptor::Result Acceptor::accept(int listener) {
  for (int i = 0; i < kMaxPassedOver; ++i) {
    SocketAddress peer;
    socklen_t size = SocketAddress::kCapacity;
    Descriptor socket(::accept4(listener, peer.data(), &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket) return {.descriptor = std::move(socket), .error = {}, .peer = peer.endpoint()};
    if (is_passed_over(errno)) continue;
    const std::errc error = last_error();
    if (error == std::errc::too_many_files_open ||
        error == std::errc::too_many_files_open_in_system) {
      shed(listener);
    }
    return {.descriptor = Descriptor(), .error = error, .peer = std::nullopt};
  }
  return {.descriptor = Descriptor(), .error = std::errc::connection_aborted, .peer = std::nullopt};
}

void Acceptor::shed(int listener) {
  for (int i = 0; i < kMaxPassedOver; ++i) {
    spare_.reset();
    const Descriptor socket(::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket) break;
    reset_on_close(socket.get());
  }
  spare_ = any_descriptor();
}

}  // namespace sluice
