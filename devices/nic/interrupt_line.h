// The interrupt line of a card (PCI Local Bus Specification 3.0, section 2.2.6): a level that a
// slot hears of when it changes, and that shows in the status register though it be disabled.

#ifndef SLUICE_DEVICES_NIC_INTERRUPT_LINE_H_
#define SLUICE_DEVICES_NIC_INTERRUPT_LINE_H_

#include "devices/nic/nic.h"
#include "devices/nic/pci_config.h"

namespace sluice {

class InterruptLine {
 public:
  // Both outlive the line.
  InterruptLine(PciSlot& slot, PciConfig& config) : slot_(slot), config_(config) {}

  // Whether the card has a reason for an interrupt. To be told again when the command register may
  // have changed.
  void set(bool pending) {
    config_.set_interrupt_status(pending);
    const bool level = pending && !config_.disables_interrupt();
    if (level == level_) return;
    level_ = level;
    slot_.set_interrupt(level);
  }

 private:
  PciSlot& slot_;
  PciConfig& config_;
  bool level_ = false;
};

}  // namespace sluice

#endif  // SLUICE_DEVICES_NIC_INTERRUPT_LINE_H_
