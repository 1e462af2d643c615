// So many per second, and a few at once: a token bucket.

#ifndef SLUICE_STACK_RATE_LIMIT_H_
#define SLUICE_STACK_RATE_LIMIT_H_

#include <algorithm>
#include <cstdint>

#include "stack/time.h"

namespace sluice {

struct RateLimit {
  std::uint32_t per_second;
  std::uint32_t burst;  // as many as may be taken at once after a pause

  // False when it is too much.
  bool take(Time now) {
    // Each taking moves the moment on at which all would be there again.
    const Duration one = Duration(std::chrono::seconds(1)) / per_second;
    const Time full = std::max(full_at, now) + one;
    if (full - now > one * burst) return false;
    full_at = full;
    return true;
  }

  Time full_at{};
};

}  // namespace sluice

#endif  // SLUICE_STACK_RATE_LIMIT_H_
