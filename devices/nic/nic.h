// The seam between a network card's registers and whatever emulates the rest of the machine.
//
// A card is a function of what it is given: accesses to its registers, frames from the network,
// time. It has no thread, no clock and no descriptor. What it does by itself, it does in one of
// these calls: it reads and writes the guest's memory, raises interrupts, and keeps the frames that
// the guest has sent until they are fetched. To the network it is a Link: frames for the guest are
// built and committed as for any other.
//
// The guest may write anything into registers and memory, at any time. So each call does a bounded
// amount of work, whatever rings and descriptors say: what is left has a deadline that has passed.

#ifndef SLUICE_DEVICES_NIC_NIC_H_
#define SLUICE_DEVICES_NIC_NIC_H_

#include <cstdint>
#include <optional>

#include "devices/nic/guest_memory.h"
#include "devices/nic/pci_config.h"
#include "stack/address.h"
#include "stack/counters.h"
#include "stack/link.h"
#include "stack/time.h"

namespace sluice {

// What a card is plugged into.
class PciSlot {
 public:
  virtual ~PciSlot() = default;

  virtual GuestMemory& memory() = 0;
  // The level of the card's interrupt line (INTA#); called when it changes.
  virtual void set_interrupt(bool asserted) = 0;
  // Message number `vector` of MSI or MSI-X, for cards that have them.
  virtual void send_message(unsigned vector) = 0;
  // Whether whoever gets the messages of MSI-X has the table of them, too, and knows what is
  // masked: the guest's accesses to it do not come to the card then.
  virtual bool has_message_table() const { return false; }
};

class Nic : public Link {
 public:
  // Configuration space, 256 bytes. `size` is 1, 2 or 4, and the access lies within one double
  // word. Reading may have an effect, as reading a register has.
  virtual std::uint32_t read_config(std::size_t offset, unsigned size) = 0;
  virtual void write_config(Time now, std::size_t offset, unsigned size, std::uint32_t value) = 0;
  // The regions that bars() tells of. Any offset and a size of 1, 2, 4 or 8 may come: what is
  // outside the region, or not aligned, reads as all ones and is not written.
  virtual std::uint64_t read_bar(Time now, unsigned bar, std::uint64_t offset, unsigned size) = 0;
  virtual void write_bar(Time now, unsigned bar, std::uint64_t offset, unsigned size,
                         std::uint64_t value) = 0;
  virtual const PciBars& bars() const = 0;

  // As after power on.
  virtual void reset(Time now) = 0;
  // When to call on_time(), if nothing happens before. It may have passed already: there is more to
  // do than one call does.
  virtual std::optional<Time> deadline() const = 0;
  virtual void on_time(Time now) = 0;

  // Time for the calls of Link that follow, which have none of their own.
  virtual void set_time(Time now) = 0;
  // The cable is plugged in, as it is from the beginning.
  virtual void set_link(Time now, bool up) = 0;
  // Frames that the guest has sent, in their order. They stay until the next call of anything here.
  // As long as they are not fetched, the card sends no more than it has room for.
  virtual gsl::span<const Frame> take_frames() = 0;

  // Whether so many frames of the usual size for the guest would find room now, one after the
  // other. A card that is switched off takes all that there are, and drops them.
  virtual bool takes(unsigned frames) = 0;
  // Tells the guest once more that frames have come, if the card is one that tells of them. A
  // driver that has seen them all finds nothing new.
  virtual void remind(Time now) = 0;
  static constexpr std::size_t kUsualFrame = 1522;  // with a tag and a check sequence

  // What was dropped here.
  virtual const Counters& counters() const = 0;
};

}  // namespace sluice

#endif  // SLUICE_DEVICES_NIC_NIC_H_
