#include "stack/checksum.h"

namespace sluice {
namespace {

template <typename Word>
std::uint64_t load(const std::uint8_t* from) {
  Word word = 0;
  std::memcpy(&word, from, sizeof(word));
  return word;
}

// One's complement addition: what is carried out comes in again.
void add_word(std::uint64_t& sum, std::uint64_t word) {
  sum += word;
  sum += sum < word ? 1 : 0;
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
// section 2 (B)), nor about the width of the words, so memory is read as it lies, 8 bytes at a
// time, into four sums that don't wait for each other. The rest, too, is taken in whole words: a
// loop over single bytes would take longer than all the rest of a header.
std::uint16_t folded_sum(Bytes bytes) {
  constexpr std::size_t kWord = sizeof(std::uint64_t);
  const std::uint8_t* at = bytes.data();
  std::size_t left = bytes.size();
  std::array<std::uint64_t, 4> sums{};
  for (; left >= sums.size() * kWord; left -= sums.size() * kWord) {
    for (std::uint64_t& sum : sums) {
      add_word(sum, load<std::uint64_t>(at));
      at += kWord;
    }
  }
  std::uint64_t sum = sums[0];
  for (std::size_t i = 1; i < sums.size(); ++i) add_word(sum, sums.at(i));
  for (; left >= kWord; left -= kWord, at += kWord) add_word(sum, load<std::uint64_t>(at));
  if ((left & 4) != 0) {
    add_word(sum, load<std::uint32_t>(at));
    at += 4;
  }
  if ((left & 2) != 0) {
    add_word(sum, load<std::uint16_t>(at));
    at += 2;
  }
  if ((left & 1) != 0) {
    std::uint16_t last = 0;  // whose other half is zero
    std::memcpy(&last, at, 1);
    add_word(sum, last);
  }
  const std::uint16_t folded = fold(sum);
  return std::endian::native == std::endian::little ? __builtin_bswap16(folded) : folded;
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
