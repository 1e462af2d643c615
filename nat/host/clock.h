// The time of this machine.

#ifndef SLUICE_NAT_HOST_CLOCK_H_
#define SLUICE_NAT_HOST_CLOCK_H_

#include <chrono>
#include <ctime>

#include "stack/time.h"

namespace sluice {

// CLOCK_MONOTONIC.
inline Time monotonic_now() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return Time(std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec));
}

}  // namespace sluice

#endif  // SLUICE_NAT_HOST_CLOCK_H_
