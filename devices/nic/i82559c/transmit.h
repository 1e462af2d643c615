// Frames that transmit commands lead to (Software Developer Manual, section 6.4.2.5).
//
// A frame begins with the data behind the command block, if the block says that there is some. In
// simplified mode that is all. In flexible mode buffers follow, which an array of transmit buffer
// descriptors (TBDs) tells of; of an extended block, the first two TBDs lie behind it.

#ifndef SLUICE_DEVICES_NIC_I82559C_TRANSMIT_H_
#define SLUICE_DEVICES_NIC_I82559C_TRANSMIT_H_

#include <cstdint>
#include <optional>

#include "devices/nic/bus_master.h"
#include "devices/nic/i82559c/configuration.h"
#include "stack/address.h"
#include "stack/bytes.h"

namespace sluice::i82559c {

// Copies the frame of the transmit command block at `address` into `into` and returns its size;
// nullopt if it does not fit or not all of it can be read. `command` is the block's.
std::optional<std::size_t> read_frame(BusMaster& bus, const Configuration& configuration,
                                      std::uint32_t address, std::uint16_t command,
                                      MutableBytes into);

// Does to the first `size` bytes of `frame` what the card does on the way: it puts its own address
// where the source is, takes a check sequence away that the guest has computed, pads what is short.
// Returns the size then.
std::size_t finish_frame(const Configuration& configuration, const MacAddress& individual,
                         std::uint16_t command, MutableBytes frame, std::size_t size);

}  // namespace sluice::i82559c

#endif  // SLUICE_DEVICES_NIC_I82559C_TRANSMIT_H_
