// A card's own accesses to memory, as long as it may make any, at addresses of 32 bits.

#ifndef SLUICE_DEVICES_NIC_BUS_MASTER_H_
#define SLUICE_DEVICES_NIC_BUS_MASTER_H_

#include <array>
#include <bit>
#include <cstdint>
#include <optional>
#include <type_traits>

#include "devices/nic/guest_memory.h"
#include "devices/nic/nic.h"
#include "devices/nic/pci_config.h"

namespace sluice {

class BusMaster {
 public:
  // Both outlive it.
  BusMaster(PciSlot& slot, const PciConfig& config) : slot_(slot), config_(config) {}

  // Whether the command register lets the card reach memory, and it is awake.
  bool is_allowed() const { return awake_ && config_.masters_bus(); }
  void set_awake(bool awake) { awake_ = awake; }

  // As GuestMemory has them; false, too, if nothing is allowed.
  bool read(std::uint32_t address, MutableBytes into) {
    return is_allowed() && slot_.memory().read(address, into);
  }
  bool write(std::uint32_t address, Bytes bytes) {
    return is_allowed() && slot_.memory().write(address, bytes);
  }

  // A descriptor, read once.
  template <typename T>
  requires std::is_trivially_copyable_v<T> std::optional<T> load(std::uint32_t address) {
    std::array<std::uint8_t, sizeof(T)> bytes{};
    if (!read(address, bytes)) return std::nullopt;
    return std::bit_cast<T>(bytes);
  }
  template <typename T>
  requires std::is_trivially_copyable_v<T>
  bool store(std::uint32_t address, const T& value) {
    return write(address, std::bit_cast<std::array<std::uint8_t, sizeof(T)>>(value));
  }

 private:
  PciSlot& slot_;
  const PciConfig& config_;
  bool awake_ = true;
};

}  // namespace sluice

#endif  // SLUICE_DEVICES_NIC_BUS_MASTER_H_
