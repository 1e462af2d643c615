#include "posix/acceptor.h"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "posix/reset_on_close.h"
#include "posix/socket_address.h"

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

Acceptor::Acceptor() : spare_(any_descriptor()) {}

Acceptor::Result Acceptor::accept(int listener) {
  for (int i = 0; i < kMaxPassedOver; ++i) {
    SocketAddress peer;
    socklen_t size = SocketAddress::kCapacity;
    Descriptor socket(::accept4(listener, peer.data(), &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket) return {.descriptor = std::move(socket), .error = {}, .peer = peer.endpoint()};
    if (is_passed_over(errno)) continue;
    const auto error = static_cast<std::errc>(errno);
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
