// What the card writes about itself when asked to (Software Developer Manual, sections 6.3.3 and
// 6.4.2.7): its configuration, its addresses and the state of its units. Nobody but a person reads
// more of it than whether it came, and where what stands is this card's own choice.

#ifndef SLUICE_DEVICES_NIC_I82559C_DUMP_H_
#define SLUICE_DEVICES_NIC_I82559C_DUMP_H_

#include <cstdint>

#include "devices/nic/bus_master.h"
#include "devices/nic/i82559c/state.h"

namespace sluice::i82559c {

inline constexpr std::size_t kDumpSize = 596;

// Writes it to `address`; `status` is the SCB's status byte. False if it can't be written.
bool write_dump(BusMaster& bus, const State& state, std::uint8_t status, std::uint32_t address);

}  // namespace sluice::i82559c

#endif  // SLUICE_DEVICES_NIC_I82559C_DUMP_H_
