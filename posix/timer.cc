#include "posix/timer.h"

#include <sys/timerfd.h>

#include <algorithm>
#include <chrono>

namespace sluice {

void arm_timer(const Descriptor& timer, std::optional<Duration> wait) {
  itimerspec setting{};  // zero stops it
  if (wait) {
    const Duration left = std::max<Duration>(*wait, std::chrono::nanoseconds(1));
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
    setting.it_value = {.tv_sec = seconds.count(), .tv_nsec = (left - seconds).count()};
  }
  ::timerfd_settime(timer.get(), 0, &setting, nullptr);
}

}  // namespace sluice
