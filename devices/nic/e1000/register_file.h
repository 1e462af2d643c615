// The 82540EM's registers as the values that they hold.
//
// Most registers only keep what software has written, less the bits that do not exist. Those are
// described by a table: where they are, which bits can be written, what they are after a reset.
// What else a register does, the card does when it is accessed. What the table does not name reads
// as zero.

#ifndef SLUICE_DEVICES_NIC_E1000_REGISTER_FILE_H_
#define SLUICE_DEVICES_NIC_E1000_REGISTER_FILE_H_

#include <array>
#include <cstdint>

#include "devices/nic/e1000/registers.h"

namespace sluice::e1000 {

class RegisterFile {
 public:
  // Bytes that have registers. What the region has beyond is packet buffer, which is not here.
  static constexpr std::uint32_t kSize = 0xa000;

  RegisterFile();

  // As after a reset by software, which leaves the packet buffer's division alone (section 14.2).
  void reset();

  // `offset` is a multiple of 4 below kSize.
  std::uint32_t operator[](std::uint32_t offset) const { return values_.at(offset / 4); }
  // Writes those bits that software can.
  void write(std::uint32_t offset, std::uint32_t value);
  // Writes all bits.
  void set(std::uint32_t offset, std::uint32_t value) { values_.at(offset / 4) = value; }

  bool has(std::uint32_t offset, std::uint32_t bits) const { return ((*this)[offset] & bits) != 0; }
  // The 64 bits of a descriptor ring's base address, whose lower half is at `offset`.
  std::uint64_t base(std::uint32_t offset) const {
    return std::uint64_t{(*this)[offset + 4]} << 32 | (*this)[offset];
  }

 private:
  using Words = std::array<std::uint32_t, kSize / 4>;

  static const Words& writable();

  Words values_{};
};

}  // namespace sluice::e1000

#endif  // SLUICE_DEVICES_NIC_E1000_REGISTER_FILE_H_
