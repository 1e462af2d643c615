// Descriptors of which a link waits for several: an epoll instance, whose own descriptor can be
// waited for in turn.

#ifndef SLUICE_DEVICES_LINK_POLL_SET_H_
#define SLUICE_DEVICES_LINK_POLL_SET_H_

#include <sys/epoll.h>

#include <array>
#include <cstdint>

#include <gsl/span>

#include "posix/descriptor.h"

namespace sluice {

class PollSet {
 public:
  // Throws std::system_error.
  PollSet();

  // Readable when any of its descriptors is ready.
  int descriptor() const { return epoll_.get(); }
  // `events` as of epoll_ctl(2); `number` comes back with them. Closing the descriptor removes it
  // only if nobody else has what it stands for: what another process has, too, is to be removed
  // before it is closed. Throws std::system_error.
  void add(int descriptor, std::uint32_t events, std::uint64_t number);
  // Of one that has been added, which needs nothing that might be lacking. With no events, only
  // errors and the end are still told of.
  void change(int descriptor, std::uint32_t events, std::uint64_t number);
  void remove(int descriptor);
  // What is ready now, without waiting: at most kMaxEvents; what one call has no room for, the next
  // returns. Valid until then.
  gsl::span<const epoll_event> ready();

 private:
  static constexpr std::size_t kMaxEvents = 64;

  Descriptor epoll_;
  std::array<epoll_event, kMaxEvents> events_{};
};

}  // namespace sluice

#endif  // SLUICE_DEVICES_LINK_POLL_SET_H_
