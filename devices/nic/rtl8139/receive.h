// Reception by the RTL8139C+ in C+ mode: a ring of descriptors, each with a buffer.
//
// A frame is written over as many buffers as it takes. The last descriptor tells the frame's whole
// length, what its address matched, and what came of looking at its checksums. The descriptors are
// read first: a frame for which there are not enough is not begun. One whose buffers are no memory
// is lost; its descriptors are handed back with an error, for the same would happen to the next.

#ifndef SLUICE_DEVICES_NIC_RTL8139_RECEIVE_H_
#define SLUICE_DEVICES_NIC_RTL8139_RECEIVE_H_

#include "devices/nic/guest_memory.h"
#include "devices/nic/rtl8139/arrival.h"
#include "devices/nic/rtl8139/buffer.h"
#include "devices/nic/rtl8139/ring.h"

namespace sluice::rtl8139 {

class Receive {
 public:
  using Outcome = Buffer::Outcome;

  // RDSAR: the ring begins anew.
  void set_base(std::uint64_t address) { ring_.set_base(address); }
  std::uint64_t base() const { return ring_.base(); }
  void reset() { ring_ = Ring(); }

  // Whether the descriptors that are the card's have room for so many frames of the usual size; if
  // all are the card's, one has room.
  bool has_room(GuestMemory& memory, unsigned frames) const;
  // Writes a frame; `cpcr` says what is looked at and what is taken out.
  Outcome store(GuestMemory& memory, std::uint16_t cpcr, Arrival& arrival);

 private:
  Ring ring_;
};

}  // namespace sluice::rtl8139

#endif  // SLUICE_DEVICES_NIC_RTL8139_RECEIVE_H_
