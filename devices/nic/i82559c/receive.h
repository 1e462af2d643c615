// The receive unit (Software Developer Manual, sections 6.4.3 and 6.5.4).
//
// The driver makes a list of receive frame descriptors (RFDs), each with room for one frame behind
// it. The unit fills one after the other and goes on by the links, around a ring if they are one.
// It does not know whether a descriptor has been filled before: a driver keeps it from its own by
// a bit in one of them, EL, behind which there is nothing, or S, behind which the unit waits. Then
// it leaves the ready state, tells so, and drops frames.
//
// A descriptor whose size is zero is not written. Drivers mark the last one so, next to EL, for as
// long as they change its link, and the unit stops before it.

#ifndef SLUICE_DEVICES_NIC_I82559C_RECEIVE_H_
#define SLUICE_DEVICES_NIC_I82559C_RECEIVE_H_

#include <cstdint>

#include "devices/nic/bus_master.h"
#include "devices/nic/i82559c/registers.h"
#include "devices/nic/i82559c/state.h"
#include "stack/bytes.h"

namespace sluice::i82559c {

class ReceiveUnit {
 public:
  // Both outlive it.
  ReceiveUnit(BusMaster& bus, State& state) : bus_(bus), state_(state) {}

  RuState state() const { return ru_state_; }

  // Executes a command of the SCB; `pointer` is the general pointer.
  void execute(RuCommand command, std::uint32_t pointer);
  // A selective reset: bases stay.
  void stop() { ru_state_ = RuState::kIdle; }
  void reset();

  // Length of data at a frame's end that makes an interrupt before the frame's own, in units of 8
  // bytes; 0: none.
  void set_early_interrupt(std::uint8_t units) { early_interrupt_ = units; }

  // As Nic::takes().
  bool takes(unsigned frames);
  // A frame from the network, without its check sequence and perhaps without padding, in up to
  // three pieces. It goes into the guest's memory, or is dropped and counted.
  void receive(gsl::span<const Bytes> pieces);

 private:
  struct Frame;

  // How much of a frame goes there.
  std::size_t room_of(const ReceiveFrameDescriptor& descriptor) const;
  void take(Frame& frame);
  bool fill(const ReceiveFrameDescriptor& descriptor, const Frame& frame, std::size_t size);
  void leave_ready(RuState state);
  void drop_for_resources();

  BusMaster& bus_;
  State& state_;
  RuState ru_state_ = RuState::kIdle;
  std::uint32_t base_ = 0;
  std::uint32_t rfd_ = 0;  // the address of the next one, base included
  std::uint16_t header_size_ = 0;
  bool has_header_size_ = false;
  std::uint8_t early_interrupt_ = 0;
};

}  // namespace sluice::i82559c

#endif  // SLUICE_DEVICES_NIC_I82559C_RECEIVE_H_
