// The 82540EM's EEPROM and the two ways to it (chapter 5, sections 13.4.3 and 13.4.4).
//
// EERD reads a word at once. EECD holds the pins of the chip, which software moves one by one after
// it has asked for them; nobody else wants them here, so they are granted at once.
//
// The image is what a card as it is sold has in the words that drivers look at; the rest is erased.

#ifndef SLUICE_DEVICES_NIC_E1000_EEPROM_H_
#define SLUICE_DEVICES_NIC_E1000_EEPROM_H_

#include <cstdint>

#include "devices/nic/microwire_eeprom.h"
#include "devices/nic/pci_config.h"
#include "stack/address.h"

namespace sluice::e1000 {

class Eeprom {
 public:
  Eeprom(const MacAddress& address, const PciIdentity& identity);

  // Both registers as after a reset. What the chip holds stays.
  void reset();
  std::uint32_t read_eecd() const;
  void write_eecd(std::uint32_t value);
  std::uint32_t read_eerd() const { return eerd_; }
  void write_eerd(std::uint32_t value);

  // Addresses repeat beyond the last one.
  std::uint16_t word(std::size_t address) const {
    return chip_.words()[address % chip_.words().size()];
  }

 private:
  MicrowireEeprom chip_;
  std::uint32_t eecd_ = 0;
  std::uint32_t eerd_ = 0;
};

}  // namespace sluice::e1000

#endif  // SLUICE_DEVICES_NIC_E1000_EEPROM_H_
