#include "devices/link/poll_set.h"

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace sluice {

PollSet::PollSet() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (!epoll_) throw std::system_error(errno, std::generic_category(), "can't make a poll set");
}

void PollSet::add(int descriptor, std::uint32_t events, std::uint64_t number) {
  epoll_event event{.events = events, .data = {.u64 = number}};
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, descriptor, &event) < 0) {
    throw std::system_error(errno, std::generic_category(), "can't wait for a descriptor");
  }
}

void PollSet::change(int descriptor, std::uint32_t events, std::uint64_t number) {
  epoll_event event{.events = events, .data = {.u64 = number}};
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, descriptor, &event);
}

void PollSet::remove(int descriptor) {
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, descriptor, nullptr);
}

gsl::span<const epoll_event> PollSet::ready() {
  const int count = ::epoll_wait(epoll_.get(), events_.data(), kMaxEvents, 0);
  return gsl::span<const epoll_event>(events_).first(static_cast<std::size_t>(std::max(count, 0)));
}

}  // namespace sluice
