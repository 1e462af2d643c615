#include "nat/host/stream_pair.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>

#include <array>
#include <optional>
#include <utility>

#include "nat/host/socket_call.h"
#include "posix/socket_address.h"

namespace sluice {
namespace {

// How many strangers are turned away, and for how long our own connection is waited for.
constexpr int kMaxStrangers = 16;
constexpr int kPatienceMilliseconds = 1000;

StreamPair failure(std::errc error) {
  StreamPair failed;
  failed.error = error;
  return failed;
}

// A socket with a port of the loopback address that the system chooses.
Descriptor open_on_loopback() {
  Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const SocketAddress any_port(Endpoint{.address = IpAddress::v4(127, 0, 0, 1), .port = 0});
  if (socket && ::bind(socket.get(), any_port.data(), any_port.size()) < 0) socket.reset();
  return socket;
}

std::optional<Endpoint> name_of(const Descriptor& socket) {
  SocketAddress name;
  socklen_t size = SocketAddress::kCapacity;
  if (::getsockname(socket.get(), name.data(), &size) < 0) return std::nullopt;
  return name.endpoint();
}

// The connection that comes from `peer`, or none.
Descriptor accept_from(const Descriptor& listener, const std::optional<Endpoint>& peer) {
  for (int i = 0; i <= kMaxStrangers; ++i) {
    pollfd wait{.fd = listener.get(), .events = POLLIN, .revents = 0};
    if (::poll(&wait, 1, kPatienceMilliseconds) <= 0) break;
    SocketAddress from;
    socklen_t size = SocketAddress::kCapacity;
    Descriptor taken(::accept4(listener.get(), from.data(), &size, SOCK_CLOEXEC));
    if (taken && from.endpoint() == peer) return taken;
  }
  return Descriptor();
}

}  // namespace

StreamPair make_unix_pair() {
  std::array<int, 2> pair{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) < 0) {
    return failure(last_error());
  }
  StreamPair made{.ours = Descriptor(pair[0]), .theirs = Descriptor(pair[1])};
  if (::fcntl(made.ours.get(), F_SETFL, O_NONBLOCK) < 0) return failure(last_error());
  return made;
}

StreamPair make_loopback_pair() {
  const Descriptor listener = open_on_loopback();
  StreamPair made{.ours = open_on_loopback()};
  if (!listener || !made.ours) return failure(last_error());
  if (::listen(listener.get(), kMaxStrangers) < 0) return failure(last_error());
  const std::optional<Endpoint> where = name_of(listener);
  const std::optional<Endpoint> we = name_of(made.ours);
  if (!where || !we) return failure(last_error());
  const SocketAddress target(*where);
  if (::connect(made.ours.get(), target.data(), target.size()) < 0 && errno != EINPROGRESS) {
    return failure(last_error());
  }
  set_option(made.ours, IPPROTO_TCP, TCP_NODELAY, 1);
  made.theirs = accept_from(listener, we);
  if (!made.theirs) return failure(std::errc::connection_refused);
  return made;
}

}  // namespace sluice
