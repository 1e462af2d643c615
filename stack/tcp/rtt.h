// The retransmission timeout (RFC 6298).

#ifndef SLUICE_STACK_TCP_RTT_H_
#define SLUICE_STACK_TCP_RTT_H_

#include <algorithm>
#include <cstdint>

#include "stack/time.h"

namespace sluice::tcp {

class RttEstimator {
 public:
  // RFC 6298 asks for 1 s at least, in section 2.4, for the coarse clocks and the delayed
  // acknowledgements of its time. Every current stack uses 200 ms, and so do we.
  static constexpr Duration kMinimum = std::chrono::milliseconds(200);
  static constexpr Duration kInitial = std::chrono::seconds(1);
  static constexpr Duration kAfterLostSyn = std::chrono::seconds(3);
  static constexpr Duration kMaximum = std::chrono::seconds(60);

  void sample(Duration round_trip) {
    const auto micros = static_cast<std::uint32_t>(
        std::clamp<std::int64_t>(round_trip.count() / 1000, 1, kLongest));
    if (smoothed_ == 0) {
      smoothed_ = micros;
      variation_ = micros / 2;
      return;
    }
    const std::uint32_t error = smoothed_ > micros ? smoothed_ - micros : micros - smoothed_;
    variation_ = static_cast<std::uint32_t>((std::uint64_t{variation_} * 3 + error) / 4);
    smoothed_ = static_cast<std::uint32_t>((std::uint64_t{smoothed_} * 7 + micros) / 8);
  }

  // After `backoffs` timeouts in a row, each of which doubles it. `syn_lost`: the SYN was sent more
  // than once, so kInitial may be too short for this path (RFC 6298, section 5.7).
  Duration timeout(unsigned backoffs, bool syn_lost) const {
    const Duration base =
        smoothed_ == 0
            ? (syn_lost ? kAfterLostSyn : kInitial)
            : std::max<Duration>(
                  kMinimum, std::chrono::microseconds(smoothed_ + std::uint64_t{4} * variation_));
    return std::min(kMaximum, base * (std::int64_t{1} << std::min(backoffs, 16U)));
  }

  // Zero before the first sample.
  Duration smoothed() const { return std::chrono::microseconds(smoothed_); }

 private:
  static constexpr std::int64_t kLongest = 120'000'000;

  std::uint32_t smoothed_ = 0;   // microseconds; 0 before the first sample
  std::uint32_t variation_ = 0;  // microseconds
};

}  // namespace sluice::tcp

#endif  // SLUICE_STACK_TCP_RTT_H_
