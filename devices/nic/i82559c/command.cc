#include "devices/nic/i82559c/command.h"

#include <algorithm>
#include <array>

#include "devices/nic/i82559c/dump.h"
#include "devices/nic/i82559c/transmit.h"

namespace sluice::i82559c {
namespace {

constexpr std::uint32_t kParameters = sizeof(CommandBlock);
constexpr std::uint16_t kDone = kCbC | kCbOk;
constexpr std::uint16_t kFailed = kCbC;

}  // namespace

void CommandUnit::execute(CuCommand command, std::uint32_t pointer) {
  switch (command) {
    case CuCommand::kStart:
      next_ = base_ + pointer;
      cu_state_ = CuState::kActive;
      return;
    case CuCommand::kResume: {
      if (cu_state_ != CuState::kSuspended) return;
      const auto last = bus_.load<CommandBlock>(block_);
      if (last && (last->command & kCbS) == 0) cu_state_ = CuState::kActive;
      return;
    }
    case CuCommand::kStaticResume:
      if (cu_state_ == CuState::kSuspended) cu_state_ = CuState::kActive;
      return;
    case CuCommand::kLoadDumpCountersAddress:
      counters_address_ = pointer;
      return;
    case CuCommand::kDumpStatisticalCounters:
      dump(state_.statistics, state_.configuration, bus_, counters_address_, kDumped);
      return;
    case CuCommand::kDumpAndResetStatisticalCounters:
      dump(state_.statistics, state_.configuration, bus_, counters_address_, kDumpedAndReset);
      state_.statistics = {};
      return;
    case CuCommand::kLoadCuBase:
      base_ = pointer;
      return;
    case CuCommand::kNop:
      return;
  }
}

void CommandUnit::reset() {
  cu_state_ = CuState::kIdle;
  base_ = block_ = next_ = counters_address_ = 0;
}

void CommandUnit::run(Time now) {
  for (unsigned i = 0; i < kBlocksPerRun && has_work(); ++i) step(now);
}

void CommandUnit::step(Time now) {
  block_ = next_;
  const auto block = bus_.load<CommandBlock>(block_);
  if (!block) {
    // Nothing is known of what would follow.
    cu_state_ = CuState::kIdle;
    return state_.interrupts.raise_cna(now, 0);
  }
  next_ = base_ + block->link;
  bus_.store(block_, Little16(act(*block)));
  const std::uint16_t command = block->command;
  if ((command & kCbI) != 0) state_.interrupts.raise(kCx);
  if ((command & kCbEl) != 0) {
    cu_state_ = CuState::kIdle;
    state_.interrupts.raise_cna(now, 0);
  } else if ((command & kCbS) != 0) {
    cu_state_ = CuState::kSuspended;
    if (state_.configuration.interrupts_on_idle_only()) return;
    state_.interrupts.raise_cna(now, (command & kCbCid) >> 8);
  }
}

std::uint16_t CommandUnit::act(const CommandBlock& block) {
  switch (static_cast<Action>(block.command & kCbCommand)) {
    case Action::kIndividualAddressSetup:
      return set_up_individual_address();
    case Action::kConfigure:
      return configure();
    case Action::kMulticastSetup:
      return set_up_multicast();
    case Action::kTransmit:
      return transmit(block.command);
    case Action::kDump:
      return dump_registers();
    case Action::kNop:
    case Action::kLoadMicrocode:  // what it would change is how often there are interrupts
    case Action::kDiagnose:
      return kDone;
  }
  return kDone;
}

std::uint16_t CommandUnit::set_up_individual_address() {
  const auto octets = bus_.load<std::array<std::uint8_t, MacAddress::kSize>>(block_ + kParameters);
  if (!octets) return kFailed;
  state_.addresses.set_individual(MacAddress(*octets));
  return kDone;
}

std::uint16_t CommandUnit::configure() {
  constexpr std::uint8_t kByteCount = 0x3f;
  const auto first = bus_.load<std::uint8_t>(block_ + kParameters);
  if (!first) return kFailed;
  std::array<std::uint8_t, Configuration::kSize> bytes{};
  const MutableBytes given =
      MutableBytes(bytes).first(std::min<std::size_t>(*first & kByteCount, bytes.size()));
  if (!bus_.read(block_ + kParameters, given)) return kFailed;
  state_.configuration.set(given);
  return kDone;
}

std::uint16_t CommandUnit::set_up_multicast() {
  const auto count = bus_.load<Little16>(block_ + kParameters);
  if (!count) return kFailed;
  std::array<std::uint8_t, kCountBits> bytes;
  const MutableBytes list = MutableBytes(bytes).first(*count & kCountBits);
  if (!list.empty() && !bus_.read(block_ + kParameters + sizeof *count, list)) return kFailed;
  state_.addresses.set_multicast(list);
  return kDone;
}

std::uint16_t CommandUnit::transmit(std::uint16_t command) {
  const MutableBytes room = batch_.room();
  const auto read = read_frame(bus_, state_.configuration, block_, command, room);
  if (!read) {
    count(state_.statistics.transmit_underruns);
    return kCbC | kCbU;
  }
  if (*read == 0) return kDone;
  send(room,
       finish_frame(state_.configuration, state_.addresses.individual(), command, room, *read));
  return kDone;
}

void CommandUnit::send(MutableBytes room, std::size_t size) {
  if (state_.configuration.loopback() || state_.phy.is_looped_back()) {
    const Bytes frame = room.first(size);
    receive_unit_.receive({&frame, 1});
  } else if (state_.phy.has_link()) {
    batch_.commit(size, {});
  } else {
    return count(state_.statistics.transmit_lost_carrier_sense);
  }
  count(state_.statistics.transmit_good);
}

std::uint16_t CommandUnit::dump_registers() {
  const auto address = bus_.load<Little32>(block_ + kParameters);
  return address && write_dump(bus_, state_, scb_status(), *address) ? kDone : kFailed;
}

}  // namespace sluice::i82559c
