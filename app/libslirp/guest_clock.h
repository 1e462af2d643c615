// The guests' time, as the program that uses the library tells it.
//
// One clock drives everything in an instance: the guests'. It is what the callers' timeouts are
// counted in, and it stands still while a virtual machine is stopped: then its connections must not
// time out because a stopped guest does not answer. What concerns the host only (idle UDP mappings,
// name servers that do not answer) waits as long, and nobody misses it meanwhile.
//
// The core wants time that never goes back. An emulator's clock jumps when it loads a snapshot, in
// either direction: what goes back counts as no time at all, and what goes forward by more than a
// day as a day, which is longer than anything here lasts but a lease.

#ifndef SLUICE_APP_LIBSLIRP_GUEST_CLOCK_H_
#define SLUICE_APP_LIBSLIRP_GUEST_CLOCK_H_

#include <algorithm>
#include <cstdint>

#include "stack/time.h"

namespace sluice {

class GuestClock {
 public:
  // `reading` is what the program's clock shows, in nanoseconds.
  Time at(std::int64_t reading) {
    if (reading > reading_ && now_ < kEnd) {
      const std::uint64_t step =
          static_cast<std::uint64_t>(reading) - static_cast<std::uint64_t>(reading_);
      now_ += Duration(static_cast<std::int64_t>(std::min<std::uint64_t>(step, kLongestStep)));
    }
    reading_ = reading;
    return now_;
  }

 private:
  static constexpr std::uint64_t kLongestStep = 86'400'000'000'000;  // a day
  // Some 200 years, which leave room for deadlines behind it.
  static constexpr Time kEnd = Time(Duration(INT64_MAX / 3 * 2));

  Time now_ = Time(std::chrono::seconds(1));
  std::int64_t reading_ = INT64_MAX;  // the first one is no step
};

}  // namespace sluice

#endif  // SLUICE_APP_LIBSLIRP_GUEST_CLOCK_H_
