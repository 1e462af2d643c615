// Runs a core on a clock that somebody else's frames set.
//
// Between two frames every deadline of the core is met at its own time, and what the host has to
// say is said at once. So a replay shows what would have happened, retransmissions and closes
// included, in as little real time as it takes.

#ifndef SLUICE_APP_REPLAYER_H_
#define SLUICE_APP_REPLAYER_H_

#include <chrono>

#include "app/replay_host.h"
#include "devices/link/capture_link.h"
#include "nat/nat.h"

namespace sluice {

class Replayer {
 public:
  // All of them outlive it; `nat` was built with the link and the host at the time of `now`.
  Replayer(Nat& nat, CaptureLink& link, ReplayHost& host, Time now)
      : nat_(nat), link_(link), host_(host), now_(now) {}

  // Lets time pass until `until`, or kLongestGap from the last moment if that is earlier, and then
  // feeds the frame. What follows is as much earlier as the gap was shortened. `until` is a time as
  // CaptureReader gives them: never negative, and far from overflow.
  void on_frame(Time until, const Frame& frame);
  // Lets `more` time pass.
  void run_for(Duration more);

  Time now() const { return now_; }

  // A capture may claim years between two frames, in which timers would go off for nothing.
  static constexpr std::chrono::hours kLongestGap{24};

 private:
  void advance_to(Time until);
  void take_host_events();

  Nat& nat_;
  CaptureLink& link_;
  ReplayHost& host_;
  Time now_;
  Duration shortened_{};  // by which the replay is ahead of the capture
};

}  // namespace sluice

#endif  // SLUICE_APP_REPLAYER_H_
