// The registers of a virtio device on PCI, as both interfaces have them (virtio 1.2, sections
// 4.1.4.3 and 4.1.4.10).
//
// Modern drivers find a structure of fields in a memory BAR; older ones, others in an I/O BAR, with
// the device's own configuration behind them, whose place depends on whether messages are enabled.
// Who knows neither which of the two a driver will use is a "transitional" device.
//
// A register may be accessed whole, as drivers must, or in part: a write changes the bytes that it
// covers. One that covers more than a register is ignored.

#ifndef SLUICE_DEVICES_NIC_VIRTIO_PCI_REGISTERS_H_
#define SLUICE_DEVICES_NIC_VIRTIO_PCI_REGISTERS_H_

#include <array>
#include <cstdint>

#include "devices/nic/virtio/pci_device.h"

namespace sluice {

class VirtioPciRegisters {
 public:
  static constexpr std::uint32_t kCommonSize = 56;
  static constexpr std::uint32_t kLegacySize = 64;
  static constexpr std::uint32_t kDeviceSize = 64;

  // `device` outlives it.
  explicit VirtioPciRegisters(VirtioPciDevice& device) : device_(device) {}

  void reset();

  // Accesses that end within the structure, of 1, 2, 4 or 8 bytes.
  std::uint64_t read_common(std::uint64_t offset, unsigned size) const;
  void write_common(std::uint64_t offset, unsigned size, std::uint64_t value);
  std::uint64_t read_device(std::uint64_t offset, unsigned size) const;
  std::uint64_t read_legacy(std::uint64_t offset, unsigned size);
  void write_legacy(std::uint64_t offset, unsigned size, std::uint64_t value);

 private:
  using Common = std::array<std::uint8_t, kCommonSize + 8>;
  using Legacy = std::array<std::uint8_t, kLegacySize + 8>;

  Common common() const;
  void set_common(std::uint64_t offset, std::uint64_t value);
  Legacy legacy() const;
  // Where the device's configuration begins in it.
  std::uint64_t legacy_configuration() const;
  void set_legacy(std::uint64_t offset, std::uint64_t value);

  VirtioPciDevice& device_;
  std::uint32_t offered_select_ = 0;
  std::uint32_t driver_select_ = 0;
  std::uint16_t queue_select_ = 0;
};

}  // namespace sluice

#endif  // SLUICE_DEVICES_NIC_VIRTIO_PCI_REGISTERS_H_
