// The configuration space of a card (PCI Local Bus Specification 3.0, chapter 6): what it says and
// which of its bits can be written.
//
// Two arrays of bytes hold both: the values and the masks. What an access means to the card, it
// finds out by asking afterwards. Base address registers are sized as the specification has it:
// writing all ones leaves those bits that addresses can have.

#ifndef SLUICE_DEVICES_NIC_PCI_CONFIG_H_
#define SLUICE_DEVICES_NIC_PCI_CONFIG_H_

#include <array>
#include <cstdint>

#include "stack/bytes.h"

namespace sluice {

struct PciBar {
  enum class Kind : std::uint8_t { kNone, kMemory, kIo };

  Kind kind = Kind::kNone;
  std::uint32_t size = 0;  // bytes, a power of two, at least 16, or 4 for kIo

  // Whether an access lies within the region, and is one that there may be: aligned, of 1, 2, 4 or
  // 8 bytes.
  bool holds(std::uint64_t offset, unsigned bytes) const;
};

// What is read where nothing is, by an access of so many bytes.
std::uint64_t all_ones(unsigned bytes);
using PciBars = std::array<PciBar, 6>;

struct PciIdentity {
  std::uint16_t vendor = 0;
  std::uint16_t device = 0;
  std::uint16_t subsystem_vendor = 0;
  std::uint16_t subsystem = 0;
  std::uint32_t class_code = 0x020000;  // base class, subclass and interface: Ethernet
  std::uint8_t revision = 0;
  std::uint8_t min_grant = 0;    // quarters of a microsecond
  std::uint8_t max_latency = 0;  // the same
};

class PciConfig {
 public:
  static constexpr std::size_t kSize = 256;

  PciConfig(const PciIdentity& identity, const PciBars& bars);

  // Adds a capability of `bytes`, of which those bits can be written that are set in `writable`, as
  // long as `bytes`; returns where it is. Capabilities are told in the order in which they are
  // added. The first two bytes, its number and where the next one is, are filled in here.
  std::size_t add_capability(std::uint8_t id, Bytes bytes, Bytes writable);

  // `size` is 1, 2 or 4. What does not lie within one double word reads as all ones and is not
  // written.
  std::uint32_t read(std::size_t offset, unsigned size) const;
  void write(std::size_t offset, unsigned size, std::uint32_t value);
  // As after power on: what can be written is what it was.
  void reset();

  // What the command register allows the card (section 6.2.2).
  bool decodes_io() const { return command(0); }
  bool decodes_memory() const { return command(1); }
  bool masters_bus() const { return command(2); }
  bool disables_interrupt() const { return command(10); }
  // The status register's "an interrupt is pending", whatever is disabled.
  void set_interrupt_status(bool pending);

  const PciBars& bars() const { return bars_; }

 private:
  bool command(unsigned bit) const;
  void put(std::size_t offset, unsigned size, std::uint32_t value);

  PciBars bars_;
  std::array<std::uint8_t, kSize> initial_{};
  std::array<std::uint8_t, kSize> values_{};
  std::array<std::uint8_t, kSize> writable_{};
  std::size_t next_capability_ = 0x40;
  std::size_t last_pointer_ = 0x34;  // where the last capability's place has been told
};

}  // namespace sluice

#endif  // SLUICE_DEVICES_NIC_PCI_CONFIG_H_
