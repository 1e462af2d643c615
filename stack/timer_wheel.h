// All deadlines of the process in one structure.
//
// A hierarchical wheel (Varghese and Lauck, 1987): six levels of 64 slots, each level 64 times
// coarser than the one below, with a tick of about a millisecond. Setting and cancelling a timer
// links it into a slot, whatever the number of timers; a bitmap per level finds the next occupied
// slot. A timer beyond the finest level waits in a coarse slot and moves down when its slot begins,
// so most timers (a retransmission that is never due) are cancelled before they are ever touched.
//
// A timer fires up to one tick late, never early. Timers are members of what they belong to: the
// wheel allocates nothing. A Timer that goes away leaves its wheel.

#ifndef SLUICE_STACK_TIMER_WHEEL_H_
#define SLUICE_STACK_TIMER_WHEEL_H_

#include <array>
#include <cstdint>
#include <optional>

#include "stack/time.h"

namespace sluice {

class Timer;

class TimerHandler {
 public:
  // `timer` has fired and is no longer set; it may be set again or destroyed here, and so may
  // any other timer.
  virtual void on_timer(Time now, Timer& timer) = 0;

 protected:
  ~TimerHandler() = default;
};

class Timer {
 public:
  // `handler` outlives the timer.
  explicit Timer(TimerHandler& handler) : handler_(&handler) {}
  ~Timer() { cancel(); }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  bool is_set() const { return next_ != nullptr; }
  // When it is to fire. Only while it is set.
  Time deadline() const { return deadline_; }
  void cancel();

 private:
  friend class TimerWheel;

  Timer* next_ = nullptr;  // a ring through the slot's head; null while not set
  Timer* previous_ = nullptr;
  Time deadline_{};
  TimerHandler* handler_ = nullptr;
};
static_assert(sizeof(Timer) == 32);

class TimerWheel {
 public:
  explicit TimerWheel(Time start);
  ~TimerWheel();
  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;

  // Sets or moves `timer`. A deadline in the past fires at the next advance().
  void set(Timer& timer, Time deadline);
  // Fires everything due at `now`. Time never goes back: an earlier `now` does nothing.
  void advance(Time now);
  // A time at which advance() has something to do, no later than the first timer's tick.
  // nullopt when no timer is set.
  std::optional<Time> deadline() const;

 private:
  static constexpr unsigned kTickBits = 20;  // a tick is 2^20 ns, 1.05 ms
  static constexpr unsigned kSlotBits = 6;
  static constexpr unsigned kSlots = 1U << kSlotBits;
  static constexpr unsigned kLevels = 6;  // 2^36 ticks: more than two years

  using Tick = std::uint64_t;

  // The head of a ring of timers. It is a Timer for its links alone.
  class Slot : public Timer {
   public:
    explicit Slot(TimerHandler& handler) : Timer(handler) {}
  };
  class NeverFires final : public TimerHandler {
    void on_timer(Time now, Timer& timer) override;
  };
  struct NextTick {
    Tick tick;
    unsigned level;
    unsigned slot;
  };

  Tick tick_of(Time time) const;
  void link(Timer& timer);
  std::optional<NextTick> next_occupied() const;
  Timer& head(unsigned level, unsigned slot) { return slots_[level * kSlots + slot]; }

  NeverFires never_fires_;
  Time start_;
  Tick now_ = 0;  // everything before this tick has fired
  // Which slots may hold timers. A bit is cleared when its slot is visited, not when a timer in it
  // is cancelled: a stale bit costs one empty visit.
  mutable std::array<std::uint64_t, kLevels> occupied_{};
  std::array<Slot, kLevels * kSlots> slots_;
};

}  // namespace sluice

#endif  // SLUICE_STACK_TIMER_WHEEL_H_
