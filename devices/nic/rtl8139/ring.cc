#include "devices/nic/rtl8139/ring.h"

#include <cstddef>

namespace sluice::rtl8139 {
namespace {

constexpr std::uint64_t kAlignment = 256;

std::uint64_t address_of(std::uint64_t base, unsigned index) {
  return base / kAlignment * kAlignment + sizeof(Descriptor) * std::uint64_t{index};
}

bool write32(GuestMemory& memory, std::uint64_t address, std::uint32_t value) {
  std::array<std::uint8_t, sizeof(value)> bytes{};
  store_little(MutableBytes(bytes), 0, value);
  return memory.write(address, bytes);
}

}  // namespace

void Ring::set_base(std::uint64_t address) {
  base_ = address;
  next_ = 0;
}

std::optional<Descriptor> Ring::read(GuestMemory& memory, unsigned index) const {
  std::array<std::uint8_t, sizeof(Descriptor)> bytes{};
  if (!memory.read(address_of(base_, index), bytes)) return std::nullopt;
  return std::bit_cast<Descriptor>(bytes);
}

unsigned Ring::after(unsigned index, const Descriptor& descriptor) {
  const bool last = (descriptor.status & Descriptor::kEor) != 0;
  return last ? 0 : (index + 1) % kMaxDescriptors;
}

bool Ring::write_status(GuestMemory& memory, unsigned index, std::uint32_t status) const {
  return write32(memory, address_of(base_, index) + offsetof(Descriptor, status), status);
}

bool Ring::write_vlan(GuestMemory& memory, unsigned index, std::uint32_t vlan) const {
  return write32(memory, address_of(base_, index) + offsetof(Descriptor, vlan), vlan);
}

}  // namespace sluice::rtl8139
