#include "devices/nic/i82559c/i82559c.h"

#include <algorithm>
#include <utility>

#include <gsl/assert>

#include "devices/nic/i82559c/dump.h"
#include "devices/nic/i82559c/eeprom.h"

namespace sluice {
namespace {

using namespace i82559c;  // NOLINT(google-build-using-namespace): the card's own

constexpr PciIdentity kIdentity{
    .vendor = 0x8086,
    .device = 0x1229,
    .subsystem_vendor = kSubsystemVendor,
    .subsystem = kSubsystem,
    .revision = 8,
    .min_grant = 0x08,
    .max_latency = 0x38,
};

// Power management (PCI Bus Power Management Interface Specification 1.1, section 3.2): all states,
// no wake-up.
constexpr std::uint8_t kPowerManagement = 0x01;
constexpr std::array<std::uint8_t, 8> kPowerBytes{0, 0, 0x22, 0x06, 0, 0, 0, 0};
constexpr std::array<std::uint8_t, 8> kPowerWritable{0, 0, 0, 0, 0x03, 0, 0, 0};
constexpr std::size_t kPmcsr = 4;
constexpr std::uint32_t kPowerState = 0x03;
constexpr std::uint32_t kD3 = 3;

constexpr unsigned kMemoryBar = 0;
constexpr unsigned kIoBar = 1;

// The management interface is ready before it has done anything: there are drivers that look first.
constexpr auto kInitialRegisters = [] {
  std::array<std::uint8_t, kCsrSize> registers{};
  registers[kMdiControl + 3] = static_cast<std::uint8_t>(kMdiReady >> 24);
  return registers;
}();

// What the self test says: the ROM has a signature, and nothing failed.
struct SelfTestResult {
  Little32 signature;
  Little32 failures;
};

}  // namespace

I82559c::I82559c(PciSlot& slot, const MacAddress& address)
    : config_(kIdentity, kBars),
      power_capability_(config_.add_capability(kPowerManagement, kPowerBytes, kPowerWritable)),
      bus_(slot, config_),
      line_(slot, config_),
      eeprom_(eeprom_words(address)),
      state_(address),
      receive_unit_(bus_, state_),
      command_unit_(bus_, state_, batch_, receive_unit_),
      registers_(kInitialRegisters),
      output_(std::make_unique_for_overwrite<std::uint8_t[]>(kMaxReserve)),
      segment_(std::make_unique_for_overwrite<std::uint8_t[]>(kMaxReserve)) {}

std::uint32_t I82559c::read_config(std::size_t offset, unsigned size) {
  return config_.read(offset, size);
}

void I82559c::write_config(Time now, std::size_t offset, unsigned size, std::uint32_t value) {
  now_ = now;
  const auto power_state = [this] {
    return config_.read(power_capability_ + kPmcsr, 1) & kPowerState;
  };
  const std::uint32_t before = power_state();
  config_.write(offset, size, value);
  bus_.set_awake(power_state() == 0);
  if (before == kD3 && power_state() == 0) software_reset();
  command_unit_.run(now);
  update_line();
}

std::uint64_t I82559c::read_bar(Time now, unsigned bar, std::uint64_t offset, unsigned size) {
  now_ = now;
  // The flash memory is empty.
  const bool registers = bar == kMemoryBar || bar == kIoBar;
  if (!registers || !kBars.at(bar).holds(offset, size)) return all_ones(size);
  std::uint64_t value = 0;
  for (unsigned i = 0; i < size; ++i) {
    value |= std::uint64_t{read_register(offset + i)} << (8 * i);
  }
  return value;
}

void I82559c::write_bar(Time now, unsigned bar, std::uint64_t offset, unsigned size,
                        std::uint64_t value) {
  now_ = now;
  const bool registers = bar == kMemoryBar || bar == kIoBar;
  if (!registers || !kBars.at(bar).holds(offset, size)) return;
  for (unsigned i = 0; i < size; ++i) {
    write_register(offset + i, static_cast<std::uint8_t>(value >> (8 * i)));
  }
  // What begins with a register's last byte, once all of it is there.
  const auto wrote = [&](std::size_t byte) { return byte >= offset && byte < offset + size; };
  if (wrote(kScbCommand)) on_scb_command();
  if (wrote(kPort + 3)) on_port(stored(kPort));
  if (wrote(kMdiControl + 3)) on_mdi_control();
  update_line();
}

std::uint8_t I82559c::read_register(std::size_t offset) const {
  switch (offset) {
    case kScbStatus:
      return command_unit_.scb_status();
    case kScbStatAck:
      return state_.interrupts.pending();
    case kScbCommand:
      return 0;  // whatever was written has been accepted
    case kScbInterruptControl:
      return state_.interrupts.control();
    case kEepromControl:
      return static_cast<std::uint8_t>(registers_[kEepromControl] |
                                       (eeprom_.data_out() ? kEedo : 0));
    case kPmdr:
      return pmdr_;
    case kGeneralStatus:
      return static_cast<std::uint8_t>(
          (state_.phy.has_link() ? kGeneralStatusLinkUp : 0) |
          (state_.phy.is_100() ? kGeneralStatus100 : 0) |
          (state_.phy.is_full_duplex() ? kGeneralStatusFullDuplex : 0));
    default:
      return offset < registers_.size() ? registers_.at(offset) : 0;
  }
}

void I82559c::write_register(std::size_t offset, std::uint8_t value) {
  constexpr std::uint8_t kThresholdBits = 0x07;
  constexpr std::uint8_t kGeneralControlBits = 0x03;
  switch (offset) {
    case kScbStatAck:
      return state_.interrupts.acknowledge(value);
    case kScbInterruptControl:
      return state_.interrupts.write_control(value);
    case kEepromControl:
      registers_[kEepromControl] = value & (kEesk | kEecs | kEedi);
      return eeprom_.set_wires((value & kEecs) != 0, (value & kEesk) != 0, (value & kEedi) != 0);
    case kEarlyReceiveInterrupt:
      registers_[kEarlyReceiveInterrupt] = value;
      return receive_unit_.set_early_interrupt(value);
    case kFlowControlThreshold:
      registers_[kFlowControlThreshold] = value & kThresholdBits;
      return;
    case kPmdr:
      pmdr_ &= static_cast<std::uint8_t>(~value);
      return;
    case kGeneralControl:
      registers_[kGeneralControl] = value & kGeneralControlBits;
      return;
    case kFlowControlCommand:  // to nobody, who does not know of pauses
    case kGeneralStatus:
    case kScbStatus:
      return;
    default:
      if (offset < kReceiveDmaByteCount) registers_.at(offset) = value;
  }
}

std::uint32_t I82559c::stored(std::size_t offset) const {
  return load_little<std::uint32_t>(registers_, offset);
}

void I82559c::on_scb_command() {
  constexpr std::uint8_t kRuCommand = 0x07;
  const std::uint8_t command = std::exchange(registers_[kScbCommand], std::uint8_t{0});
  const std::uint32_t pointer = stored(kScbGeneralPointer);
  receive_unit_.execute(static_cast<RuCommand>(command & kRuCommand), pointer);
  command_unit_.execute(static_cast<CuCommand>(command >> 4), pointer);
  command_unit_.run(now_);
}

// Section 6.3.3.
void I82559c::on_port(std::uint32_t value) {
  constexpr std::uint32_t kSignature = 0x82559c00;
  const std::uint32_t address = value & ~kPortFunction;
  switch (value & kPortFunction) {
    case kPortSoftwareReset:
      return software_reset();
    case kPortSelfTest:
      bus_.store(address, SelfTestResult{.signature = kSignature, .failures = 0U});
      return software_reset();
    case kPortSelectiveReset:
      command_unit_.stop();
      return receive_unit_.stop();
    case kPortDump:
      write_dump(bus_, state_, command_unit_.scb_status(), address);
      return;
    default:
      return;
  }
}

// Section 6.3.5. A cycle ends before it can be waited for.
void I82559c::on_mdi_control() {
  const std::uint32_t value = stored(kMdiControl);
  const unsigned number = value >> 16 & 0x1f;
  const bool ours = (value >> 21 & 0x1f) == Phy::kAddress;
  auto data = static_cast<std::uint16_t>(value);
  if ((value & kMdiOpcode) == kMdiRead) {
    data = ours ? state_.phy.read(number) : 0xffff;
  } else if ((value & kMdiOpcode) == kMdiWrite && ours) {
    state_.phy.write(number, data);
  }
  store_little(MutableBytes(registers_), kMdiControl, (value & 0xffff0000) | kMdiReady | data);
  if ((value & kMdiInterruptEnable) != 0) state_.interrupts.raise(kMdi);
}

void I82559c::software_reset() {
  command_unit_.reset();
  receive_unit_.reset();
  state_.configuration = {};
  state_.addresses = Addresses(individual_address(eeprom_.words()));
  state_.statistics = {};
  state_.interrupts = {};
  registers_ = kInitialRegisters;
  eeprom_.set_wires(false, false, false);
}

void I82559c::reset(Time now) {
  now_ = now;
  config_.reset();
  bus_.set_awake(true);
  software_reset();
  state_.phy.reset();
  pmdr_ = 0;
  reserved_ = 0;
  batch_.take();
  update_line();
}

std::optional<Time> I82559c::deadline() const {
  const auto interrupt = state_.interrupts.deadline();
  if (!command_unit_.has_work()) return interrupt;
  return interrupt ? std::min(*interrupt, now_) : now_;
}

void I82559c::on_time(Time now) {
  now_ = now;
  state_.interrupts.on_time(now);
  command_unit_.run(now);
  update_line();
}

void I82559c::set_link(Time now, bool up) {
  now_ = now;
  if (up != state_.phy.is_plugged()) pmdr_ |= kPmdrLinkStatusChange;
  state_.phy.plug(up);
}

void I82559c::remind(Time now) {
  now_ = now;
  if (receive_unit_.state() != RuState::kIdle) state_.interrupts.raise(kFr);
  update_line();
}

MutableBytes I82559c::reserve(std::size_t size) {
  Expects(size <= kMaxReserve);
  reserved_ = size;
  return {output_.get(), size};
}

void I82559c::commit(std::size_t size, gsl::span<const Bytes> payload, const Offload& offload) {
  Expects(size <= reserved_);
  reserved_ = 0;
  const MutableBytes head(output_.get(), size);
  if (offload.segmentation == Segmentation::kNone) {
    complete_checksum(head, payload, offload);
    return deliver(head, payload);
  }
  Segmenter segmenter(head, payload, offload);
  while (const std::size_t cut = segmenter.next({segment_.get(), kMaxReserve})) {
    deliver({segment_.get(), cut}, {});
  }
}

void I82559c::deliver(Bytes head, gsl::span<const Bytes> payload) {
  if (!state_.phy.has_link()) return state_.counters.count(Drop::kLinkFull);
  Expects(payload.size() <= kMaxPieces);
  std::array<Bytes, 1 + kMaxPieces> pieces{head};
  std::copy(payload.begin(), payload.end(), pieces.begin() + 1);
  receive_unit_.receive(gsl::span<const Bytes>(pieces).first(1 + payload.size()));
}

}  // namespace sluice
