#include "stack/checksum.h"

namespace sluice {
namespace {

std::uint64_t load_word(const std::uint8_t* from) {
  std::uint64_t word = 0;
  std::memcpy(&word, from, sizeof(word));
  return word;
}

std::uint16_t fold(std::uint64_t sum) {
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(sum);
}

// The folded sum of `bytes`, read as big-endian words from an even offset.
//
// One's complement addition does not care about byte order but for one swap at the end (RFC 1071,
// section 2 (B)), nor about the width of the words, so memory is read 8 bytes at a time as it lies.
// The two halves of each word go into sums of 64 bits, which can't overflow below 2^35 bytes: no
// carry ties one addition to the next, and the compiler makes vectors of the loop.
std::uint16_t folded_sum(Bytes bytes) {
  constexpr std::size_t kWord = sizeof(std::uint64_t);
  const std::uint8_t* at = bytes.data();
  std::size_t left = bytes.size();
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  for (; left >= 8 * kWord; left -= 8 * kWord, at += 8 * kWord) {
    for (std::size_t i = 0; i < 8; ++i) {
      const std::uint64_t word = load_word(at + i * kWord);
      low += word & 0xffffffff;
      high += word >> 32;
    }
  }
  for (; left >= kWord; left -= kWord, at += kWord) {
    const std::uint64_t word = load_word(at);
    low += word & 0xffffffff;
    high += word >> 32;
  }
  if (left > 0) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, left);
    low += word & 0xffffffff;
    high += word >> 32;
  }
  const std::uint16_t sum = fold((low & 0xffffffff) + (low >> 32) + high);
  return std::endian::native == std::endian::little ? __builtin_bswap16(sum) : sum;
}

}  // namespace

void ChecksumSum::add(Bytes piece) {
  const std::uint16_t sum = folded_sum(piece);
  // At an odd offset every byte lies in the other half of its word.
  sum_ += odd_ ? __builtin_bswap16(sum) : sum;
  odd_ ^= piece.size() % 2 != 0;
}

void ChecksumSum::add16(std::uint16_t value) {
  sum_ += odd_ ? __builtin_bswap16(value) : value;
}

void ChecksumSum::add32(std::uint32_t value) {
  add16(static_cast<std::uint16_t>(value >> 16));
  add16(static_cast<std::uint16_t>(value));
}

void ChecksumSum::add_pseudo_header(const IpAddress& from, const IpAddress& to,
                                    std::uint8_t protocol, std::uint32_t length) {
  // The pseudo-header lies nowhere in the packet, so the parity of what was added is not its own.
  const auto address_bytes = [](const IpAddress& address) {
    const Bytes octets = address.octets();
    return address.is_v4() ? octets.last(4) : octets;
  };
  sum_ += folded_sum(address_bytes(from));
  sum_ += folded_sum(address_bytes(to));
  sum_ += std::uint64_t{length} + protocol;
}

std::uint16_t ChecksumSum::folded() const {
  return fold(sum_);
}

std::uint16_t internet_checksum(Bytes bytes) {
  return static_cast<std::uint16_t>(~folded_sum(bytes));
}

std::uint16_t updated_checksum(std::uint16_t checksum, std::uint16_t before, std::uint16_t after) {
  const std::uint64_t sum = std::uint64_t{static_cast<std::uint16_t>(~checksum)} +
                            static_cast<std::uint16_t>(~before) + after;
  return static_cast<std::uint16_t>(~fold(sum));
}

}  // namespace sluice
