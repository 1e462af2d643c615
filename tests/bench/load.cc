// Load for the benchmark: a server that answers what it is sent, and clients that count how often
// it does. Clients use one thread and epoll, so that what is measured is the way between the two.
//
//   load server ADDRESS PORT                           TCP on kPorts ports, UDP on the first
//   load rr|crr|udp-rr ADDRESS PORT SECONDS PARALLEL   prints transactions per second
//   load udp-send ADDRESS PORT SECONDS SIZE            prints what the server got: datagrams, bytes
//                                                      and how many were sent, per second
//   load hold ADDRESS PORT COUNT                       opens COUNT connections with a transaction on
//                                                      each, prints how many and the seconds that
//                                                      took, and holds them until its input ends
//
// rr: one byte there and back on a connection that stays; crr: on a new connection each time;
// udp-rr: the same by datagrams.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "posix/descriptor.h"

namespace sluice {
namespace {

using Clock = std::chrono::steady_clock;
using Words = std::vector<std::string>;

// So that one address has enough ports for a minute of new connections.
constexpr unsigned kPorts = 16;

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

void set_option(int socket, int level, int name) {
  const int on = 1;
  if (::setsockopt(socket, level, name, &on, sizeof on) < 0) fail("setsockopt");
}

struct Address {
  sockaddr_in ip{};

  Address(const std::string& host, unsigned port) {
    ip.sin_family = AF_INET;
    ip.sin_port = htons(static_cast<std::uint16_t>(port));
    if (::inet_pton(AF_INET, host.c_str(), &ip.sin_addr) != 1) {
      throw std::invalid_argument("'" + host + "' is no IPv4 address");
    }
  }
  const sockaddr* get() const {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): what the socket calls ask for.
    return reinterpret_cast<const sockaddr*>(&ip);
  }
};

class Epoll {
 public:
  Epoll() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    if (!epoll_) fail("epoll_create1");
  }
  void set(int operation, int descriptor, std::uint32_t events) const {
    epoll_event event{};
    event.events = events;
    event.data.fd = descriptor;
    if (::epoll_ctl(epoll_.get(), operation, descriptor, &event) < 0) fail("epoll_ctl");
  }
  // Calls visit(descriptor, events) for what is ready within `timeout` milliseconds.
  template <typename Visit>
  void wait(int timeout, Visit visit) {
    const int count = ::epoll_wait(epoll_.get(), events_.data(), events_.size(), timeout);
    for (int i = 0; i < count; ++i) visit(events_.at(i).data.fd, events_.at(i).events);
  }

 private:
  Descriptor epoll_;
  std::array<epoll_event, 256> events_{};
};

class Server {
 public:
  Server(const std::string& host, unsigned port) : datagrams_(::socket(AF_INET, SOCK_DGRAM, 0)) {
    const Address first(host, port);
    constexpr int kRoom = 4 << 20;
    ::setsockopt(datagrams_.get(), SOL_SOCKET, SO_RCVBUF, &kRoom, sizeof kRoom);
    if (::bind(datagrams_.get(), first.get(), sizeof first.ip) < 0) fail("bind");
    epoll_.set(EPOLL_CTL_ADD, datagrams_.get(), EPOLLIN);
    for (unsigned i = 0; i < kPorts; ++i) {
      const Address local(host, port + i);
      Descriptor listener(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
      set_option(listener.get(), SOL_SOCKET, SO_REUSEADDR);
      set_option(listener.get(), IPPROTO_TCP, TCP_NODELAY);
      if (::bind(listener.get(), local.get(), sizeof local.ip) < 0) fail("bind");
      if (::listen(listener.get(), SOMAXCONN) < 0) fail("listen");
      epoll_.set(EPOLL_CTL_ADD, listener.get(), EPOLLIN);
      listeners_.push_back(std::move(listener));
    }
  }

  [[noreturn]] void run() {
    for (;;) epoll_.wait(-1, [this](int descriptor, std::uint32_t) { serve(descriptor); });
  }

 private:
  void serve(int descriptor) {
    if (descriptor == datagrams_.get()) return answer_datagrams();
    if (descriptor >= listeners_.front().get() && descriptor <= listeners_.back().get()) {
      for (int one; (one = ::accept4(descriptor, nullptr, nullptr, SOCK_NONBLOCK)) >= 0;) {
        epoll_.set(EPOLL_CTL_ADD, one, EPOLLIN);
      }
      return;
    }
    const ssize_t size = ::recv(descriptor, buffer_.data(), buffer_.size(), 0);
    if (size > 0) {
      ::send(descriptor, buffer_.data(), static_cast<std::size_t>(size), MSG_NOSIGNAL);
    } else if (size == 0 || errno != EAGAIN) {
      ::close(descriptor);
    }
  }

  // One byte is answered; '?' asks how many longer ones have come since it was asked last.
  void answer_datagrams() {
    constexpr int kAtOnce = 256;
    for (int i = 0; i < kAtOnce; ++i) {
      sockaddr_storage peer{};
      socklen_t length = sizeof peer;
      // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): what recvfrom(2) asks for.
      auto* const address = reinterpret_cast<sockaddr*>(&peer);
      const ssize_t size = ::recvfrom(datagrams_.get(), buffer_.data(), buffer_.size(),
                                      MSG_DONTWAIT, address, &length);
      if (size < 0) return;
      if (size > 1) {
        ++counted_;
        bytes_ += static_cast<unsigned long long>(size);
        continue;
      }
      std::string reply(buffer_.data(), static_cast<std::size_t>(size));
      if (reply == "?") {
        reply = std::to_string(counted_) + " " + std::to_string(bytes_);
        counted_ = bytes_ = 0;
      }
      ::sendto(datagrams_.get(), reply.data(), reply.size(), 0, address, length);
    }
  }

  Epoll epoll_;
  Descriptor datagrams_;
  std::vector<Descriptor> listeners_;
  std::array<char, 65536> buffer_{};
  unsigned long long counted_ = 0;
  unsigned long long bytes_ = 0;
};

class Transactions {
 public:
  Transactions(const std::string& kind, const std::string& host, unsigned port)
      : is_udp_(kind == "udp-rr"), reconnects_(kind == "crr"), host_(host), port_(port) {}

  double rate(double seconds, unsigned parallel) {
    for (unsigned i = 0; i < parallel; ++i) open();
    const auto start = Clock::now();
    while (seconds_since(start) < seconds) {
      epoll_.wait(100, [this](int socket, std::uint32_t events) { go_on(socket, events); });
    }
    return static_cast<double>(done_) / seconds_since(start);
  }
  unsigned long long failed() const { return failed_; }

 private:
  void open() {
    const int type = is_udp_ ? SOCK_DGRAM : SOCK_STREAM;
    const int socket = ::socket(AF_INET, type | SOCK_NONBLOCK, 0);
    if (socket < 0) fail("socket");
    if (!is_udp_) set_option(socket, IPPROTO_TCP, TCP_NODELAY);
    const Address to(host_, is_udp_ ? port_ : port_ + next_++ % kPorts);
    if (::connect(socket, to.get(), sizeof to.ip) < 0 && errno != EINPROGRESS) fail("connect");
    epoll_.set(EPOLL_CTL_ADD, socket, EPOLLOUT);
  }

  void go_on(int socket, std::uint32_t events) {
    char byte = 'x';
    if ((events & EPOLLERR) != 0) return start_again(socket);
    if ((events & EPOLLOUT) != 0) {
      epoll_.set(EPOLL_CTL_MOD, socket, EPOLLIN);
    } else {
      if (::recv(socket, &byte, 1, 0) <= 0) return start_again(socket);
      ++done_;
      if (reconnects_) {
        ::close(socket);
        return open();
      }
    }
    if (::send(socket, &byte, 1, MSG_NOSIGNAL) != 1) start_again(socket);
  }

  void start_again(int socket) {
    ++failed_;
    ::close(socket);
    open();
  }

  const bool is_udp_;
  const bool reconnects_;
  const std::string host_;
  const unsigned port_;
  Epoll epoll_;
  unsigned next_ = 0;
  unsigned long long done_ = 0;
  unsigned long long failed_ = 0;
};

// What the server has counted; the question is repeated, as datagrams get lost.
std::string ask(int socket) {
  std::array<char, 64> reply{};
  for (int i = 0; i < 50; ++i) {
    if (::send(socket, "?", 1, 0) != 1) continue;
    const timeval patience{.tv_sec = 0, .tv_usec = 200'000};
    ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    const ssize_t size = ::recv(socket, reply.data(), reply.size(), 0);
    if (size > 1) return {reply.data(), static_cast<std::size_t>(size)};
  }
  throw std::runtime_error("the server does not answer");
}

void send_datagrams(const Address& to, double seconds, std::size_t size) {
  const Descriptor socket(::socket(AF_INET, SOCK_DGRAM, 0));
  if (::connect(socket.get(), to.get(), sizeof to.ip) < 0) fail("connect");
  ask(socket.get());
  constexpr std::size_t kAtOnce = 64;
  std::vector<char> payload(size, 'x');
  iovec piece{.iov_base = payload.data(), .iov_len = payload.size()};
  std::array<mmsghdr, kAtOnce> messages{};
  for (mmsghdr& message : messages) {
    message.msg_hdr.msg_iov = &piece;
    message.msg_hdr.msg_iovlen = 1;
  }
  unsigned long long sent = 0;
  const auto start = Clock::now();
  while (seconds_since(start) < seconds) {
    const int taken = ::sendmmsg(socket.get(), messages.data(), messages.size(), 0);
    if (taken > 0) sent += static_cast<unsigned>(taken);
  }
  const double elapsed = seconds_since(start);
  const std::string counted = ask(socket.get());
  const double datagrams = std::stod(counted);
  const double bytes = std::stod(counted.substr(counted.find(' ')));
  std::printf("%.0f %.0f %.0f\n", datagrams / elapsed, bytes / elapsed,
              static_cast<double>(sent) / elapsed);
}

void hold(const std::string& host, unsigned port, unsigned count) {
  std::vector<Descriptor> connections;
  connections.reserve(count);
  const timeval patience{.tv_sec = 3, .tv_usec = 0};
  const auto start = Clock::now();
  while (connections.size() < count) {
    const Address to(host, port + connections.size() % kPorts);
    Descriptor one(::socket(AF_INET, SOCK_STREAM, 0));
    ::setsockopt(one.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    ::setsockopt(one.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    char byte = 'x';
    if (::connect(one.get(), to.get(), sizeof to.ip) < 0 || ::send(one.get(), &byte, 1, 0) != 1 ||
        ::recv(one.get(), &byte, 1, 0) != 1) {
      break;
    }
    connections.push_back(std::move(one));
  }
  std::printf("%zu %.3f\n", connections.size(), seconds_since(start));
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
}

int run(const Words& words) {
  const auto number = [&](std::size_t i) { return std::stod(words.at(i)); };
  const auto count = [&](std::size_t i) { return static_cast<unsigned>(std::stoul(words.at(i))); };
  const std::string& verb = words.at(0);
  const std::string& host = words.at(1);
  const unsigned port = count(2);
  if (verb == "server") Server(host, port).run();
  if (verb == "hold") {
    hold(host, port, count(3));
  } else if (verb == "udp-send") {
    send_datagrams(Address(host, port), number(3), count(4));
  } else if (verb == "rr" || verb == "crr" || verb == "udp-rr") {
    Transactions transactions(verb, host, port);
    std::printf("%.0f", transactions.rate(number(3), count(4)));
    std::printf(" %llu\n", transactions.failed());
  } else {
    throw std::invalid_argument("no verb '" + verb + "'");
  }
  return 0;
}

}  // namespace
}  // namespace sluice

int main(int argc, char** argv) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
  try {
    return sluice::run(sluice::Words(argv + 1, argv + argc));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "load: %s\n", error.what());
    return 2;
  }
}
