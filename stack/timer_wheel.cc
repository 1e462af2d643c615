#include "stack/timer_wheel.h"

#include <algorithm>
#include <bit>

namespace sluice {

TimerWheel::TimerWheel(Time start) : start_(start) {}

TimerWheel::~TimerWheel() {
  for (Slot& slot : slots_) {
    while (slot.next_ != &slot) slot.next_->unlink();
  }
}

TimerWheel::Tick TimerWheel::tick_at_or_after(Time time) const {
  const auto since = (time - start_).count();
  if (since <= 0) return 0;
  return (static_cast<Tick>(since) + (Tick{1} << kTickBits) - 1) >> kTickBits;
}

void TimerWheel::set(Timer& timer, Time deadline) {
  timer.cancel();
  timer.deadline_ =
      std::max(deadline, start_ + Duration(static_cast<Duration::rep>(floor_ << kTickBits)));
  link(timer);
}

void TimerWheel::link(Timer& timer) {
  const Tick tick = std::max(tick_at_or_after(timer.deadline_), now_);
  // The level is that of the highest bit in which the tick differs from now, so a slot never holds
  // timers of two rotations.
  const unsigned level = static_cast<unsigned>(std::bit_width((tick ^ now_) | 1) - 1) / kSlotBits;
  const unsigned index = (tick >> (kSlotBits * level)) % kSlots;
  Slot& slot = slot_at(level, index);
  timer.previous_ = slot.previous_;
  timer.next_ = &slot;
  slot.previous_->next_ = &timer;
  slot.previous_ = &timer;
  occupied_.at(level) |= std::uint64_t{1} << index;
}

std::optional<TimerWheel::Occupied> TimerWheel::first_occupied() const {
  // Slots of a finer level all lie before those of a coarser one.
  for (unsigned level = 0; level < kLevels; ++level) {
    const unsigned shift = kSlotBits * level;
    const unsigned current = (now_ >> shift) % kSlots;
    std::uint64_t ahead = occupied_.at(level) & (~std::uint64_t{0} << current);
    for (; ahead != 0; ahead &= ahead - 1) {
      const unsigned index = static_cast<unsigned>(std::countr_zero(ahead));
      const Slot& slot = slots_[level * kSlots + index];
      if (slot.next_ == &slot) {
        occupied_.at(level) &= ~(std::uint64_t{1} << index);
        continue;
      }
      const Tick rotation = now_ >> (shift + kSlotBits) << (shift + kSlotBits);
      return Occupied{rotation | Tick{index} << shift, level, index};
    }
  }
  return std::nullopt;
}

void TimerWheel::advance(Time now) {
  const auto since = (now - start_).count();
  if (since < 0) return;
  const Tick target = static_cast<Tick>(since) >> kTickBits;
  if (target < now_) return;
  floor_ = target + 1;
  while (const auto next = first_occupied()) {
    if (next->tick > target) break;
    now_ = std::max(now_, next->tick);
    occupied_.at(next->level) &= ~(std::uint64_t{1} << next->slot);
    Slot& slot = slot_at(next->level, next->slot);
    if (next->level == 0) {
      fire(slot, now);
    } else {
      cascade(slot);
    }
  }
  // Every slot that begins here or before is empty now, the coarse ones around this tick included:
  // what is set from here on lies in front of whatever a coarser slot holds.
  now_ = target;
}

void TimerWheel::fire(Slot& slot, Time now) {
  // What handlers set lands at floor_ or later, never in this slot; what they cancel leaves it.
  while (slot.next_ != &slot) {
    auto& timer = static_cast<Timer&>(*slot.next_);
    timer.cancel();
    timer.handler_->on_timer(now, timer);
  }
}

void TimerWheel::cascade(Slot& slot) {
  while (slot.next_ != &slot) {
    auto& timer = static_cast<Timer&>(*slot.next_);
    timer.cancel();
    link(timer);
  }
}

std::optional<Time> TimerWheel::deadline() const {
  const auto next = first_occupied();
  if (!next) return std::nullopt;
  return start_ + Duration(static_cast<Duration::rep>(next->tick << kTickBits));
}

}  // namespace sluice
