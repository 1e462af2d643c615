#include "devices/nic/rtl8139/configuration.h"

#include "devices/nic/rtl8139/registers.h"

namespace sluice::rtl8139 {
namespace {

// What can be written (sections 6.11 to 6.14).
constexpr std::uint8_t kConfig1Writable = 0xf3;
constexpr std::uint8_t kConfig3Writable = 0x70;
constexpr std::uint8_t kConfig4Writable = 0xf4;
constexpr std::uint8_t kConfig5Writable = 0x7e;

void write_bits(std::uint8_t& bits, std::uint32_t value, std::uint8_t writable) {
  bits = static_cast<std::uint8_t>((bits & ~writable) | (value & writable));
}

}  // namespace

Configuration::Configuration(const PciIdentity& identity, const MacAddress& address)
    : eeprom_(rtl8139_eeprom(identity, address)) {
  load();
}

void Configuration::reset() {
  command_ = 0;
  eeprom_.set_wires(false, false, false);
  load();
}

bool Configuration::unlocked() const {
  return (command_ & kEem) == kEemWriteConfig;
}

std::uint8_t Configuration::command() const {
  const bool programs = (command_ & kEem) == kEemProgram;
  return static_cast<std::uint8_t>(command_ | (programs && eeprom_.data_out() ? kEedo : 0));
}

bool Configuration::write_command(std::uint8_t value) {
  command_ = value & (kEem | kEecs | kEesk | kEedi);
  const unsigned mode = value & kEem;
  eeprom_.set_wires(mode == kEemProgram && (value & kEecs) != 0, (value & kEesk) != 0,
                    (value & kEedi) != 0);
  if (mode != kEemAutoLoad) return false;
  command_ = 0;
  load();
  return true;
}

void Configuration::write_config1(std::uint32_t value) {
  if (unlocked()) write_bits(registers_.config1, value, kConfig1Writable);
}

void Configuration::write_config3(std::uint32_t value) {
  if (unlocked()) write_bits(registers_.config3, value, kConfig3Writable);
}

void Configuration::write_config4(std::uint32_t value) {
  if (unlocked()) write_bits(registers_.config4, value, kConfig4Writable);
}

// This one is not locked.
void Configuration::write_config5(std::uint32_t value) {
  write_bits(registers_.config5, value, kConfig5Writable);
}

}  // namespace sluice::rtl8139
