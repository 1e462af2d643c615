// ISR and IMR of the RTL8139C+ (sections 6.5 and 6.6): what has happened and what of it is to be
// told.
//
// A bit of ISR is cleared by writing a one to it. The data sheet has it that reading clears all; no
// chip does, and drivers read what they do not clear.

#ifndef SLUICE_DEVICES_NIC_RTL8139_INTERRUPTS_H_
#define SLUICE_DEVICES_NIC_RTL8139_INTERRUPTS_H_

#include "devices/nic/rtl8139/registers.h"

namespace sluice::rtl8139 {

class Interrupts {
 public:
  void raise(unsigned causes) { status_ |= static_cast<std::uint16_t>(causes); }
  void acknowledge(std::uint16_t causes) { status_ &= static_cast<std::uint16_t>(~causes); }
  void set_mask(std::uint16_t mask) { mask_ = mask & kInterrupts; }

  std::uint16_t status() const { return status_; }
  std::uint16_t mask() const { return mask_; }
  bool pending() const { return (status_ & mask_) != 0; }

 private:
  std::uint16_t status_ = 0;
  std::uint16_t mask_ = 0;
};

}  // namespace sluice::rtl8139

#endif  // SLUICE_DEVICES_NIC_RTL8139_INTERRUPTS_H_
