// The congestion window: slow start, congestion avoidance and fast recovery (RFC 5681, RFC 6582),
// counted in bytes (RFC 3465 with L = what was acknowledged, since a guest acknowledges whole
// batches at once).

#ifndef SLUICE_STACK_TCP_CONGESTION_H_
#define SLUICE_STACK_TCP_CONGESTION_H_

#include <algorithm>
#include <cstdint>

namespace sluice::tcp {

class Congestion {
 public:
  // RFC 6928: ten segments.
  void start(std::uint32_t mss) { window_ = 10 * mss; }

  std::uint32_t window() const { return window_; }

  // New data was acknowledged outside recovery while the window was in use.
  void on_acknowledged(std::uint32_t bytes, std::uint32_t mss) {
    if (window_ < threshold_) {
      window_ = std::min(kMaximum, window_ + bytes);
      return;
    }
    acknowledged_ += bytes;
    if (acknowledged_ >= window_) {
      acknowledged_ -= window_;
      window_ = std::min(kMaximum, window_ + mss);
    }
  }
  // A loss was inferred from acknowledgements with `in_flight` bytes under way.
  void on_loss(std::uint32_t in_flight, std::uint32_t mss) {
    threshold_ = std::max(in_flight / 2, 2 * mss);
    window_ = threshold_;
    acknowledged_ = 0;
  }
  // The retransmission timer fired. `first` unless it fired for the same data before.
  void on_timeout(std::uint32_t in_flight, std::uint32_t mss, bool first) {
    if (first) threshold_ = std::max(in_flight / 2, 2 * mss);
    window_ = mss;
    acknowledged_ = 0;
  }

 private:
  static constexpr std::uint32_t kMaximum = 1U << 30;

  std::uint32_t window_ = 0;
  std::uint32_t threshold_ = kMaximum;
  std::uint32_t acknowledged_ = 0;  // bytes since the window last grew in congestion avoidance
};

}  // namespace sluice::tcp

#endif  // SLUICE_STACK_TCP_CONGESTION_H_
