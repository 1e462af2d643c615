// When the 82540EM interrupts: causes, their mask, and how often (sections 3.2.7 and 13.4.17 on).
//
// Causes gather in ICR. Those that IMS lets through hold the line, until ICR is read or they are
// masked. ITR is the least time from one interrupt to the next: the line stays low until it has
// passed, though causes wait.
//
// Apart from that, causes of which there are many are delayed to be told together. A timer that
// each of them starts anew says when no more came for a while, and another that the first one
// starts, that it has waited long enough.

#ifndef SLUICE_DEVICES_NIC_E1000_INTERRUPTS_H_
#define SLUICE_DEVICES_NIC_E1000_INTERRUPTS_H_

#include <cstdint>
#include <optional>

#include "devices/nic/interrupt_line.h"
#include "stack/time.h"

namespace sluice::e1000 {

class Interrupts {
 public:
  explicit Interrupts(InterruptLine& line) : line_(line) {}

  void reset();
  void raise(Time now, std::uint32_t causes);
  // What reading ICR does: all that there are, and there are none any more.
  std::uint32_t take_causes();
  // What writing ICR does.
  void clear(std::uint32_t causes);
  void enable(Time now, std::uint32_t causes);
  void disable(std::uint32_t causes);
  std::uint32_t mask() const { return mask_; }
  // ITR, in units of 256 ns; 0: as often as there are causes.
  void set_interval(Time now, std::uint32_t interval);

  std::optional<Time> deadline() const;
  void on_time(Time now) { update(now); }

 private:
  bool wanted() const { return (causes_ & mask_) != 0; }
  void update(Time now);

  InterruptLine& line_;
  std::uint32_t causes_ = 0;
  std::uint32_t mask_ = 0;
  Duration interval_{};
  std::optional<Time> last_;  // when the line rose
};

class DelayTimer {
 public:
  // A cause has come up. `packet` and `absolute` are the registers, in units of 1024 ns; without
  // the first one there is no delay, without the second one no limit to it. True: it is to be told
  // now.
  bool start(Time now, std::uint32_t packet, std::uint32_t absolute);
  // True: there is something to be told, which is considered done.
  bool expire(Time now);
  bool flush();

  std::optional<Time> deadline() const { return deadline_; }

 private:
  std::optional<Time> deadline_;
  std::optional<Time> limit_;
};

}  // namespace sluice::e1000

#endif  // SLUICE_DEVICES_NIC_E1000_INTERRUPTS_H_
