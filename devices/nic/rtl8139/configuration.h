// What the RTL8139C+ keeps in its EEPROM, and the registers that are loaded from there (data sheet,
// sections 6.9 to 6.14 and chapter 7).
//
// 9346CR has two uses. In one of its modes its other bits are the wires of the EEPROM, which a
// driver reads and writes by them; in another, what is else locked can be written: CONFIG0 to
// CONFIG4, the address in IDR0-5, and some of BMCR. A third one loads everything again, and is over
// at once.

#ifndef SLUICE_DEVICES_NIC_RTL8139_CONFIGURATION_H_
#define SLUICE_DEVICES_NIC_RTL8139_CONFIGURATION_H_

#include <cstdint>

#include "devices/nic/microwire_eeprom.h"
#include "devices/nic/rtl8139/eeprom.h"

namespace sluice::rtl8139 {

class Configuration {
 public:
  // That of a new card.
  Configuration(const PciIdentity& identity, const MacAddress& address);

  // As after power on.
  void reset();
  // The address that is in the EEPROM.
  MacAddress address() const { return rtl8139_eeprom_address(eeprom_.words()); }
  bool unlocked() const;

  std::uint8_t command() const;  // 9346CR
  // True if all has been loaded again, so that the address is to be, too.
  bool write_command(std::uint8_t value);

  // CONFIG0 to CONFIG5.
  const Config& registers() const { return registers_; }
  // What is locked, or can't be written, stays what it is.
  void write_config1(std::uint32_t value);
  void write_config3(std::uint32_t value);
  void write_config4(std::uint32_t value);
  void write_config5(std::uint32_t value);

 private:
  void load() { registers_ = rtl8139_eeprom_config(eeprom_.words()); }

  MicrowireEeprom eeprom_;
  Config registers_;
  std::uint8_t command_ = 0;  // 9346CR, but for EEDO
};

}  // namespace sluice::rtl8139

#endif  // SLUICE_DEVICES_NIC_RTL8139_CONFIGURATION_H_
