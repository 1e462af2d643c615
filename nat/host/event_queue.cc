#include "nat/host/event_queue.h"

#include <sys/eventfd.h>

#include <bit>
#include <cerrno>

#include <gsl/assert>

#include "nat/host/socket_call.h"

namespace sluice {
namespace {

epoll_event event_for(Token token, std::uint32_t interest) {
  epoll_event event{};
  event.events = interest;
  event.data.u64 = std::bit_cast<std::uint64_t>(token);
  return event;
}

}  // namespace

EventQueue::EventQueue()
    : epoll_(::epoll_create1(EPOLL_CLOEXEC)), wake_up_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  const std::errc added =
      epoll_ && wake_up_ ? add(wake_up_.get(), kWakeUp, kArrivals) : last_error();
  if (added != std::errc{}) {
    throw std::system_error(std::make_error_code(added),
                            "can't make an epoll instance to wait for sockets with (is the limit "
                            "of open files, 'ulimit -n', too low?)");
  }
}

std::errc EventQueue::add(int descriptor, Token token, std::uint32_t interest) {
  epoll_event event = event_for(token, interest);
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, descriptor, &event) < 0) return last_error();
  return {};
}

void EventQueue::update(int descriptor, Token token, std::uint32_t interest) {
  epoll_event event = event_for(token, interest);
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, descriptor, &event);
}

void EventQueue::remove(int descriptor) {
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, descriptor, nullptr);
}

void EventQueue::wake_up() {
  ::eventfd_write(wake_up_.get(), 1);
}

gsl::span<const epoll_event> EventQueue::fetch(std::optional<std::chrono::milliseconds> patience) {
  Expects(!patience || patience->count() >= 0);  // epoll would wait for ever
  const int limit = patience ? static_cast<int>(patience->count()) : -1;
  const int count = ::epoll_wait(epoll_.get(), events_.data(), kMaxEvents, limit);
  if (count < 0 && errno != EINTR) {
    throw std::system_error(errno, std::generic_category(), "can't wait for events");
  }
  return gsl::span(events_).first(count < 0 ? 0 : static_cast<std::size_t>(count));
}

Token EventQueue::token_of(const epoll_event& event) {
  return std::bit_cast<Token>(std::uint64_t{event.data.u64});
}

Readiness EventQueue::readiness_of(const epoll_event& event) {
  const std::uint32_t events = event.events;
  // A hang-up is the end of a stream in both directions: receiving and sending both tell so. At
  // TCP's urgent mark receiving pauses, whatever follows.
  return {.readable = (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP)) != 0,
          .writable = (events & (EPOLLOUT | EPOLLHUP)) != 0,
          .error = (events & EPOLLERR) != 0,
          .more = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLPRI)) != 0};
}

}  // namespace sluice
