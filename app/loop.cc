#include "app/loop.h"

#include <sched.h>
#include <sys/timerfd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <ctime>
#include <system_error>
#include <utility>
#include <vector>

#include "app/busy_poll.h"
#include "nat/host/clock.h"
#include "posix/descriptor.h"

namespace sluice {

class Loop::Core {
 public:
  class DescriptorWatch;

  explicit Core(Duration busy_poll)
      : timer_(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)),
        busy_poll_(busy_poll) {
    if (!timer_) throw std::system_error(errno, std::generic_category(), "can't make a timer");
    // Each time that it goes off is an event, so it is never read.
    add(timer_.get(), EventQueue::kTimer);
  }

  EventQueue& queue() { return queue_; }

  // Returns the token of the watch, which is kept until it is removed.
  Token add_watch(int descriptor, DescriptorWatch& watch) {
    // A place that is free again is taken again: events that were fetched for its last owner tell
    // the new one of nothing, which it finds out.
    const auto place = std::ranges::find(watches_, static_cast<DescriptorWatch*>(nullptr));
    Token token = EventQueue::kWatch;
    token.index = static_cast<std::uint32_t>(place - watches_.begin());
    add(descriptor, token);
    if (place == watches_.end()) {
      watches_.push_back(&watch);
    } else {
      *place = &watch;
    }
    return token;
  }
  // What has been fetched of the watch is not delivered.
  void remove_watch(int descriptor, Token token) {
    queue_.remove(descriptor);
    watches_.at(token.index) = nullptr;
  }

  void on_turn(Turn turn) { turns_.push_back(std::move(turn)); }
  void stop() { stopped_ = true; }

  void run_until(std::optional<Time> end) {
    stopped_ = false;
    Rest rest{.until = Time{}};
    for (Time now = monotonic_now(); !stopped_ && !(end && now >= *end); now = monotonic_now()) {
      const auto fetched = wait(now, rest.until, end);
      for (const epoll_event& event : fetched) deliver(event);
      rest = {};
      for (const Turn& turn : turns_) rest = both(rest, turn(fetched));
      busy_poll_.on_turn(rest.moved);
    }
  }

 private:
  static constexpr std::int64_t kSecond = 1'000'000'000;

  static Rest both(const Rest& a, const Rest& b) {
    const auto until = a.until && b.until ? std::min(*a.until, *b.until)
                       : a.until          ? a.until
                                          : b.until;
    return {.until = until, .moved = a.moved + b.moved};
  }

  void add(int descriptor, Token token) {
    const std::errc error = queue_.add(descriptor, token, EventQueue::kArrivals);
    if (error != std::errc{}) {
      throw std::system_error(std::make_error_code(error), "can't watch a descriptor");
    }
  }

  void deliver(const epoll_event& event);

  gsl::span<const epoll_event> wait(Time now, std::optional<Time> due, std::optional<Time> end) {
    if (due && *due <= now) return queue_.fetch(std::chrono::milliseconds(0));
    const Time until =
        std::min({now + busy_poll_.window(), due.value_or(Time::max()), end.value_or(Time::max())});
    Time at = now;
    while (at < until) {
      const auto fetched = queue_.fetch(std::chrono::milliseconds(0));
      if (!fetched.empty()) return fetched;
      ::sched_yield();
      at = monotonic_now();
    }
    const auto fetched = queue_.fetch(patience(at, due, end));
    busy_poll_.on_sleep(monotonic_now() - now);
    return fetched;
  }

  // How long to wait at most; the timer ends the wait when something is due before.
  std::optional<std::chrono::milliseconds> patience(Time now, std::optional<Time> due,
                                                    std::optional<Time> end) {
    if (due && *due <= now) return std::chrono::milliseconds(0);
    if (timer_at_ && *timer_at_ <= now) timer_at_.reset();
    if (due && (!timer_at_ || *due < *timer_at_)) set_timer(*due);
    if (!end) return std::nullopt;
    // Polling may have lasted beyond the end.
    return std::max(std::chrono::ceil<std::chrono::milliseconds>(*end - now),
                    std::chrono::milliseconds(0));
  }

  void set_timer(Time at) {
    timer_at_ = at;
    const Duration since = at.time_since_epoch();
    itimerspec setting{};
    setting.it_value = {.tv_sec = since.count() / kSecond, .tv_nsec = since.count() % kSecond};
    if (::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &setting, nullptr) < 0) {
      throw std::system_error(errno, std::generic_category(), "can't set a timer");
    }
  }

  EventQueue queue_;
  Descriptor timer_;
  BusyPoll busy_poll_;
  std::optional<Time> timer_at_;           // when it goes off, if it has not
  std::vector<DescriptorWatch*> watches_;  // by the index of their tokens; null: free
  std::vector<Turn> turns_;
  bool stopped_ = false;
};

class Loop::Core::DescriptorWatch final : public Loop::Watch {
 public:
  DescriptorWatch(Core& core, int descriptor, std::function<void()> on_readable)
      : core_(core),
        descriptor_(descriptor),
        token_(core.add_watch(descriptor, *this)),
        on_readable_(std::make_shared<const std::function<void()>>(std::move(on_readable))) {}
  DescriptorWatch(const DescriptorWatch&) = delete;
  DescriptorWatch& operator=(const DescriptorWatch&) = delete;
  ~DescriptorWatch() override { core_.remove_watch(descriptor_, token_); }

  // The callback may be the end of this watch, but not of itself.
  void on_event() const {
    const auto on_readable = on_readable_;
    (*on_readable)();
  }

 private:
  Core& core_;
  const int descriptor_;
  const Token token_;
  std::shared_ptr<const std::function<void()>> on_readable_;
};

void Loop::Core::deliver(const epoll_event& event) {
  const Token token = EventQueue::token_of(event);
  if (token.kind != Token::Kind::kNone || token.service != EventQueue::kWatch.service) return;
  DescriptorWatch* const watch = watches_.at(token.index);
  if (watch != nullptr) watch->on_event();
}

Loop::Loop(Duration busy_poll) : core_(std::make_unique<Core>(busy_poll)) {}
Loop::~Loop() = default;

EventQueue& Loop::queue() {
  return core_->queue();
}

std::unique_ptr<Loop::Watch> Loop::watch(int descriptor, std::function<void()> on_readable) {
  return std::make_unique<Core::DescriptorWatch>(*core_, descriptor, std::move(on_readable));
}

void Loop::on_turn(Turn turn) {
  core_->on_turn(std::move(turn));
}

void Loop::run() {
  core_->run_until(std::nullopt);
}

void Loop::run_for(Duration duration) {
  core_->run_until(monotonic_now() + duration);
}

void Loop::stop() {
  core_->stop();
}

}  // namespace sluice
