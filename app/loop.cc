#include "app/loop.h"

#include <sys/epoll.h>
#include <sys/timerfd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <ctime>
#include <deque>
#include <system_error>
#include <utility>

#include "nat/host/clock.h"
#include "posix/descriptor.h"

namespace sluice {
namespace {

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

class Loop::Core {
 public:
  class DescriptorWatch;

  Core()
      : epoll_(::epoll_create1(EPOLL_CLOEXEC)),
        timer_(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)) {
    if (!epoll_ || !timer_) fail("can't make an event loop");
    // Edge-triggered: each time that it goes off is an event, so it is never read.
    add(timer_.get(), nullptr, EPOLLIN | EPOLLET);
  }

  // Without a watch, all it does is end the wait.
  void add(int descriptor, DescriptorWatch* watch, std::uint32_t events = EPOLLIN) const {
    epoll_event event{};
    event.events = events;
    event.data.ptr = watch;
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, descriptor, &event) < 0) {
      fail("can't watch a descriptor");
    }
  }
  // What has been fetched of the watch is not delivered.
  void remove(int descriptor, const DescriptorWatch* watch) {
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, descriptor, nullptr);
    for (epoll_event& event : events_) {
      if (event.data.ptr == watch) event.data.ptr = nullptr;
    }
  }

  void post(std::function<void()> task) { posted_.push_back(std::move(task)); }
  void on_deadline(std::function<void()> on_deadline) { on_deadline_ = std::move(on_deadline); }
  void set_deadline(std::optional<Time> deadline) {
    deadline_ = deadline;
    if (deadline_ && (!timer_at_ || *deadline_ < *timer_at_)) set_timer(*deadline_);
  }
  void stop() { stopped_ = true; }

  void run_until(std::optional<Time> end) {
    stopped_ = false;
    while (!stopped_ && !(end && monotonic_now() >= *end)) {
      dispatch(wait(end));
      if (!stopped_ && timer_at_ && *timer_at_ <= monotonic_now()) on_timer();
      run_posted();
    }
  }

 private:
  static constexpr int kMaxEvents = 16;
  static constexpr std::int64_t kSecond = 1'000'000'000;

  // Those that are posted meanwhile have their turn after the next events.
  void run_posted() {
    for (std::size_t count = posted_.size(); count != 0 && !stopped_; --count) {
      const std::function<void()> task = std::move(posted_.front());
      posted_.pop_front();
      task();
    }
  }

  void set_timer(Time at) {
    timer_at_ = at;
    // All zeros would stop it.
    const Duration since = std::max(at.time_since_epoch(), Duration{1});
    itimerspec setting{};
    setting.it_value = {.tv_sec = since.count() / kSecond, .tv_nsec = since.count() % kSecond};
    if (::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &setting, nullptr) < 0) {
      fail("can't set a timer");
    }
  }

  void on_timer() {
    timer_at_.reset();
    if (!deadline_) return;
    if (*deadline_ > monotonic_now()) {
      set_timer(*deadline_);
    } else {
      deadline_.reset();
      on_deadline_();
    }
  }

  // Waits for events; returns how many there are.
  std::size_t wait(std::optional<Time> end) {
    int milliseconds = -1;
    if (end) {
      const Duration rest = std::max(*end - monotonic_now(), Duration{0});
      milliseconds = static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(rest).count());
    }
    if (!posted_.empty()) milliseconds = 0;
    const int count = ::epoll_wait(epoll_.get(), events_.data(), kMaxEvents, milliseconds);
    if (count < 0 && errno != EINTR) fail("can't wait for events");
    return static_cast<std::size_t>(std::max(count, 0));
  }

  void dispatch(std::size_t count);

  Descriptor epoll_;
  Descriptor timer_;
  std::optional<Time> timer_at_;  // when it goes off, not after deadline_
  std::array<epoll_event, kMaxEvents> events_{};
  std::deque<std::function<void()>> posted_;
  std::function<void()> on_deadline_;
  std::optional<Time> deadline_;
  bool stopped_ = false;
};

class Loop::Core::DescriptorWatch final : public Loop::Watch {
 public:
  DescriptorWatch(Core& core, int descriptor, std::function<void()> on_readable)
      : core_(core), descriptor_(descriptor), on_readable_(std::move(on_readable)) {}
  ~DescriptorWatch() override { core_.remove(descriptor_, this); }

  void arm() override {
    armed_ = true;
    if (!std::exchange(added_, true)) core_.add(descriptor_, this);
  }

  void on_event() {
    if (std::exchange(armed_, false)) {
      on_readable_();
      return;
    }
    // Nobody has taken what is there, or wants to now.
    added_ = false;
    core_.remove(descriptor_, this);
  }

 private:
  Core& core_;
  const int descriptor_;
  std::function<void()> on_readable_;
  bool armed_ = false;
  bool added_ = false;
};

void Loop::Core::dispatch(std::size_t count) {
  for (std::size_t i = 0; i < count && !stopped_; ++i) {
    auto* const watch = static_cast<DescriptorWatch*>(events_.at(i).data.ptr);
    if (watch != nullptr) watch->on_event();
  }
}

Loop::Loop() : core_(std::make_unique<Core>()) {}
Loop::~Loop() = default;

std::unique_ptr<Loop::Watch> Loop::watch(int descriptor, std::function<void()> on_readable) {
  return std::make_unique<Core::DescriptorWatch>(*core_, descriptor, std::move(on_readable));
}

void Loop::post(std::function<void()> task) {
  core_->post(std::move(task));
}

void Loop::on_deadline(std::function<void()> on_deadline) {
  core_->on_deadline(std::move(on_deadline));
}

void Loop::set_deadline(std::optional<Time> deadline) {
  core_->set_deadline(deadline);
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
