#include "devices/nic/pci_config.h"

#include <bit>

#include <gsl/assert>

namespace sluice {
namespace {

// Offsets (figure 6-1).
constexpr std::size_t kVendor = 0x00;
constexpr std::size_t kDevice = 0x02;
constexpr std::size_t kCommand = 0x04;
constexpr std::size_t kStatus = 0x06;
constexpr std::size_t kRevision = 0x08;
constexpr std::size_t kClassCode = 0x09;
constexpr std::size_t kCacheLineSize = 0x0c;
constexpr std::size_t kLatencyTimer = 0x0d;
constexpr std::size_t kBars = 0x10;
constexpr std::size_t kSubsystemVendor = 0x2c;
constexpr std::size_t kSubsystem = 0x2e;
constexpr std::size_t kInterruptLine = 0x3c;
constexpr std::size_t kInterruptPin = 0x3d;
constexpr std::size_t kMinGrant = 0x3e;
constexpr std::size_t kMaxLatency = 0x3f;

constexpr std::uint16_t kInterruptStatus = 1U << 3;
constexpr std::uint16_t kCapabilityList = 1U << 4;
// I/O, memory, bus master, parity and system error reporting, interrupt disable.
constexpr std::uint16_t kCommandBits = 0x0547;
constexpr std::uint8_t kPinA = 1;
constexpr std::uint32_t kIoSpace = 1;

bool within_a_double_word(std::size_t offset, unsigned size) {
  return (size == 1 || size == 2 || size == 4) && offset < PciConfig::kSize &&
         offset % 4 + size <= 4;
}

}  // namespace

bool PciBar::holds(std::uint64_t offset, unsigned bytes) const {
  return std::has_single_bit(bytes) && bytes <= sizeof(std::uint64_t) && offset % bytes == 0 &&
         offset < size && bytes <= size - offset;
}

std::uint64_t all_ones(unsigned bytes) {
  return bytes >= sizeof(std::uint64_t) ? ~std::uint64_t{0} : (std::uint64_t{1} << (8 * bytes)) - 1;
}

PciConfig::PciConfig(const PciIdentity& identity, const PciBars& bars) : bars_(bars) {
  put(kVendor, 2, identity.vendor);
  put(kDevice, 2, identity.device);
  put(kRevision, 1, identity.revision);
  put(kClassCode, 1, identity.class_code & 0xff);
  put(kClassCode + 1, 2, identity.class_code >> 8);
  put(kSubsystemVendor, 2, identity.subsystem_vendor);
  put(kSubsystem, 2, identity.subsystem);
  put(kInterruptPin, 1, kPinA);
  put(kMinGrant, 1, identity.min_grant);
  put(kMaxLatency, 1, identity.max_latency);
  writable_[kCommand] = static_cast<std::uint8_t>(kCommandBits);
  writable_[kCommand + 1] = static_cast<std::uint8_t>(kCommandBits >> 8);
  writable_[kCacheLineSize] = writable_[kLatencyTimer] = writable_[kInterruptLine] = 0xff;
  for (std::size_t i = 0; i < bars_.size(); ++i) {
    const PciBar& bar = bars_.at(i);
    if (bar.kind == PciBar::Kind::kNone) continue;
    Expects(std::has_single_bit(bar.size) && bar.size >= 4);
    const bool io = bar.kind == PciBar::Kind::kIo;
    put(kBars + 4 * i, 4, io ? kIoSpace : 0);
    const std::uint32_t addresses = ~(bar.size - 1) & (io ? ~3U : ~15U);
    for (std::size_t byte = 0; byte < 4; ++byte) {
      writable_.at(kBars + 4 * i + byte) = static_cast<std::uint8_t>(addresses >> (8 * byte));
    }
  }
  initial_ = values_;
}

std::size_t PciConfig::add_capability(std::uint8_t id, Bytes bytes, Bytes writable) {
  constexpr std::size_t kHeader = 2;
  Expects(bytes.size() >= kHeader && writable.size() == bytes.size() &&
          next_capability_ + bytes.size() <= kSize);
  const std::size_t at = next_capability_;
  copy_bytes(bytes, MutableBytes(values_).subspan(at));
  copy_bytes(writable, MutableBytes(writable_).subspan(at));
  values_.at(at) = id;
  values_.at(at + 1) = 0;
  writable_.at(at) = writable_.at(at + 1) = 0;
  values_.at(last_pointer_) = static_cast<std::uint8_t>(at);
  last_pointer_ = at + 1;
  values_[kStatus] |= kCapabilityList;
  next_capability_ = (at + bytes.size() + 3) / 4 * 4;
  initial_ = values_;
  return at;
}

std::uint32_t PciConfig::read(std::size_t offset, unsigned size) const {
  if (!within_a_double_word(offset, size)) return ~std::uint32_t{0};
  std::uint32_t value = 0;
  for (unsigned i = 0; i < size; ++i) {
    value |= static_cast<std::uint32_t>(values_.at(offset + i)) << (8 * i);
  }
  return value;
}

void PciConfig::write(std::size_t offset, unsigned size, std::uint32_t value) {
  if (!within_a_double_word(offset, size)) return;
  for (unsigned i = 0; i < size; ++i) {
    const std::uint8_t mask = writable_.at(offset + i);
    std::uint8_t& byte = values_.at(offset + i);
    byte = static_cast<std::uint8_t>((byte & ~mask) | ((value >> (8 * i)) & mask));
  }
}

void PciConfig::reset() {
  values_ = initial_;
}

bool PciConfig::command(unsigned bit) const {
  return (read(kCommand, 2) >> bit & 1) != 0;
}

void PciConfig::set_interrupt_status(bool pending) {
  const std::uint32_t status = read(kStatus, 2);
  put(kStatus, 2, pending ? status | kInterruptStatus : status & ~std::uint32_t{kInterruptStatus});
}

void PciConfig::put(std::size_t offset, unsigned size, std::uint32_t value) {
  for (unsigned i = 0; i < size; ++i) {
    values_.at(offset + i) = static_cast<std::uint8_t>(value >> (8 * i));
  }
}

}  // namespace sluice
