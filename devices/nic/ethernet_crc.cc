#include "devices/nic/ethernet_crc.h"

#include <array>

namespace sluice {
namespace {

// The remainders of single bytes, by the polynomial of clause 3.2.9 with its bits in the order of
// the wire.
constexpr std::array<std::uint32_t, 256> kRemainders = [] {
  constexpr std::uint32_t kPolynomial = 0xedb88320;
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < table.size(); ++byte) {
    std::uint32_t rest = byte;
    for (int bit = 0; bit < 8; ++bit) rest = rest >> 1 ^ ((rest & 1) != 0 ? kPolynomial : 0);
    table.at(byte) = rest;
  }
  return table;
}();

}  // namespace

void EthernetCrc::add(Bytes bytes) {
  for (const std::uint8_t byte : bytes) {
    state_ = state_ >> 8 ^ kRemainders.at((state_ ^ byte) & 0xff);
  }
}

std::uint32_t EthernetCrc::remainder() const {
  std::uint32_t turned = 0;
  for (unsigned bit = 0; bit < 32; ++bit) turned |= (state_ >> bit & 1) << (31 - bit);
  return turned;
}

}  // namespace sluice
