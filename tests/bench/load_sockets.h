// What both sides of the benchmark's load are made of: addresses, waiting, datagrams by the batch.

#ifndef SLUICE_TESTS_BENCH_LOAD_SOCKETS_H_
#define SLUICE_TESTS_BENCH_LOAD_SOCKETS_H_

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "posix/descriptor.h"

namespace sluice {

using Clock = std::chrono::steady_clock;

// The server listens on so many ports, so that one address has enough of them for a minute of new
// connections.
constexpr unsigned kPorts = 16;

[[noreturn]] inline void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

inline double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

inline void set_option(int socket, int level, int name) {
  const int on = 1;
  if (::setsockopt(socket, level, name, &on, sizeof on) < 0) fail("setsockopt");
}

// Limits how long a receiving and a sending call waits.
inline void set_patience(int socket, std::chrono::milliseconds patience) {
  const timeval time{.tv_sec = patience.count() / 1000, .tv_usec = patience.count() % 1000 * 1000};
  ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
}

struct Address {
  sockaddr_in ip{};

  Address() = default;
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
    const int count = ::epoll_wait(epoll_.get(), events_.data(), kAtOnce, timeout);
    for (int i = 0; i < count; ++i) visit(events_.at(i).data.fd, events_.at(i).events);
  }

 private:
  static constexpr int kAtOnce = 256;
  Descriptor epoll_;
  std::array<epoll_event, kAtOnce> events_{};
};

// Room for datagrams that are sent or received with one call.
class Batch {
 public:
  // Each may be up to `size` bytes long; what is sent is 'x's.
  explicit Batch(std::size_t size) : size_(size), payload_(kAtOnce * size, 'x') {
    for (std::size_t i = 0; i < kAtOnce; ++i) {
      pieces_.at(i) = {.iov_base = &payload_.at(i * size), .iov_len = size};
      messages_.at(i).msg_hdr.msg_iov = &pieces_.at(i);
      messages_.at(i).msg_hdr.msg_iovlen = 1;
    }
  }
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  // Sends as many as the socket takes, to `to` or to whom it is connected; how many that were.
  unsigned send(int socket, const Address* to = nullptr) {
    for (std::size_t i = 0; i < kAtOnce; ++i) {
      addresses_.at(i) = to != nullptr ? *to : Address();
      messages_.at(i).msg_hdr.msg_name = to != nullptr ? &addresses_.at(i).ip : nullptr;
      messages_.at(i).msg_hdr.msg_namelen = to != nullptr ? sizeof(sockaddr_in) : 0;
    }
    const int taken = ::sendmmsg(socket, messages_.data(), kAtOnce, 0);
    return taken > 0 ? static_cast<unsigned>(taken) : 0;
  }

  // Calls visit(bytes, sender) for each datagram that is there; how many that were.
  template <typename Visit>
  unsigned receive(int socket, int flags, Visit visit) {
    for (std::size_t i = 0; i < kAtOnce; ++i) {
      messages_.at(i).msg_hdr.msg_name = &addresses_.at(i).ip;
      messages_.at(i).msg_hdr.msg_namelen = sizeof(sockaddr_in);
    }
    const int count = ::recvmmsg(socket, messages_.data(), kAtOnce, flags, nullptr);
    for (int i = 0; i < count; ++i) {
      visit(std::string_view(&payload_.at(i * size_), messages_.at(i).msg_len), addresses_.at(i));
    }
    return count > 0 ? static_cast<unsigned>(count) : 0;
  }

 private:
  static constexpr std::size_t kAtOnce = 64;
  std::size_t size_;
  std::vector<char> payload_;
  std::array<iovec, kAtOnce> pieces_{};
  std::array<Address, kAtOnce> addresses_{};
  std::array<mmsghdr, kAtOnce> messages_{};
};

// Datagrams that came, and the time between the first and the last of them.
class Count {
 public:
  void add(std::size_t bytes, Clock::time_point now) {
    if (datagrams_++ == 0) first_ = now;
    last_ = now;
    bytes_ += bytes;
  }
  unsigned long long datagrams() const { return datagrams_; }
  unsigned long long bytes() const { return bytes_; }
  double seconds() const { return std::chrono::duration<double>(last_ - first_).count(); }

 private:
  unsigned long long datagrams_ = 0;
  unsigned long long bytes_ = 0;
  Clock::time_point first_;
  Clock::time_point last_;
};

}  // namespace sluice

#endif  // SLUICE_TESTS_BENCH_LOAD_SOCKETS_H_
