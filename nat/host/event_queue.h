// One epoll instance for all that a process waits for: it tells of every descriptor's readiness
// under its token.
//
// A descriptor is registered once, edge-triggered, with its token as the data that epoll gives
// back: no table is looked up for an event, and no system call made but the one that fetches up to
// 256 of them. Flows have their own tokens; those of Kind::kNone, told apart by `service`, are for
// whoever else waits: one instance inside another would cost a system call more for each wake-up.

#ifndef SLUICE_NAT_HOST_EVENT_QUEUE_H_
#define SLUICE_NAT_HOST_EVENT_QUEUE_H_

#include <sys/epoll.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <system_error>

#include "nat/host.h"
#include "posix/descriptor.h"

namespace sluice {

class EventQueue {
 public:
  // What to be told of a descriptor. Errors and hang-ups are always told.
  static constexpr std::uint32_t kStream = EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP | EPOLLET;
  static constexpr std::uint32_t kArrivals = EPOLLIN | EPOLLET;

  // Throws std::system_error.
  EventQueue();

  int descriptor() const { return epoll_.get(); }

  // Announces what is ready now, then each change. Closing the descriptor ends it.
  std::errc add(int descriptor, Token token, std::uint32_t interest);
  // Changes what is announced, and announces again what is ready now.
  void update(int descriptor, Token token, std::uint32_t interest);
  // What has been fetched of it stays so.
  void remove(int descriptor);
  // Makes descriptor() readable: the next fetch() returns an event of kWakeUp.
  void wake_up();

  // Waits for so long, without a limit if there is none, until there are events; none are there too
  // if a signal came. What one call has no room for, the next returns. Valid until then. Throws
  // std::system_error.
  gsl::span<const epoll_event> fetch(std::optional<std::chrono::milliseconds> patience);

  static Token token_of(const epoll_event& event);
  static Readiness readiness_of(const epoll_event& event);

  static constexpr Token kWakeUp{.service = 0};
  static constexpr Token kChildEnded{.service = 1};
  static constexpr Token kTimer{.service = 2};
  static constexpr Token kWatch{.service = 3};  // with an index

 private:
  static constexpr std::size_t kMaxEvents = 256;

  Descriptor epoll_;
  Descriptor wake_up_;  // an eventfd; each edge of it is an event, so it is never read
  std::array<epoll_event, kMaxEvents> events_{};
};

}  // namespace sluice

#endif  // SLUICE_NAT_HOST_EVENT_QUEUE_H_
