// One epoll instance, which tells of every socket's readiness under its token.
//
// A descriptor is registered once, edge-triggered, with its token as the data that epoll gives
// back: no table is looked up for an event, and no system call made but the one that fetches up to
// 256 of them. Tokens of Kind::kNone are the host's own.

#ifndef SLUICE_NAT_HOST_EVENT_QUEUE_H_
#define SLUICE_NAT_HOST_EVENT_QUEUE_H_

#include <sys/epoll.h>

#include <array>
#include <cstdint>
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
  // Makes descriptor() readable: the next fetch() returns an event of kWakeUp.
  void wake_up();

  // Never blocks. Valid until the next call.
  gsl::span<const epoll_event> fetch();
  bool filled() const { return filled_; }

  static Token token_of(const epoll_event& event);
  static Readiness readiness_of(const epoll_event& event);

  // The host's own tokens.
  static constexpr Token kWakeUp{.kind = Token::Kind::kNone, .service = 0};
  static constexpr Token kChildEnded{.kind = Token::Kind::kNone, .service = 1};

 private:
  static constexpr std::size_t kMaxEvents = 256;

  Descriptor epoll_;
  Descriptor wake_up_;  // an eventfd; each edge of it is an event, so it is never read
  std::array<epoll_event, kMaxEvents> events_{};
  bool filled_ = false;
};

}  // namespace sluice

#endif  // SLUICE_NAT_HOST_EVENT_QUEUE_H_
