#include "devices/nic/message_table.h"

#include <gsl/assert>

#include "devices/nic/little_endian.h"

namespace sluice {
namespace {

constexpr std::uint8_t kCapability = 0x11;
constexpr std::size_t kControl = 2;  // in the capability
constexpr std::uint32_t kEnable = 1U << 15;
constexpr std::uint32_t kMaskAll = 1U << 14;

constexpr std::size_t kVectorControl = 12;  // in an entry
constexpr std::uint32_t kMask = 1;

std::uint64_t load_bytes(Bytes from, std::uint64_t offset, unsigned size) {
  std::array<std::uint8_t, 8> padded{};
  copy_bytes(from.subspan(offset, size), padded);
  return load_little<std::uint64_t>(padded, 0);
}

}  // namespace

MessageTable::MessageTable(PciSlot& slot, unsigned count) : slot_(slot), count_(count) {
  Expects(count >= 1 && count <= kMaxCount);
  reset();
}

std::size_t MessageTable::add_capability(PciConfig& config, std::uint8_t bar, std::uint32_t table,
                                         std::uint32_t pending) const {
  Expects(table % 8 == 0 && pending % 8 == 0 && bar < 8);
  std::array<std::uint8_t, 12> bytes{};
  std::array<std::uint8_t, 12> writable{};
  store_little(MutableBytes(bytes), kControl, static_cast<std::uint16_t>(count_ - 1));
  store_little(MutableBytes(writable), kControl, static_cast<std::uint16_t>(kEnable | kMaskAll));
  store_little(MutableBytes(bytes), 4, table | bar);
  store_little(MutableBytes(bytes), 8, pending | bar);
  return config.add_capability(kCapability, bytes, writable);
}

void MessageTable::update(const PciConfig& config, std::size_t capability) {
  const std::uint32_t control = config.read(capability + kControl, 2);
  enabled_ = (control & kEnable) != 0;
  all_masked_ = (control & kMaskAll) != 0;
  send_pending();
}

void MessageTable::reset() {
  entries_.fill(0);
  for (unsigned i = 0; i < count_; ++i) {
    store_little(MutableBytes(entries_), i * kEntrySize + kVectorControl, kMask);
  }
  pending_ = 0;
  enabled_ = all_masked_ = false;
}

bool MessageTable::is_masked(unsigned vector) const {
  if (!enabled_ || all_masked_) return true;
  if (slot_.has_message_table()) return false;
  const std::size_t control = vector * kEntrySize + kVectorControl;
  return (load_little<std::uint32_t>(entries_, control) & kMask) != 0;
}

void MessageTable::raise(unsigned vector) {
  if (vector >= count_) return;
  pending_ |= std::uint64_t{1} << vector;
  send_pending();
}

void MessageTable::send_pending() {
  for (unsigned i = 0; i < count_ && pending_ != 0; ++i) {
    const std::uint64_t bit = std::uint64_t{1} << i;
    if ((pending_ & bit) == 0 || is_masked(i)) continue;
    pending_ &= ~bit;
    slot_.send_message(i);
  }
}

std::uint64_t MessageTable::read(std::uint64_t offset, unsigned size) const {
  return load_bytes(entries_, offset, size);
}

void MessageTable::write(std::uint64_t offset, unsigned size, std::uint64_t value) {
  std::array<std::uint8_t, 8> bytes{};
  store_little(MutableBytes(bytes), 0, value);
  copy_bytes(Bytes(bytes).first(size), MutableBytes(entries_).subspan(offset, size));
  send_pending();
}

std::uint64_t MessageTable::read_pending(std::uint64_t offset, unsigned size) const {
  std::array<std::uint8_t, kPendingSize> bytes{};
  store_little(MutableBytes(bytes), 0, pending_);
  return load_bytes(bytes, offset, size);
}

}  // namespace sluice
