#include "devices/nic/rtl8139/timer.h"

namespace sluice::rtl8139 {
namespace {

constexpr std::uint64_t kTicks = 33;  // in kNanoseconds
constexpr std::uint64_t kNanoseconds = 1000;
constexpr std::uint64_t kRound = std::uint64_t{1} << 32;

}  // namespace

void Timer::restart(Time now) {
  start_ = now;
  find_match(now);
}

void Timer::set_interval(Time now, std::uint32_t ticks) {
  interval_ = ticks;
  find_match(now);
}

bool Timer::expired(Time now) {
  if (interval_ == 0 || ticks(now) < match_) return false;
  find_match(now);
  return true;
}

std::optional<Time> Timer::deadline() const {
  if (interval_ == 0) return std::nullopt;
  const std::uint64_t rest = match_ % kTicks;
  const std::uint64_t after =
      match_ / kTicks * kNanoseconds + (rest * kNanoseconds + kTicks - 1) / kTicks;
  return start_ + Duration(static_cast<Duration::rep>(after));
}

std::uint64_t Timer::ticks(Time now) const {
  if (now < start_) return 0;
  const auto passed = static_cast<std::uint64_t>((now - start_).count());
  return passed / kNanoseconds * kTicks + passed % kNanoseconds * kTicks / kNanoseconds;
}

void Timer::find_match(Time now) {
  const std::uint64_t current = ticks(now);
  match_ = current / kRound * kRound + interval_;
  if (match_ <= current) match_ += kRound;
}

}  // namespace sluice::rtl8139
