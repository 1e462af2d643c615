#include "nat/host/stream_pair.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>

#include <array>
#include <optional>
#include <utility>

#include "nat/host/socket_call.h"

namespace sluice {
namespace {

// How many strangers are turned away, and for how long their place is waited for.
constexpr int kMaxStrangers = 16;
constexpr int kPatienceMilliseconds = 1000;

sockaddr* generic(sockaddr_in& name) {
  return reinterpret_cast<sockaddr*>(&name);
}

StreamPair failure(std::errc error) {
  StreamPair failed;
  failed.error = error;
  return failed;
}

std::optional<sockaddr_in> name_of(const Descriptor& socket) {
  sockaddr_in name{};
  socklen_t size = sizeof name;
  if (::getsockname(socket.get(), generic(name), &size) < 0) return std::nullopt;
  return name;
}

// The next connection that waits, and where it comes from.
std::pair<Descriptor, sockaddr_in> take_next(const Descriptor& listener) {
  pollfd wait{.fd = listener.get(), .events = POLLIN, .revents = 0};
  sockaddr_in from{};
  if (::poll(&wait, 1, kPatienceMilliseconds) <= 0) return {Descriptor(), from};
  socklen_t size = sizeof from;
  Descriptor taken(::accept4(listener.get(), generic(from), &size, SOCK_CLOEXEC));
  return {std::move(taken), from};
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
  const Descriptor listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  Descriptor ours(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!listener || !ours) return failure(last_error());
  sockaddr_in loopback{};
  loopback.sin_family = AF_INET;
  loopback.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  for (const int socket : {listener.get(), ours.get()}) {
    sockaddr_in name = loopback;
    if (::bind(socket, generic(name), sizeof name) < 0) return failure(last_error());
  }
  if (::listen(listener.get(), kMaxStrangers) < 0) return failure(last_error());
  std::optional<sockaddr_in> where = name_of(listener);
  const std::optional<sockaddr_in> we = name_of(ours);
  if (!where || !we) return failure(last_error());
  if (::connect(ours.get(), generic(*where), sizeof *where) < 0 && errno != EINPROGRESS) {
    return failure(last_error());
  }
  set_option(ours, IPPROTO_TCP, TCP_NODELAY, 1);
  for (int i = 0; i <= kMaxStrangers; ++i) {
    auto [theirs, from] = take_next(listener);
    if (!theirs) break;
    if (from.sin_port != we->sin_port || from.sin_addr.s_addr != we->sin_addr.s_addr) continue;
    return {.ours = std::move(ours), .theirs = std::move(theirs)};
  }
  return failure(std::errc::connection_refused);
}

}  // namespace sluice
