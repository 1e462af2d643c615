// What the EEPROM of an RTL8139C+ holds (data sheet, chapter 7): who the card is, its address, and
// what the configuration registers begin with. There is no checksum that a driver looks at.

#ifndef SLUICE_DEVICES_NIC_RTL8139_EEPROM_H_
#define SLUICE_DEVICES_NIC_RTL8139_EEPROM_H_

#include <cstdint>
#include <vector>

#include <gsl/span>

#include "devices/nic/pci_config.h"
#include "stack/address.h"

namespace sluice::rtl8139 {

// The registers that are loaded from the EEPROM (the 93C46's "auto-load", section 6.9).
struct Config {
  std::uint8_t config0 = 0;
  std::uint8_t config1 = 0;
  std::uint8_t config3 = 0;
  std::uint8_t config4 = 0;
  std::uint8_t config5 = 0;
};

// The contents of a new card's EEPROM, a 93C46.
std::vector<std::uint16_t> rtl8139_eeprom(const PciIdentity& identity, const MacAddress& address);

// What the card loads from there.
MacAddress rtl8139_eeprom_address(gsl::span<const std::uint16_t> words);
Config rtl8139_eeprom_config(gsl::span<const std::uint16_t> words);

}  // namespace sluice::rtl8139

#endif  // SLUICE_DEVICES_NIC_RTL8139_EEPROM_H_
