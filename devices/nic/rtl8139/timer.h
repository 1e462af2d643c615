// The timer of the RTL8139C+: TCTR counts the bus clock, 33 MHz, from when it was written last, and
// wraps. When it meets TimerInt, and that is not zero, ISR's TimeOut is set (data sheet, register
// list of chapter 6).
//
// Nothing runs: what the counter says follows from the time that an access comes with, and of each
// match the moment is known beforehand.

#ifndef SLUICE_DEVICES_NIC_RTL8139_TIMER_H_
#define SLUICE_DEVICES_NIC_RTL8139_TIMER_H_

#include <cstdint>
#include <optional>

#include "stack/time.h"

namespace sluice::rtl8139 {

class Timer {
 public:
  // The counter as it stands: TCTR.
  std::uint32_t count(Time now) const { return static_cast<std::uint32_t>(ticks(now)); }
  // Any value that is written to TCTR.
  void restart(Time now);
  std::uint32_t interval() const { return interval_; }  // TimerInt
  void set_interval(Time now, std::uint32_t ticks);

  // Whether counter and interval have met since this was asked last.
  bool expired(Time now);
  // When they meet next; nullopt if they don't.
  std::optional<Time> deadline() const;

 private:
  std::uint64_t ticks(Time now) const;
  void find_match(Time now);

  Time start_{};
  std::uint32_t interval_ = 0;
  std::uint64_t match_ = 0;  // the next one, in ticks since the start
};

}  // namespace sluice::rtl8139

#endif  // SLUICE_DEVICES_NIC_RTL8139_TIMER_H_
