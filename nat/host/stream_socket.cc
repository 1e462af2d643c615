#include "nat/host/stream_socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cstring>

#include "posix/gather.h"
#include "posix/reset_on_close.h"
#include "posix/socket_address.h"

namespace sluice {
namespace {

// Takes a local address without a port; connect() then chooses one that is free for this
// destination, so that there are more connections than ports.
bool bind_outbound(const Descriptor& socket, const IpAddress& outbound) {
  set_option(socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
  const SocketAddress local({.address = outbound, .port = 0});
  return ::bind(socket.get(), local.data(), local.size()) == 0;
}

// Whether the system has chosen, of all ports, the one that is connected to: then a destination
// where nobody listens is met by its own SYN, and both are the same connection (RFC 9293, section
// 3.5, simultaneous open).
bool meets_itself(const Descriptor& socket, const Endpoint& destination) {
  SocketAddress local;
  socklen_t size = SocketAddress::kCapacity;
  return ::getsockname(socket.get(), local.data(), &size) == 0 && local.endpoint() == destination;
}

Transfer transfer_of(ssize_t result) {
  if (result < 0) return {.bytes = 0, .error = last_error()};
  return {.bytes = static_cast<std::size_t>(result), .error = {}};
}

}  // namespace

OpenedSocket connect_tcp(const Endpoint& destination, const std::optional<IpAddress>& outbound) {
  const int family = socket_family(destination.address);
  Descriptor socket(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
  if (!socket) return failed_socket();
  set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(socket, SOL_SOCKET, SO_OOBINLINE, 1);
  if (outbound && socket_family(*outbound) == family && !destination.address.is_loopback()) {
    if (!bind_outbound(socket, *outbound)) return failed_socket();
  }
  const SocketAddress remote(destination);
  if (::connect(socket.get(), remote.data(), remote.size()) < 0 && errno != EINPROGRESS) {
    return failed_socket();
  }
  if (meets_itself(socket, destination)) {
    reset_on_close(socket.get());
    return {.descriptor = Descriptor(), .error = std::errc::connection_refused};
  }
  return {.descriptor = std::move(socket), .error = {}};
}

OpenedSocket connect_unix(const std::string& path) {
  const std::optional<sockaddr_un> remote = unix_address(path);
  if (!remote) return {.descriptor = Descriptor(), .error = std::errc::filename_too_long};
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) return failed_socket();
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): what connect(2) asks for.
  const auto* const address = reinterpret_cast<const sockaddr*>(&*remote);
  if (::connect(socket.get(), address, sizeof *remote) < 0) {
    const bool backlog_is_full = errno == EAGAIN;
    return {.descriptor = Descriptor(),
            .error = backlog_is_full ? std::errc::connection_refused : last_error()};
  }
  return {.descriptor = std::move(socket), .error = {}};
}

Transfer send_pieces(int socket, gsl::span<const Bytes> pieces) {
  if (pieces.size() == 1) {
    return transfer_of(::send(socket, pieces[0].data(), pieces[0].size(), MSG_NOSIGNAL));
  }
  Expects(pieces.size() <= Streams::kMaxPieces);
  std::array<iovec, Streams::kMaxPieces> vectors{};
  for (std::size_t i = 0; i < pieces.size(); ++i) vectors.at(i) = to_be_written(pieces[i]);
  msghdr message{};
  message.msg_iov = vectors.data();
  message.msg_iovlen = pieces.size();
  return transfer_of(::sendmsg(socket, &message, MSG_NOSIGNAL));
}

Transfer receive_pieces(int socket, gsl::span<const MutableBytes> pieces) {
  if (pieces.size() == 1) {
    return transfer_of(::recv(socket, pieces[0].data(), pieces[0].size(), 0));
  }
  Expects(pieces.size() <= Streams::kMaxPieces);
  std::array<iovec, Streams::kMaxPieces> vectors{};
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    vectors.at(i) = {.iov_base = pieces[i].data(), .iov_len = pieces[i].size()};
  }
  msghdr message{};
  message.msg_iov = vectors.data();
  message.msg_iovlen = pieces.size();
  return transfer_of(::recvmsg(socket, &message, 0));
}

}  // namespace sluice
