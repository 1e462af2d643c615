// Bytes as they lie in memory and integers as they lie on the wire.
//
// Everything a guest sends is held in gsl::span, whose accesses are checked: an error in our own
// arithmetic ends the process instead of reading past a packet. Network byte order is a type, not
// a convention: a Big16 can't be mistaken for a number, and structs made of them have alignment 1
// and no padding, so a wire header is written down once as a struct and its size asserted.

#ifndef SLUICE_STACK_BYTES_H_
#define SLUICE_STACK_BYTES_H_

#include <array>
#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <string_view>

#include <gsl/span>

namespace sluice {

using Bytes = gsl::span<const std::uint8_t>;
using MutableBytes = gsl::span<std::uint8_t>;

// An unsigned integer stored most significant byte first, of alignment 1.
template <std::unsigned_integral T>
class BigEndian {
 public:
  constexpr BigEndian() = default;
  // NOLINTNEXTLINE(google-explicit-constructor): assigning a number to a wire field is the point.
  constexpr BigEndian(T value) : bytes_(std::bit_cast<Storage>(swapped(value))) {}
  // NOLINTNEXTLINE(google-explicit-constructor)
  constexpr operator T() const { return swapped(std::bit_cast<T>(bytes_)); }

 private:
  using Storage = std::array<std::uint8_t, sizeof(T)>;

  static constexpr T swapped(T value) {
    if constexpr (std::endian::native == std::endian::big || sizeof(T) == 1) {
      return value;
    } else if constexpr (sizeof(T) == 2) {
      return __builtin_bswap16(value);
    } else if constexpr (sizeof(T) == 4) {
      return __builtin_bswap32(value);
    } else {
      return __builtin_bswap64(value);
    }
  }

  Storage bytes_{};
};

using Big16 = BigEndian<std::uint16_t>;
using Big32 = BigEndian<std::uint32_t>;
using Big64 = BigEndian<std::uint64_t>;
static_assert(sizeof(Big16) == 2 && alignof(Big32) == 1 && sizeof(Big64) == 8);

// The big-endian integer at `offset`; the offset is checked.
template <std::unsigned_integral T>
T load_big(Bytes from, std::size_t offset) {
  BigEndian<T> value;
  const Bytes field = from.subspan(offset, sizeof(T));
  std::memcpy(&value, field.data(), sizeof(T));
  return value;
}

// Stores `value` big-endian at `offset`; the offset is checked.
template <std::unsigned_integral T>
void store_big(MutableBytes to, std::size_t offset, T value) {
  const BigEndian<T> wire{value};
  const MutableBytes field = to.subspan(offset, sizeof(T));
  std::memcpy(field.data(), &wire, sizeof(T));
}

// Copies all of `from` to the start of `to`, which must be large enough.
inline void copy_bytes(Bytes from, MutableBytes to) {
  const MutableBytes room = to.first(from.size());
  if (!from.empty()) std::memcpy(room.data(), from.data(), from.size());
}

// The bytes of all pieces together.
inline std::size_t total_size(gsl::span<const Bytes> pieces) {
  std::size_t size = 0;
  for (const Bytes piece : pieces) size += piece.size();
  return size;
}

// The characters of `text` as bytes, without a terminator; `text` keeps owning them.
inline Bytes as_bytes(std::string_view text) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): char to uint8_t, same object.
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// The bytes as characters; `bytes` keeps owning them.
inline std::string_view as_text(Bytes bytes) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast)
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace sluice

#endif  // SLUICE_STACK_BYTES_H_
