#include "devices/link/impairment.h"

#include <algorithm>
#include <utility>

namespace sluice {

bool ImpairedQueue::Later::operator()(const UnderWay& a, const UnderWay& b) const {
  return std::pair(a.arrival, a.number) > std::pair(b.arrival, b.number);
}

ImpairedQueue::ImpairedQueue(const Impairment& impairment, std::uint64_t direction)
    : impairment_(impairment), random_(Seed{impairment.seed, 0}.derive(direction)) {}

bool ImpairedQueue::happens(Impairment::Chance chance) {
  return chance != 0 && random_.below(Impairment::kAlways) < chance;
}

Time ImpairedQueue::arrival_of(Time now, std::size_t size) {
  line_free_ = std::max(line_free_, now);
  if (impairment_.rate != 0) {
    constexpr std::uint64_t kNanoseconds = 1'000'000'000;
    line_free_ += std::chrono::nanoseconds(size * 8 * kNanoseconds / impairment_.rate);
  }
  if (happens(impairment_.reorder)) return line_free_;
  Duration delay = impairment_.delay;
  if (impairment_.jitter != Duration{0}) {
    // In steps small enough for any clock.
    constexpr std::uint32_t kSteps = 1 << 20;
    const auto step = static_cast<std::int64_t>(random_.below(2 * kSteps + 1));
    delay += impairment_.jitter * (step - kSteps) / kSteps;
  }
  last_arrival_ = std::max(last_arrival_, line_free_ + std::max(delay, Duration{0}));
  return last_arrival_;
}

void ImpairedQueue::push(Time now, Bytes header, gsl::span<const Bytes> payload) {
  const std::size_t size = header.size() + total_size(payload);
  const int copies = happens(impairment_.duplicate) ? 2 : 1;
  for (int copy = 0; copy < copies; ++copy) {
    const bool is_room =
        under_way_.size() < kMaxFrames && held_bytes_ + size <= impairment_.queue_bytes;
    if (happens(impairment_.loss) || !is_room) {
      ++lost_;
      continue;
    }
    Frame frame(header.begin(), header.end());
    frame.reserve(size);
    for (const Bytes piece : payload) frame.insert(frame.end(), piece.begin(), piece.end());
    if (size != 0 && happens(impairment_.corrupt)) {
      const std::uint32_t bit = random_.below(static_cast<std::uint32_t>(size * 8));
      frame[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    }
    held_bytes_ += size;
    under_way_.push({arrival_of(now, size), count_++, std::move(frame)});
  }
}

std::optional<ImpairedQueue::Frame> ImpairedQueue::pop(Time now) {
  if (under_way_.empty() || under_way_.top().arrival > now) return std::nullopt;
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): it is taken out before anybody compares.
  Frame frame = std::move(const_cast<UnderWay&>(under_way_.top()).frame);
  under_way_.pop();
  held_bytes_ -= frame.size();
  return frame;
}

std::optional<Time> ImpairedQueue::deadline() const {
  if (under_way_.empty()) return std::nullopt;
  return under_way_.top().arrival;
}

}  // namespace sluice
