#include "devices/nic/e1000/filter.h"

#include <algorithm>

#include "devices/nic/little_endian.h"
#include "stack/wire/ethernet.h"

namespace sluice::e1000 {
namespace {

constexpr unsigned kAddresses = 16;
constexpr std::size_t kTypeOffset = 12;

// A bit of a table of 128 double words.
bool has_bit(const RegisterFile& registers, std::uint32_t table, std::uint32_t bit) {
  return registers.has(table + bit / 32 * 4, 1U << (bit % 32));
}

bool is_address(const RegisterFile& registers, Bytes frame) {
  const auto destination_low = load_little<std::uint32_t>(frame, 0);
  const auto destination_high = load_little<std::uint16_t>(frame, 4);
  for (std::uint32_t i = 0; i < kAddresses; ++i) {
    const std::uint32_t high = registers[kRah + 8 * i];
    if ((high & kRahAv) == 0 || (high & 0xffff) != destination_high) continue;
    if ((high & kRahAs) == 0 && registers[kRal + 8 * i] == destination_low) return true;
  }
  // Some may be compared with the source instead.
  const auto source_low = load_little<std::uint32_t>(frame, 6);
  const auto source_high = load_little<std::uint16_t>(frame, 10);
  for (std::uint32_t i = 0; i < kAddresses; ++i) {
    const std::uint32_t high = registers[kRah + 8 * i];
    if ((high & (kRahAv | kRahAs)) != (kRahAv | kRahAsSource)) continue;
    if ((high & 0xffff) == source_high && registers[kRal + 8 * i] == source_low) return true;
  }
  return false;
}

bool has_hash(const RegisterFile& registers, Bytes frame) {
  constexpr std::array<unsigned, 4> kShifts{4, 3, 2, 0};  // by RCTL.MO
  const unsigned shift = kShifts.at(registers[kRctl] >> kRctlMoShift & 3);
  const auto last = load_little<std::uint16_t>(frame, 4);
  return has_bit(registers, kMta, std::uint32_t{last} >> shift & 0xfff);
}

}  // namespace

Match match_address(const RegisterFile& registers, Bytes frame) {
  const bool group = (frame[0] & 1) != 0;
  const bool broadcast =
      std::all_of(frame.begin(), frame.begin() + 6, [](std::uint8_t byte) { return byte == 0xff; });
  if (broadcast && registers.has(kRctl, kRctlBam)) return Match::kExact;
  if (is_address(registers, frame)) return Match::kExact;
  if (group && has_hash(registers, frame)) return Match::kInexact;
  if (registers.has(kRctl, group ? kRctlMpe : kRctlUpe)) return Match::kInexact;
  return Match::kNone;
}

std::optional<std::uint16_t> tag_of(const RegisterFile& registers, Bytes frame) {
  if (frame.size() < EthernetHeader::kSize + kTagSize) return std::nullopt;
  if (load_big<std::uint16_t>(frame, kTypeOffset) != registers[kVet]) return std::nullopt;
  return load_big<std::uint16_t>(frame, kTypeOffset + 2);
}

bool passes_vlan(const RegisterFile& registers, std::uint16_t tag) {
  if (!registers.has(kRctl, kRctlVfe)) return true;
  const bool cfi = (tag >> 12 & 1) != 0;
  if (registers.has(kRctl, kRctlCfien) && cfi != registers.has(kRctl, kRctlCfi)) return false;
  return has_bit(registers, kVfta, tag & 0xfff);
}

}  // namespace sluice::e1000
