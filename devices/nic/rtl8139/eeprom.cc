#include "devices/nic/rtl8139/eeprom.h"

#include <array>

namespace sluice::rtl8139 {
namespace {

constexpr std::size_t kWords = 64;

// Offsets in bytes (table of chapter 7).
constexpr std::size_t kId = 0x00;
constexpr std::size_t kVendor = 0x02;
constexpr std::size_t kDevice = 0x04;
constexpr std::size_t kSubsystemVendor = 0x06;
constexpr std::size_t kSubsystem = 0x08;
constexpr std::size_t kMinGrant = 0x0a;
constexpr std::size_t kMaxLatency = 0x0b;
constexpr std::size_t kMsrBmcr = 0x0c;
constexpr std::size_t kConfig3 = 0x0d;
constexpr std::size_t kEthernetId = 0x0e;
constexpr std::size_t kConfig0 = 0x14;
constexpr std::size_t kConfig1 = 0x15;
constexpr std::size_t kPowerCapabilities = 0x16;
constexpr std::size_t kConfig4 = 0x19;
constexpr std::size_t kConfig5 = 0x1f;

// By this a chip knows that its EEPROM has been programmed.
constexpr std::uint16_t kProgrammed = 0x8129;
// BMCR's speed, negotiation and duplex.
constexpr std::uint8_t kAllSpeeds = 0x31;

// Memory and I/O are mapped, power management is there.
constexpr std::uint8_t kConfig1Default = 0x0d;
constexpr std::uint16_t kPowerCapabilitiesDefault = 0xf7c2;

std::uint8_t byte_at(gsl::span<const std::uint16_t> words, std::size_t offset) {
  return static_cast<std::uint8_t>(words[offset / 2] >> (8 * (offset % 2)));
}

void set_byte(gsl::span<std::uint16_t> words, std::size_t offset, std::uint8_t value) {
  const unsigned shift = 8 * (offset % 2);
  std::uint16_t& word = words[offset / 2];
  word = static_cast<std::uint16_t>((word & ~(0xffU << shift)) | static_cast<unsigned>(value)
                                                                     << shift);
}

}  // namespace

std::vector<std::uint16_t> rtl8139_eeprom(const PciIdentity& identity, const MacAddress& address) {
  std::vector<std::uint16_t> words(kWords);
  words[kId / 2] = kProgrammed;
  words[kVendor / 2] = identity.vendor;
  words[kDevice / 2] = identity.device;
  words[kSubsystemVendor / 2] = identity.subsystem_vendor;
  words[kSubsystem / 2] = identity.subsystem;
  set_byte(words, kMinGrant, identity.min_grant);
  set_byte(words, kMaxLatency, identity.max_latency);
  set_byte(words, kMsrBmcr, kAllSpeeds);
  for (std::size_t i = 0; i < MacAddress::kSize; ++i) {
    set_byte(words, kEthernetId + i, address.octets().at(i));
  }
  set_byte(words, kConfig1, kConfig1Default);
  words[kPowerCapabilities / 2] = kPowerCapabilitiesDefault;
  return words;
}

MacAddress rtl8139_eeprom_address(gsl::span<const std::uint16_t> words) {
  std::array<std::uint8_t, MacAddress::kSize> octets{};
  for (std::size_t i = 0; i < octets.size(); ++i) octets.at(i) = byte_at(words, kEthernetId + i);
  return MacAddress(octets);
}

Config rtl8139_eeprom_config(gsl::span<const std::uint16_t> words) {
  return {.config0 = byte_at(words, kConfig0),
          .config1 = byte_at(words, kConfig1),
          .config3 = byte_at(words, kConfig3),
          .config4 = byte_at(words, kConfig4),
          .config5 = byte_at(words, kConfig5)};
}

}  // namespace sluice::rtl8139
