// The guest's memory as a virtio device on PCI sees it: all that lies in this process, as long as
// the device may reach memory at all.

#ifndef SLUICE_DEVICES_NIC_VIRTIO_PCI_MEMORY_H_
#define SLUICE_DEVICES_NIC_VIRTIO_PCI_MEMORY_H_

#include <compare>
#include <cstdint>

#include "devices/nic/nic.h"
#include "devices/nic/pci_config.h"
#include "devices/nic/virtio/shared_memory.h"

namespace sluice {

class VirtioPciMemory final : public SharedMemory {
 public:
  // What was seen in place, may be used as long as this is the same.
  struct State {
    std::uint64_t generation = 0;
    bool reachable = false;
    bool operator==(const State&) const = default;
  };

  // Both outlive it.
  VirtioPciMemory(PciSlot& slot, const PciConfig& config) : slot_(slot), config_(config) {}

  State state() const { return {slot_.memory().generation(), config_.masters_bus()}; }

  MutableBytes view(std::uint64_t address, std::size_t size) override {
    const MutableBytes bytes = prefix(address, size);
    return bytes.size() == size ? bytes : MutableBytes{};
  }
  MutableBytes prefix(std::uint64_t address, std::size_t size) override {
    return config_.masters_bus() ? slot_.memory().window(address, size) : MutableBytes{};
  }
  // A machine that wants to know what is written, has no way to say so here.
  void on_written(Bytes /*bytes*/) override {}
  bool is_watched() const override { return false; }

 private:
  PciSlot& slot_;
  const PciConfig& config_;
};

}  // namespace sluice

#endif  // SLUICE_DEVICES_NIC_VIRTIO_PCI_MEMORY_H_
