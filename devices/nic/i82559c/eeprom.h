// What is in the EEPROM of the card (Software Developer Manual, chapter 5).

#ifndef SLUICE_DEVICES_NIC_I82559C_EEPROM_H_
#define SLUICE_DEVICES_NIC_I82559C_EEPROM_H_

#include <cstdint>
#include <vector>

#include <gsl/span>

#include "stack/address.h"

namespace sluice::i82559c {

// What identifies the board next to its chip.
inline constexpr std::uint16_t kSubsystemVendor = 0x8086;
inline constexpr std::uint16_t kSubsystem = 0x000c;

// The 64 words of a 93C46, their sum as it should be.
std::vector<std::uint16_t> eeprom_words(const MacAddress& individual);
// The individual address in such words, whatever a driver has written there.
MacAddress individual_address(gsl::span<const std::uint16_t> words);

}  // namespace sluice::i82559c

#endif  // SLUICE_DEVICES_NIC_I82559C_EEPROM_H_
