// The command unit (Software Developer Manual, sections 6.4.1, 6.4.2 and 6.5.3).
//
// It walks a list of command blocks by their links, executes each and writes its status. A block
// with its EL bit set is the last one: the unit is idle then. One with its S bit set suspends it:
// a driver that has something new appends it, clears the bit in the block before, and tells the
// unit to resume. The unit looks at that bit again, and goes on to the block whose link it has read
// before.

#ifndef SLUICE_DEVICES_NIC_I82559C_COMMAND_H_
#define SLUICE_DEVICES_NIC_I82559C_COMMAND_H_

#include <cstdint>

#include "devices/nic/bus_master.h"
#include "devices/nic/frame_batch.h"
#include "devices/nic/i82559c/receive.h"
#include "devices/nic/i82559c/registers.h"
#include "devices/nic/i82559c/state.h"
#include "stack/time.h"

namespace sluice::i82559c {

class CommandUnit {
 public:
  // How many blocks are executed in one call at most.
  static constexpr unsigned kBlocksPerRun = 64;

  // All of them outlive it. What is sent goes into `batch`, or to the receive unit in loopback.
  CommandUnit(BusMaster& bus, State& state, FrameBatch& batch, ReceiveUnit& receive_unit)
      : bus_(bus), state_(state), batch_(batch), receive_unit_(receive_unit) {}

  // Takes a command of the SCB; `pointer` is the general pointer. What there is to do then, run()
  // does.
  void execute(CuCommand command, std::uint32_t pointer);
  // A selective reset: bases stay.
  void stop() { cu_state_ = CuState::kIdle; }
  void reset();

  // Whether run() has something to do and can do it.
  bool has_work() const {
    return cu_state_ == CuState::kActive && batch_.has_room() && bus_.is_allowed();
  }
  void run(Time now);

  // The SCB's status byte.
  std::uint8_t scb_status() const {
    return static_cast<std::uint8_t>(static_cast<unsigned>(cu_state_) << 6 |
                                     static_cast<unsigned>(receive_unit_.state()) << 2);
  }

 private:
  void step(Time now);
  // Each returns what to write into the block's status.
  std::uint16_t act(const CommandBlock& block);
  std::uint16_t set_up_individual_address();
  std::uint16_t configure();
  std::uint16_t set_up_multicast();
  std::uint16_t transmit(std::uint16_t command);
  std::uint16_t dump_registers();
  void send(MutableBytes room, std::size_t size);

  BusMaster& bus_;
  State& state_;
  FrameBatch& batch_;
  ReceiveUnit& receive_unit_;
  CuState cu_state_ = CuState::kIdle;
  std::uint32_t base_ = 0;
  std::uint32_t block_ = 0;  // the address of the block in execution, or that of the last one
  std::uint32_t next_ = 0;
  std::uint32_t counters_address_ = 0;
};

}  // namespace sluice::i82559c

#endif  // SLUICE_DEVICES_NIC_I82559C_COMMAND_H_
