// How long to poll for an event before falling asleep.
//
// Waking up a sleeping processor takes tens of microseconds, on a virtual machine more than
// everything that is then done for a packet. So a wait whose event is expected soon begins by
// polling. Whether it is, is learnt from the waits before, as KVM does it for its guests' halts: a
// sleep that was short lengthens the time of polling, a long one ends it. So an idle network takes
// no processor time, but one that is expected again and again within that time takes a whole
// processor.

#ifndef SLUICE_APP_BUSY_POLL_H_
#define SLUICE_APP_BUSY_POLL_H_

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "stack/time.h"

namespace sluice {

class BusyPoll {
 public:
  // Polls for at most so long; zero: never.
  explicit BusyPoll(Duration longest) : longest_(longest) {}

  // For how long the next wait polls. While much data moves it does not: a wake-up counts for
  // little then, and in a sleep more can gather.
  Duration window() const { return recently_moved_ < kBulk ? window_ : Duration::zero(); }

  // So many bytes were moved since the last wait.
  void on_turn(std::uint64_t bytes) { recently_moved_ += bytes - recently_moved_ / kTurns; }

  // A wait slept, having polled in vain, and an event came so long after it began.
  void on_sleep(Duration waited) {
    window_ = waited <= longest_ ? std::clamp(2 * window_, std::min(kFirst, longest_), longest_)
                                 : Duration::zero();
  }

 private:
  static constexpr Duration kFirst = std::chrono::microseconds(25);
  // Much is more than 4 KiB a turn, on average of about so many.
  static constexpr std::uint64_t kTurns = 16;
  static constexpr std::uint64_t kBulk = kTurns << 12;

  Duration longest_;
  Duration window_ = Duration::zero();
  std::uint64_t recently_moved_ = 0;  // bytes, a part of which is forgotten with each turn
};

}  // namespace sluice

#endif  // SLUICE_APP_BUSY_POLL_H_
