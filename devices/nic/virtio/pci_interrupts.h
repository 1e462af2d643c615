// How a virtio device on PCI tells its driver something (virtio 1.2, sections 4.1.4.5 and 4.1.5.3
// f.): by a message, if those are enabled, else by the line, with the reason in a register that
// reading clears.

#ifndef SLUICE_DEVICES_NIC_VIRTIO_PCI_INTERRUPTS_H_
#define SLUICE_DEVICES_NIC_VIRTIO_PCI_INTERRUPTS_H_

#include <cstdint>
#include <utility>

#include "devices/nic/interrupt_line.h"
#include "devices/nic/message_table.h"

namespace sluice {

class VirtioPciInterrupts {
 public:
  enum Reason : std::uint8_t { kQueue = 1, kConfiguration = 2 };
  static constexpr std::uint16_t kNoVector = 0xffff;

  // Both outlive it.
  VirtioPciInterrupts(PciSlot& slot, PciConfig& config, unsigned messages)
      : line_(slot, config), messages_(slot, messages) {}

  void raise(Reason reason, std::uint16_t vector) {
    if (messages_.enabled()) {
      messages_.raise(vector);
    } else {
      status_ = static_cast<std::uint8_t>(status_ | reason);
      update();
    }
  }
  // The register, which is then empty.
  std::uint8_t take_status() {
    const std::uint8_t status = std::exchange(status_, std::uint8_t{0});
    update();
    return status;
  }
  // The vector that is kept where a driver asks for this one.
  std::uint16_t accept(std::uint16_t vector) const {
    return vector < messages_.count() ? vector : kNoVector;
  }
  // To be called, too, when configuration space has been written or reset.
  void update() { line_.set(status_ != 0 && !messages_.enabled()); }
  // The driver has reset the device; which messages go where is not the device's business.
  void forget() {
    status_ = 0;
    update();
  }

  MessageTable& messages() { return messages_; }
  const MessageTable& messages() const { return messages_; }

 private:
  InterruptLine line_;
  MessageTable messages_;
  std::uint8_t status_ = 0;
};

}  // namespace sluice

#endif  // SLUICE_DEVICES_NIC_VIRTIO_PCI_INTERRUPTS_H_
