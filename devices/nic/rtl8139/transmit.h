// Transmission by the RTL8139C+ in C+ mode: two rings of descriptors, of which that of high
// priority goes first.
//
// The driver fills descriptors and writes TPPoll; the card then goes through the ring until it
// meets a descriptor that is not its own. A frame lies in as many pieces as there are descriptors
// from one with FS to one with LS. They are read first, all of them, and the payload after that: so
// a frame is taken as a whole or not at all, and nothing has to be kept from one call to the next.
// A frame whose end is not there yet is left until the ring is polled again.
//
// Frames that can't be sent, because they are too long, too short, without FS, or not where their
// descriptors say, are handed back all the same, and counted as errors.

#ifndef SLUICE_DEVICES_NIC_RTL8139_TRANSMIT_H_
#define SLUICE_DEVICES_NIC_RTL8139_TRANSMIT_H_

#include "devices/nic/guest_memory.h"
#include "devices/nic/rtl8139/interrupts.h"
#include "devices/nic/rtl8139/offload.h"
#include "devices/nic/rtl8139/ring.h"
#include "devices/nic/rtl8139/statistics.h"
#include "stack/link.h"

namespace sluice::rtl8139 {

class Transmit {
 public:
  enum Priority : std::uint8_t { kHigh, kNormal };

  // All of these are to live longer than this.
  Transmit(GuestMemory& memory, Interrupts& interrupts, Statistics& statistics)
      : memory_(memory), interrupts_(interrupts), statistics_(statistics) {}

  void reset();
  // TNPDS and THPDS: the ring begins anew.
  void set_base(Priority priority, std::uint64_t address) {
    queue(priority).ring.set_base(address);
  }
  // TPPoll: there may be something in the ring.
  void poll(Priority priority) { queue(priority).polled = true; }
  // No ring has been polled any more.
  void stop();

  // Whether next() has something to do.
  bool pending() const;
  struct Medium {
    bool carrier = true;          // without one, frames are lost
    bool large_may_leave = true;  // see TransmitOffload
  };
  // Takes the next frame, or the next piece of one, to the start of `room`, which has
  // Link::kMaxReserve bytes. There may be none, for each call goes through the descriptors of one
  // frame at most.
  Outgoing next(MutableBytes room, const Medium& medium);

 private:
  struct Queue {
    Ring ring;
    bool polled = false;
  };
  // The descriptors of one frame.
  struct Chain {
    Ring::Places places;
    unsigned count = 0;
    unsigned after = 0;    // where the next frame begins
    std::size_t size = 0;  // bytes of all pieces
    bool whole = false;    // begins and ends as it should
  };

  Queue& queue(Priority priority) { return priority == kHigh ? high_ : normal_; }
  // False if there is none to be taken now.
  bool collect(Queue& queue, Chain& chain);
  bool read(const Chain& chain, MutableBytes room);
  void hand_back(Queue& queue, const Chain& chain, std::uint32_t errors);

  GuestMemory& memory_;
  Interrupts& interrupts_;
  Statistics& statistics_;
  Queue high_;
  Queue normal_;
  TransmitOffload offload_;
};

}  // namespace sluice::rtl8139

#endif  // SLUICE_DEVICES_NIC_RTL8139_TRANSMIT_H_
