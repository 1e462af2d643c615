#include "devices/nic/e1000/eeprom.h"

#include <vector>

#include "devices/nic/e1000/registers.h"

namespace sluice::e1000 {
namespace {

// Words (table 5-2).
constexpr std::size_t kIdLedSettings = 0x04;
constexpr std::size_t kVersion = 0x05;
constexpr std::size_t kPba = 0x08;  // the printed board's number, two words
constexpr std::size_t kControl1 = 0x0a;
constexpr std::size_t kSubsystem = 0x0b;
constexpr std::size_t kSubsystemVendor = 0x0c;
constexpr std::size_t kDevice = 0x0d;
constexpr std::size_t kVendor = 0x0e;
constexpr std::size_t kControl2 = 0x0f;
constexpr std::size_t kControl3 = 0x24;
constexpr std::size_t kChecksum = 0x3f;

constexpr std::uint16_t kAsOnTheBoard = 0x8989;  // LEDs blink as they are wired
constexpr std::uint16_t kSignature = 1U << 14;   // of control word 1: the image is valid
constexpr std::uint16_t kLoadIds = 3;            // of the same: identifiers are from here
constexpr std::uint16_t kPause = 3U << 12;       // of control word 2: both directions
constexpr std::uint16_t kWholeSum = 0xbaba;

std::vector<std::uint16_t> image_of(const MacAddress& address, const PciIdentity& identity) {
  constexpr std::size_t kWords = 64;
  std::vector<std::uint16_t> words(kWords, 0xffff);
  const auto& octets = address.octets();
  for (std::size_t i = 0; i < MacAddress::kSize / 2; ++i) {
    words.at(i) = static_cast<std::uint16_t>(octets.at(2 * i) | octets.at(2 * i + 1) << 8);
  }
  words[3] = 0;
  words[kIdLedSettings] = kAsOnTheBoard;
  words[kVersion] = 0;
  words[kPba] = words[kPba + 1] = 0;
  words[kControl1] = kSignature | kLoadIds;
  words[kSubsystem] = identity.subsystem;
  words[kSubsystemVendor] = identity.subsystem_vendor;
  words[kDevice] = identity.device;
  words[kVendor] = identity.vendor;
  words[kControl2] = kPause;
  words[kControl3] = 0;  // no wake-up before a driver asks for it
  words[kChecksum] = 0;
  std::uint16_t sum = 0;
  for (const std::uint16_t word : words) sum = static_cast<std::uint16_t>(sum + word);
  words[kChecksum] = static_cast<std::uint16_t>(kWholeSum - sum);
  return words;
}

}  // namespace

Eeprom::Eeprom(const MacAddress& address, const PciIdentity& identity)
    : chip_(image_of(address, identity)) {}

void Eeprom::reset() {
  eerd_ = 0;
  write_eecd(0);
}

std::uint32_t Eeprom::read_eecd() const {
  const bool granted = (eecd_ & kEecdEeReq) != 0;
  return eecd_ | kEecdEePres | (granted ? kEecdEeGnt : 0) | (chip_.data_out() ? kEecdDo : 0);
}

void Eeprom::write_eecd(std::uint32_t value) {
  eecd_ = value & (kEecdSk | kEecdCs | kEecdDi | kEecdFwe | kEecdEeReq);
  chip_.set_wires((value & kEecdCs) != 0, (value & kEecdSk) != 0, (value & kEecdDi) != 0);
}

void Eeprom::write_eerd(std::uint32_t value) {
  const std::uint32_t address = value >> kEerdAddressShift & 0xff;
  eerd_ = address << kEerdAddressShift;
  if ((value & kEerdStart) == 0) return;
  eerd_ |= std::uint32_t{word(address)} << kEerdDataShift | kEerdDone;
}

}  // namespace sluice::e1000
