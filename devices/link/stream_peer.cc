#include "devices/link/stream_peer.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include <climits>

#include "posix/timer.h"

namespace sluice {
namespace {

constexpr std::uint64_t kListener = 0;
constexpr std::uint64_t kTimer = 1;
constexpr std::uint64_t kSocket = 2;
constexpr std::uint32_t kChanges = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;

std::string text_of(int error) {
  return std::generic_category().message(error);
}

// What can be done where nobody listens.
std::string hint_for(int error) {
  if (error != ENOENT && error != ECONNREFUSED) return "";
  return " (start the other end first, or have -netdev stream try again with reconnect-ms=500)";
}

// Lets the socket take as much as the system allows, so that the peer does not run dry between two
// of our turns. TCP finds out for itself how much is worth it.
void keep_busy(const Descriptor& socket) {
  int domain = 0;
  socklen_t size = sizeof domain;
  ::getsockopt(socket.get(), SOL_SOCKET, SO_DOMAIN, &domain, &size);
  if (domain != AF_UNIX) return;
  constexpr int kAll = INT_MAX / 2;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDBUF, &kAll, sizeof kAll);
}

}  // namespace

StreamPeer::StreamPeer(StreamPeerOptions options, Tell tell)
    : options_(std::move(options)), tell_(std::move(tell)) {
  if (options_->listens) {
    listen();
    return;
  }
  if (options_->reconnect) {
    timer_ = Descriptor(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
    if (!timer_) throw std::system_error(errno, std::generic_category(), "can't make a timer");
    polls_.add(timer_.get(), EPOLLIN | EPOLLET, kTimer);
  }
  const int error = connect();
  if (error == 0) return;
  if (!timer_) {
    throw std::system_error(error, std::generic_category(),
                            "can't connect to " + name() + hint_for(error));
  }
  try_again();
}

StreamPeer::StreamPeer(Descriptor connected, Tell tell) : tell_(std::move(tell)) {
  const int status = ::fcntl(connected.get(), F_GETFL);
  if (status < 0 || ::fcntl(connected.get(), F_SETFL, status | O_NONBLOCK) < 0) {
    throw std::system_error(errno, std::generic_category(), "can't make a link nonblocking");
  }
  adopt(std::move(connected));
}

void StreamPeer::listen() {
  Descriptor listener = open_socket(PlaceAddress(options_->place), SOCK_STREAM);
  bind_socket(listener, options_->place);
  const auto* const file = std::get_if<UnixSocketName>(&options_->place);
  if (file != nullptr && !file->abstract) file_.emplace(file->path);
  if (::listen(listener.get(), 1) < 0) {
    throw std::system_error(errno, std::generic_category(), "can't listen at " + name());
  }
  polls_.add(listener.get(), EPOLLIN, kListener);
  acceptor_.emplace();
  listener_ = std::move(listener);
}

int StreamPeer::connect() {
  try {
    const PlaceAddress address(options_->place);
    Descriptor socket = open_socket(address, SOCK_STREAM);
    const bool done = ::connect(socket.get(), address.data(), address.size()) == 0;
    if (!done && errno != EINPROGRESS) return errno;
    adopt(std::move(socket));
    connecting_ = !done;
    return 0;
  } catch (const std::system_error& error) {
    return error.code().value();
  }
}

void StreamPeer::adopt(Descriptor socket) {
  polls_.add(socket.get(), kChanges, kSocket);
  // Of TCP; other sockets have no such option.
  const int on = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  keep_busy(socket);
  socket_ = std::move(socket);
  ending_ = false;
  writable_ = true;
}

void StreamPeer::try_again() {
  if (!timer_) return;
  arm_timer(timer_, std::max<Duration>(*options_->reconnect, std::chrono::milliseconds(1)));
}

void StreamPeer::on_connected(int error) {
  connecting_ = false;
  if (error == 0) return;
  socket_.reset();
  if (!timer_) {
    tell_(News::kNotReached,
          "can't connect to " + name() + hint_for(error) + ": " + text_of(error));
  }
  try_again();
}

void StreamPeer::accept() {
  Acceptor::Result accepted = acceptor_->accept(listener_.get());
  if (!accepted.descriptor) {
    if (accepted.error != std::errc::operation_would_block) {
      tell_(News::kComplaint, "can't take who has come to " + name() + ": " +
                                  std::make_error_code(accepted.error).message());
    }
    return;
  }
  try {
    adopt(std::move(accepted.descriptor));
  } catch (const std::system_error& error) {
    tell_(News::kComplaint, "can't talk with " + name() + ": " + error.what());
    return;
  }
  // Whoever comes next waits for this one to go.
  polls_.change(listener_.get(), 0, kListener);
}

bool StreamPeer::update() {
  bool came = false;
  for (const epoll_event& event : polls_.ready()) {
    if (event.data.u64 == kListener && !socket_) {
      accept();
      came = static_cast<bool>(socket_);
    } else if (event.data.u64 == kTimer && !socket_) {
      if (connect() != 0) try_again();
      came = socket_ && !connecting_;
    } else if (event.data.u64 == kSocket && connecting_) {
      if ((event.events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) == 0) continue;
      int error = 0;
      socklen_t size = sizeof error;
      ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
      on_connected(error);
      came = static_cast<bool>(socket_);
    }
    if (event.data.u64 == kSocket && (event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
      ending_ = true;
    }
    if (event.data.u64 == kSocket && (event.events & EPOLLOUT) != 0) writable_ = true;
  }
  if (came) tell_(News::kCame, "connected with " + name());
  return came;
}

void StreamPeer::lose(const std::string& why) {
  if (!socket_) return;
  socket_.reset();
  connecting_ = false;
  tell_(News::kLost, "the connection with " + name() + " has ended: " + why);
  if (listener_) polls_.change(listener_.get(), EPOLLIN, kListener);
  try_again();
}

std::string StreamPeer::name() const {
  return options_ ? to_string(options_->place) : "the peer";
}

}  // namespace sluice
