// A moment in four bytes: milliseconds, modulo 2^32.
//
// A connection has three deadlines, none more than hours away, and there may be tens of thousands
// of connections. What is set more than 24 days before or after `now` is not told from what wraps
// round to it; a process that sleeps that long finds its deadlines late.

#ifndef SLUICE_STACK_TCP_ALARM_H_
#define SLUICE_STACK_TCP_ALARM_H_

#include <cstdint>

#include "stack/time.h"

namespace sluice::tcp {

class Alarm {
 public:
  // Rounded up: an alarm is never early.
  void set(Time at) {
    milliseconds_ = static_cast<std::uint32_t>(
        std::chrono::ceil<std::chrono::milliseconds>(at.time_since_epoch()).count());
    if (milliseconds_ == kUnset) ++milliseconds_;
  }
  void clear() { milliseconds_ = kUnset; }

  bool is_set() const { return milliseconds_ != kUnset; }
  bool is_due(Time now) const { return is_set() && at(now) <= now; }
  // Only while it is set.
  Time at(Time now) const {
    const auto whole = std::chrono::floor<std::chrono::milliseconds>(now);
    const auto since = static_cast<std::uint32_t>(whole.time_since_epoch().count());
    return whole + std::chrono::milliseconds(static_cast<std::int32_t>(milliseconds_ - since));
  }

 private:
  static constexpr std::uint32_t kUnset = 0;

  std::uint32_t milliseconds_ = kUnset;
};

}  // namespace sluice::tcp

#endif  // SLUICE_STACK_TCP_ALARM_H_
