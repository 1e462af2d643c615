// The four transmit slots of the RTL8139C+ outside C+ mode (data sheet, section 6.2).
//
// A slot has two registers: TSAD, where a frame lies in one piece, and TSD, its size and what
// became of it. Writing TSD without OWN hands the slot to the card. The card takes them in turn,
// beginning with the first: a slot out of its turn waits.

#ifndef SLUICE_DEVICES_NIC_RTL8139_SLOTS_H_
#define SLUICE_DEVICES_NIC_RTL8139_SLOTS_H_

#include <array>
#include <cstdint>

#include "devices/nic/guest_memory.h"
#include "devices/nic/rtl8139/interrupts.h"
#include "devices/nic/rtl8139/statistics.h"

namespace sluice::rtl8139 {

class Slots {
 public:
  static constexpr unsigned kCount = 4;
  using Addresses = std::array<std::uint32_t, kCount>;  // TSAD0-3

  // All of these are to live longer than this.
  Slots(GuestMemory& memory, Interrupts& interrupts, Statistics& statistics);

  // As after a reset: all slots are the driver's.
  void reset();
  std::uint32_t status(unsigned slot) const { return status_.at(slot); }
  void write_status(unsigned slot, std::uint32_t value);
  // TSAD, the register at 60h that tells of all slots at once (section 6.17).
  std::uint16_t summary() const;

  // Whether the slot whose turn it is has been handed over.
  bool pending() const;
  // Reads that slot's frame to the start of `room`, which takes any, and hands the slot back; the
  // frame's size, which may be 0: there is nothing to send. Without a `carrier` it is lost.
  std::size_t take(const Addresses& addresses, bool carrier, MutableBytes room);

 private:
  GuestMemory& memory_;
  Interrupts& interrupts_;
  Statistics& statistics_;
  std::array<std::uint32_t, kCount> status_{};
  unsigned turn_ = 0;
};

}  // namespace sluice::rtl8139

#endif  // SLUICE_DEVICES_NIC_RTL8139_SLOTS_H_
