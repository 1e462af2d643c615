#include "devices/nic/i82559c/eeprom.h"

#include <numeric>

namespace sluice::i82559c {
namespace {

constexpr std::size_t kWords = 64;
// All words together.
constexpr std::uint16_t kSum = 0xbaba;

// Words, by their number.
constexpr std::size_t kCompatibility = 3;
constexpr std::size_t kControllerAndConnectors = 5;
constexpr std::size_t kPrimaryPhy = 6;
constexpr std::size_t kAssemblyHigh = 8;
constexpr std::size_t kAssemblyLow = 9;
constexpr std::size_t kEepromId = 10;
constexpr std::size_t kSubsystemId = 11;
constexpr std::size_t kSubsystemVendorId = 12;
constexpr std::size_t kChecksum = kWords - 1;

}  // namespace

std::vector<std::uint16_t> eeprom_words(const MacAddress& individual) {
  std::vector<std::uint16_t> words(kWords);
  const auto& octets = individual.octets();
  for (std::size_t i = 0; i < MacAddress::kSize / 2; ++i) {
    words.at(i) = static_cast<std::uint16_t>(octets.at(2 * i) | octets.at(2 * i + 1) << 8);
  }
  words[kCompatibility] = 0x0003;            // the receiver's lock-up is mended, at both speeds
  words[kControllerAndConnectors] = 0x0201;  // an 82558 or 82559; RJ-45
  words[kPrimaryPhy] = 0x4701;               // an 82555, at address 1
  words[kAssemblyHigh] = 0x7213;
  words[kAssemblyLow] = 0x8310;
  words[kEepromId] = 0x4000;  // there is one, and nothing wakes up the machine
  words[kSubsystemId] = kSubsystem;
  words[kSubsystemVendorId] = kSubsystemVendor;
  const auto sum = std::accumulate(words.begin(), words.end(), std::uint32_t{0});
  words[kChecksum] = static_cast<std::uint16_t>(kSum - sum);
  return words;
}

MacAddress individual_address(gsl::span<const std::uint16_t> words) {
  std::array<std::uint8_t, MacAddress::kSize> octets{};
  for (std::size_t i = 0; i < octets.size(); ++i) {
    octets.at(i) = static_cast<std::uint8_t>(words[i / 2] >> (i % 2 * 8));
  }
  return MacAddress(octets);
}

}  // namespace sluice::i82559c
