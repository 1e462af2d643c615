// Time as an argument.
//
// The core never asks what time it is: every input carries the moment it happened. Clock has no
// now(), so that reading time inside the core does not compile. The epoch is the caller's choice
// (CLOCK_MONOTONIC, a capture's first packet, zero in a test); only differences mean anything.

#ifndef SLUICE_STACK_TIME_H_
#define SLUICE_STACK_TIME_H_

#include <chrono>
#include <cstdint>

namespace sluice {

struct Clock {
  using rep = std::int64_t;
  using period = std::nano;
  using duration = std::chrono::duration<rep, period>;
  using time_point = std::chrono::time_point<Clock>;
  // NOLINTNEXTLINE(readability-identifier-naming): a name that the standard requires.
  static constexpr bool is_steady = true;
};

using Time = Clock::time_point;
using Duration = Clock::duration;

}  // namespace sluice

#endif  // SLUICE_STACK_TIME_H_
