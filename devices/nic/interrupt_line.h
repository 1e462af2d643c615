// A card's interrupt line (PCI Local Bus Specification 3.0, section 2.2.6): a level that stays for
// as long as something is pending. The slot hears of it when it changes only, for most of what a
// card does changes nothing.
//
// What configuration space has to do with it (sections 6.2.2 and 6.2.3) is here: the status bit
// shows what is pending, the command bit keeps it from the line.

#ifndef SLUICE_DEVICES_NIC_INTERRUPT_LINE_H_
#define SLUICE_DEVICES_NIC_INTERRUPT_LINE_H_

#include "devices/nic/nic.h"
#include "devices/nic/pci_config.h"

namespace sluice {

class InterruptLine {
 public:
  // Both outlive the line.
  InterruptLine(PciSlot& slot, PciConfig& config) : slot_(slot), config_(config) {}
  InterruptLine(const InterruptLine&) = delete;
  InterruptLine& operator=(const InterruptLine&) = delete;

  // Whether the card has something to tell.
  void set(bool pending) {
    pending_ = pending;
    update();
  }
  bool pending() const { return pending_; }
  // To be called when configuration space has been written or reset.
  void update() {
    config_.set_interrupt_status(pending_);
    const bool level = pending_ && !config_.disables_interrupt();
    if (level == level_) return;
    level_ = level;
    slot_.set_interrupt(level);
  }

 private:
  PciSlot& slot_;
  PciConfig& config_;
  bool pending_ = false;
  bool level_ = false;
};

}  // namespace sluice

#endif  // SLUICE_DEVICES_NIC_INTERRUPT_LINE_H_
