// Integers as devices keep them in a guest's memory: least significant byte first, of alignment 1.

#ifndef SLUICE_DEVICES_NIC_LITTLE_ENDIAN_H_
#define SLUICE_DEVICES_NIC_LITTLE_ENDIAN_H_

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>

#include "stack/bytes.h"

namespace sluice {

// All systems that this runs on keep them so themselves.
static_assert(std::endian::native == std::endian::little);

template <std::unsigned_integral T>
class LittleEndian {
 public:
  constexpr LittleEndian() = default;
  // NOLINTNEXTLINE(google-explicit-constructor): assigning a number to a field is the point.
  constexpr LittleEndian(T value) : bytes_(std::bit_cast<Storage>(value)) {}
  // NOLINTNEXTLINE(google-explicit-constructor)
  constexpr operator T() const { return std::bit_cast<T>(bytes_); }

 private:
  using Storage = std::array<std::uint8_t, sizeof(T)>;

  Storage bytes_{};
};

using Little16 = LittleEndian<std::uint16_t>;
using Little32 = LittleEndian<std::uint32_t>;
using Little64 = LittleEndian<std::uint64_t>;
static_assert(sizeof(Little16) == 2 && alignof(Little32) == 1 && sizeof(Little64) == 8);

// The little-endian integer at `offset`; the offset is checked.
template <std::unsigned_integral T>
T load_little(Bytes from, std::size_t offset) {
  T value{};
  const Bytes field = from.subspan(offset, sizeof(T));
  std::memcpy(&value, field.data(), sizeof(T));
  return value;
}

// Stores `value` little-endian at `offset`; the offset is checked.
template <std::unsigned_integral T>
void store_little(MutableBytes to, std::size_t offset, T value) {
  const MutableBytes field = to.subspan(offset, sizeof(T));
  std::memcpy(field.data(), &value, sizeof(T));
}

}  // namespace sluice

#endif  // SLUICE_DEVICES_NIC_LITTLE_ENDIAN_H_
