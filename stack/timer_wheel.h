// All deadlines of the process in one structure.
//
// A hierarchical wheel (Varghese and Lauck, 1987): eight levels of 64 slots, each level 64 times
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

#include <gsl/assert>

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

// A place in a ring of timers: a timer's own, or the head of a slot.
class TimerLinks {
 public:
  TimerLinks(const TimerLinks&) = delete;
  TimerLinks& operator=(const TimerLinks&) = delete;

 protected:
  friend class TimerWheel;

  TimerLinks() = default;
  ~TimerLinks() = default;

  bool linked() const { return next_ != nullptr; }
  void unlink() {
    Expects(next_ != nullptr && previous_ != nullptr);
    next_->previous_ = previous_;
    previous_->next_ = next_;
    next_ = previous_ = nullptr;
  }

  TimerLinks* next_ = nullptr;  // null while in no ring
  TimerLinks* previous_ = nullptr;
};

class Timer : public TimerLinks {
 public:
  // `handler` outlives the timer.
  explicit Timer(TimerHandler& handler) : handler_(&handler) {}
  ~Timer() { cancel(); }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  bool is_set() const { return linked(); }
  // When it is to fire. Only while it is set.
  Time deadline() const { return deadline_; }
  void cancel() {
    if (linked()) unlink();
  }

 private:
  friend class TimerWheel;

  Time deadline_{};
  TimerHandler* handler_;
};
static_assert(sizeof(Timer) == 32);

class TimerWheel {
 public:
  explicit TimerWheel(Time start);
  ~TimerWheel();
  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;

  // Sets or moves `timer`. A deadline in the past fires at the next tick.
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
  static constexpr unsigned kLevels = 8;  // 2^48 ticks: every Time there is

  using Tick = std::uint64_t;

  struct Slot : TimerLinks {
    Slot() { next_ = previous_ = this; }
    ~Slot() = default;
  };
  struct Occupied {
    Tick tick;  // where the slot begins
    unsigned level;
    unsigned slot;
  };

  Tick tick_at_or_after(Time time) const;
  void link(Timer& timer);
  void fire(Slot& slot, Time now);
  void cascade(Slot& slot);
  std::optional<Occupied> first_occupied() const;
  Slot& slot_at(unsigned level, unsigned slot) { return slots_[level * kSlots + slot]; }

  Time start_;
  Tick now_ = 0;  // everything up to this tick has fired
  // No timer is set before this tick, so that a handler can't make advance() go on forever.
  Tick floor_ = 0;
  // Which slots may hold timers. A bit goes when its slot is found empty, not when a timer in it is
  // cancelled: a stale bit costs one look.
  mutable std::array<std::uint64_t, kLevels> occupied_{};
  std::array<Slot, static_cast<std::size_t>(kLevels) * kSlots> slots_;
};

}  // namespace sluice

#endif  // SLUICE_STACK_TIMER_WHEEL_H_
