#include "stack/checksum.h"

namespace sluice {
namespace {

std::uint16_t fold(std::uint64_t sum) {
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(sum);
}

// The sum of `bytes` as 16-bit words in memory order, folded. One's complement sums do not depend
// on byte order (RFC 1071, section 2 (B)), so whole machine words are added with their carries.
std::uint16_t sum_in_memory_order(Bytes bytes) {
  const std::uint8_t* at = bytes.data();
  std::size_t left = bytes.size();
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  for (; left >= 16; at += 16, left -= 16) {
    std::array<std::uint32_t, 4> words;
    std::memcpy(words.data(), at, sizeof(words));
    low += std::uint64_t{words[0]} + words[1];
    high += std::uint64_t{words[2]} + words[3];
  }
  std::uint64_t sum = std::uint64_t{fold(low)} + fold(high);
  for (; left >= 2; at += 2, left -= 2) {
    std::uint16_t word = 0;
    std::memcpy(&word, at, sizeof(word));
    sum += word;
  }
  if (left == 1) {
    std::uint16_t word = 0;
    std::memcpy(&word, at, 1);  // the last byte and a zero behind it
    sum += word;
  }
  return fold(sum);
}

std::uint16_t swapped(std::uint16_t word) {
  return __builtin_bswap16(word);
}

}  // namespace

void ChecksumSum::add(Bytes piece) {
  if (piece.empty()) return;
  std::uint16_t word = sum_in_memory_order(piece);
  if constexpr (std::endian::native == std::endian::little) word = swapped(word);
  // At an odd offset every byte falls into the other half of its word.
  sum_ += odd_ ? swapped(word) : word;
  odd_ = odd_ != (piece.size() % 2 != 0);
}

void ChecksumSum::add16(std::uint16_t value) {
  sum_ += odd_ ? swapped(value) : value;
}

void ChecksumSum::add32(std::uint32_t value) {
  add16(static_cast<std::uint16_t>(value >> 16));
  add16(static_cast<std::uint16_t>(value));
}

void ChecksumSum::add_pseudo_header(const IpAddress& from, const IpAddress& to,
                                    std::uint8_t protocol, std::uint32_t length) {
  for (const IpAddress* address : {&from, &to}) {
    if (address->is_v4()) {
      add32(address->v4_bits());
    } else {
      add(Bytes(address->octets()));
    }
  }
  add32(length);
  add16(protocol);
}

std::uint16_t ChecksumSum::folded() const {
  return fold(sum_);
}

std::uint16_t internet_checksum(Bytes bytes) {
  ChecksumSum sum;
  sum.add(bytes);
  return sum.checksum();
}

std::uint16_t updated_checksum(std::uint16_t checksum, std::uint16_t before, std::uint16_t after) {
  const std::uint64_t sum = std::uint64_t{static_cast<std::uint16_t>(~checksum)} +
                            static_cast<std::uint16_t>(~before) + after;
  return static_cast<std::uint16_t>(~fold(sum));
}

}  // namespace sluice
