// The messages of MSI-X (PCI Local Bus Specification 3.0, section 6.8.2): the table that says where
// they go, and the bits of those that are pending.
//
// What a message is, the slot knows, which finds its address and data in the table. Here is which
// ones are masked, each by its entry and all of them by the capability: such a message is pending,
// once however often it was raised, and is sent when nothing masks it any more.

#ifndef SLUICE_DEVICES_NIC_MESSAGE_TABLE_H_
#define SLUICE_DEVICES_NIC_MESSAGE_TABLE_H_

#include <array>
#include <cstdint>

#include "devices/nic/nic.h"
#include "devices/nic/pci_config.h"

namespace sluice {

class MessageTable {
 public:
  static constexpr unsigned kMaxCount = 64;  // as many as one word of pending bits
  static constexpr std::uint64_t kEntrySize = 16;
  static constexpr std::uint64_t kPendingSize = 8;

  // `slot` outlives it.
  MessageTable(PciSlot& slot, unsigned count);
  MessageTable(const MessageTable&) = delete;
  MessageTable& operator=(const MessageTable&) = delete;

  // The capability, with the table and the pending bits at these offsets in a BAR; its place in
  // configuration space is returned.
  std::size_t add_capability(PciConfig& config, std::uint8_t bar, std::uint32_t table,
                             std::uint32_t pending) const;
  // To be called when configuration space has been written or reset.
  void update(const PciConfig& config, std::size_t capability);

  void reset();
  // Whether messages take the place of the line.
  bool enabled() const { return enabled_; }
  // None of those that there are not.
  void raise(unsigned vector);
  unsigned count() const { return count_; }

  // The table and the pending bits, in accesses that are aligned and end where they do.
  std::uint64_t read(std::uint64_t offset, unsigned size) const;
  void write(std::uint64_t offset, unsigned size, std::uint64_t value);
  std::uint64_t read_pending(std::uint64_t offset, unsigned size) const;

 private:
  bool is_masked(unsigned vector) const;
  void send_pending();

  PciSlot& slot_;
  const unsigned count_;
  bool enabled_ = false;
  bool all_masked_ = false;
  std::array<std::uint8_t, kMaxCount * kEntrySize> entries_{};
  std::uint64_t pending_ = 0;
};

}  // namespace sluice

#endif  // SLUICE_DEVICES_NIC_MESSAGE_TABLE_H_
