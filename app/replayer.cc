#include "app/replayer.h"

#include <algorithm>
#include <vector>

namespace sluice {

void Replayer::on_frame(Time until, const Frame& frame) {
  Time then = until - shortened_;
  if (then - now_ > kLongestGap) {
    shortened_ += then - now_ - kLongestGap;
    then = now_ + kLongestGap;
  }
  advance_to(then);
  nat_.on_frames(now_, gsl::span<const Frame>(&frame, 1));
  take_host_events();
}

void Replayer::run_for(Duration more) {
  advance_to(now_ + more);
}

void Replayer::advance_to(Time until) {
  for (;;) {
    const std::optional<Time> deadline = nat_.deadline();
    if (!deadline || *deadline > until) break;
    now_ = std::max(now_, *deadline);
    link_.set_time(now_);
    nat_.on_time(now_);
    take_host_events();
  }
  now_ = std::max(now_, until);
  link_.set_time(now_);
}

void Replayer::take_host_events() {
  // A host that answers at once may be asked again at once; it must not be for ever.
  constexpr int kMaxRounds = 1000;
  for (int round = 0; round < kMaxRounds; ++round) {
    const std::vector<HostEvent> events = host_.take_events();
    if (events.empty()) return;
    nat_.on_host(now_, events);
  }
}

}  // namespace sluice
