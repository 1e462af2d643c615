#include "devices/nic/e1000/e1000.h"

#include <algorithm>

#include <gsl/assert>

namespace sluice::e1000 {
namespace {

constexpr PciIdentity kIdentity{.vendor = 0x8086,
                                .device = 0x100e,
                                .subsystem_vendor = 0x8086,
                                .subsystem = 0x001e,
                                .revision = 2,
                                .min_grant = 0xff};
constexpr unsigned kMemoryBar = 0;
constexpr unsigned kIoBar = 1;
constexpr PciBars kBars{
    {{PciBar::Kind::kMemory, Card::kMemorySize}, {PciBar::Kind::kIo, Card::kIoSize}}};

// Power management (PCI Bus Power Management Interface Specification 1.1, section 3.2): the card
// can wake up the machine from D0 and D3, and wants its driver's attention after D3.
constexpr std::uint8_t kPowerManagement = 1;
constexpr std::array<std::uint8_t, 8> kPower{0, 0, 0x22, 0xc8, 0, 0, 0, 0};
constexpr std::array<std::uint8_t, 8> kPowerWritable{0, 0, 0, 0, 0x03, 0x01, 0, 0};
constexpr std::size_t kPowerControl = 4;
constexpr std::uint32_t kPowerState = 3;

constexpr std::uint64_t kIoAddress = 0;
constexpr std::uint64_t kIoData = 4;

// A room, and what the receiver needs behind a frame.
constexpr std::size_t kRoom = Link::kMaxReserve + Receiver::kSpare;

// Whether there is such a region, and such an access to it.
bool is_access(unsigned bar, std::uint64_t offset, unsigned size) {
  return (bar == kMemoryBar || bar == kIoBar) && kBars.at(bar).holds(offset, size);
}

}  // namespace

Card::Card(PciSlot& slot, const MacAddress& address)
    : slot_(slot),
      config_(kIdentity, kBars),
      power_capability_(config_.add_capability(kPowerManagement, kPower, kPowerWritable)),
      line_(slot, config_),
      eeprom_(address, kIdentity),
      frame_(std::make_unique_for_overwrite<std::uint8_t[]>(kRoom)),
      segment_(std::make_unique_for_overwrite<std::uint8_t[]>(kRoom)) {
  load_address();
}

std::uint32_t Card::read_config(std::size_t offset, unsigned size) {
  return config_.read(offset, size);
}

void Card::write_config(Time now, std::size_t offset, unsigned size, std::uint32_t value) {
  now_ = now;
  const auto state = [&] {
    return config_.read(power_capability_ + kPowerControl, 1) & kPowerState;
  };
  const std::uint32_t before = state();
  config_.write(offset, size, value);
  // Who comes back from D3 has forgotten everything (section 6.3.1).
  if (before == kPowerState && state() == 0) reset_device();
  line_.update();
  transmit();
}

std::uint64_t Card::read_bar(Time now, unsigned bar, std::uint64_t offset, unsigned size) {
  now_ = now;
  if (!is_access(bar, offset, size)) return all_ones(std::min(size, 8U));
  const auto read = [&](std::uint64_t at) -> std::uint64_t {
    return bar == kIoBar ? read_io(at) : read_register(static_cast<std::uint32_t>(at));
  };
  if (size == 8) {
    const std::uint64_t low = read(offset);
    return read(offset + 4) << 32 | low;
  }
  return read(offset & ~std::uint64_t{3}) >> (8 * (offset % 4)) & all_ones(size);
}

void Card::write_bar(Time now, unsigned bar, std::uint64_t offset, unsigned size,
                     std::uint64_t value) {
  now_ = now;
  // Registers are written as a whole (section 13.3).
  if (!is_access(bar, offset, size) || size < 4) return;
  for (unsigned done = 0; done < size; done += 4) {
    const auto word = static_cast<std::uint32_t>(value >> (8 * done));
    if (bar == kIoBar) {
      write_io(offset + done, word);
    } else {
      write_register(static_cast<std::uint32_t>(offset + done), word);
    }
  }
}

std::uint32_t Card::read_io(std::uint64_t offset) {
  if (offset == kIoAddress) return io_address_;
  if (offset != kIoData || io_address_ >= kMemorySize) return 0;
  return read_register(io_address_ & ~3U);
}

void Card::write_io(std::uint64_t offset, std::uint32_t value) {
  if (offset == kIoAddress) io_address_ = value;
  if (offset == kIoData && io_address_ < kMemorySize) write_register(io_address_ & ~3U, value);
}

std::uint32_t Card::read_register(std::uint32_t offset) {
  if (Statistics::has(offset)) return statistics_.read(offset);
  switch (offset) {
    case kCtrlDup:
      return registers_[kCtrl];
    case kStatus:
      return status();
    case kEecd:
      return eeprom_.read_eecd();
    case kEerd:
      return eeprom_.read_eerd();
    case kIcr:
      return interrupts_.take_causes();
    case kIms:
      return interrupts_.mask();
    case kSwsm: {
      // Who reads it as zero owns it from then on.
      const std::uint32_t before = registers_[kSwsm];
      registers_.set(kSwsm, before | kSwsmSmbi);
      return before;
    }
    default:
      return offset < RegisterFile::kSize ? registers_[offset] : 0;
  }
}

void Card::write_register(std::uint32_t offset, std::uint32_t value) {
  if (offset >= RegisterFile::kSize) return;
  if (offset == kCtrl || offset == kCtrlDup) {
    write_control(value);
    return;
  }
  registers_.write(offset, value);
  switch (offset) {
    case kCtrlExt:
      if ((value & kCtrlExtEeRst) != 0) load_address();
      break;
    case kEecd:
      eeprom_.write_eecd(value);
      break;
    case kEerd:
      eeprom_.write_eerd(value);
      break;
    case kMdic:
      write_mdic(value);
      break;
    case kPba:
      // What is not for receiving is for transmitting, of 64 KiB (section 13.4.19).
      registers_.set(kPba, (0x40 - std::min(value & 0x3f, 0x3fU)) << 16 | (value & 0x3f));
      break;
    case kIcr:
      interrupts_.clear(value);
      break;
    case kItr:
      interrupts_.set_interval(now_, registers_[kItr]);
      break;
    case kIcs:
      interrupts_.raise(now_, value);
      break;
    case kIms:
      interrupts_.enable(now_, value);
      break;
    case kImc:
      interrupts_.disable(value);
      break;
    case kRdtr:
      if ((value & kDelayFpd) != 0 && receive_delay_.flush()) interrupts_.raise(now_, kIcrRxt0);
      break;
    case kTidv:
      if ((value & kDelayFpd) != 0 && transmit_delay_.flush()) interrupts_.raise(now_, kIcrTxdw);
      break;
    case kTctl:
      if ((value & kTctlEn) == 0) transmitter_.stop();
      transmit();
      break;
    case kTdt:
      transmitter_.kick();
      transmit();
      break;
    default:
      break;
  }
}

void Card::write_control(std::uint32_t value) {
  const bool had_slu = registers_.has(kCtrl, kCtrlSlu);
  registers_.write(kCtrl, value);
  const bool starts = !had_slu && registers_.has(kCtrl, kCtrlSlu);
  if ((value & kCtrlRst) != 0) {
    reset_device();
  } else if ((value & kCtrlPhyRst) != 0) {
    phy_.reset();
    interrupts_.raise(now_, kIcrLsc);
  } else if (starts && phy_.link()) {
    interrupts_.raise(now_, kIcrLsc);
  }
}

void Card::write_mdic(std::uint32_t value) {
  const unsigned number = value >> kMdicRegisterShift & (Phy::kRegisters - 1);
  const unsigned phy = value >> kMdicPhyShift & 31;
  const auto data = static_cast<std::uint16_t>(value);
  std::uint32_t result = (value & ~(kMdicR | kMdicE)) | kMdicR;
  bool renegotiated = false;
  const bool ours = phy == Phy::kAddress;
  if (ours && (value & kMdicOp) == kMdicOpWrite) {
    renegotiated = phy_.write(number, data);
  } else if (ours && (value & kMdicOp) == kMdicOpRead) {
    result = (result & ~std::uint32_t{0xffff}) | phy_.read(number);
  } else {
    result |= kMdicE;
  }
  registers_.set(kMdic, result);
  if (renegotiated) interrupts_.raise(now_, kIcrLsc);
  if ((value & kMdicI) != 0) interrupts_.raise(now_, kIcrMdac);
}

// The link is up once the PHY says so. That CTRL.SLU lets the card see it is not asked for: there
// are drivers that never knew a card which does.
std::uint32_t Card::status() const {
  return kStatusFd | kStatusSpeed1000 | kStatusAsdv1000 | (phy_.link() ? kStatusLu : 0);
}

void Card::reset(Time now) {
  now_ = now;
  config_.reset();
  registers_ = {};
  phy_.reset();
  reset_device();
  line_.update();
}

void Card::reset_device() {
  registers_.reset();
  statistics_.reset();
  eeprom_.reset();
  interrupts_.reset();
  transmit_delay_.flush();
  receive_delay_.flush();
  transmitter_.reset();
  receiver_.take_progress();
  io_address_ = 0;
  load_address();
}

// The first of the receive addresses is what the EEPROM says (section 13.5.2).
void Card::load_address() {
  registers_.set(kRal, std::uint32_t{eeprom_.word(1)} << 16 | eeprom_.word(0));
  registers_.set(kRah, kRahAv | eeprom_.word(2));
}

bool Card::reaches_memory() const {
  const std::uint32_t power = config_.read(power_capability_ + kPowerControl, 1) & kPowerState;
  return config_.masters_bus() && power == 0;
}

// By the MAC, or by the PHY (section 15.6).
bool Card::loops_back() const {
  return registers_.has(kRctl, kRctlLbm) || phy_.loops_back();
}

bool Card::may_transmit() const {
  return reaches_memory() && (phy_.link() || loops_back()) && transmitter_.pending();
}

void Card::transmit() {
  if (!may_transmit()) return;
  const Transmitter::Progress progress = transmitter_.run(slot_.memory(), !loops_back());
  std::uint32_t causes = 0;
  if (progress.reported) {
    transmit_delay_.flush();
    causes |= kIcrTxdw;
  } else if (progress.reported_later &&
             transmit_delay_.start(now_, registers_[kTidv], registers_[kTadv])) {
    causes |= kIcrTxdw;
  }
  if (progress.emptied) causes |= kIcrTxqe;
  if (progress.low) causes |= kIcrTxdLow;
  interrupts_.raise(now_, causes);
  if (loops_back()) receive_own();
}

void Card::receive_own() {
  for (const Frame& frame : transmitter_.take()) {
    const MutableBytes room(segment_.get(), kRoom);
    copy_bytes(frame.bytes, room);
    complete_checksum(room.first(frame.bytes.size()), {}, frame.offload);
    receiver_.receive(slot_.memory(), room, frame.bytes.size(), false);
  }
  flush();
}

std::optional<Time> Card::deadline() const {
  if (may_transmit()) return now_;
  std::optional<Time> first;
  for (const auto next :
       {interrupts_.deadline(), transmit_delay_.deadline(), receive_delay_.deadline()}) {
    if (next && (!first || *next < *first)) first = next;
  }
  return first;
}

void Card::on_time(Time now) {
  now_ = now;
  if (transmit_delay_.expire(now)) interrupts_.raise(now, kIcrTxdw);
  if (receive_delay_.expire(now)) interrupts_.raise(now, kIcrRxt0);
  interrupts_.on_time(now);
  transmit();
}

void Card::set_link(Time now, bool up) {
  now_ = now;
  const bool before = phy_.link();
  phy_.plug(up);
  if (phy_.link() != before) interrupts_.raise(now, kIcrLsc);
  transmit();
}

bool Card::can_receive() const {
  return receiver_.enabled() && reaches_memory() && phy_.link() && !loops_back();
}

bool Card::takes(unsigned frames) {
  return !can_receive() || receiver_.takes(frames);
}

MutableBytes Card::reserve(std::size_t size) {
  Expects(size <= kMaxReserve);
  reserved_ = size;
  return {frame_.get(), size};
}

void Card::commit(std::size_t size, gsl::span<const Bytes> payload, const Offload& offload) {
  Expects(size <= reserved_);
  reserved_ = 0;
  if (!can_receive()) {
    counters_.count(Drop::kLinkFull);
    return;
  }
  const MutableBytes room(frame_.get(), kRoom);
  const bool verified = offload.checksum != ChecksumState::kInPacket;
  if (offload.segmentation != Segmentation::kNone) {
    const MutableBytes cut(segment_.get(), kRoom);
    Segmenter segmenter(room.first(size), payload, offload);
    while (const std::size_t segment = segmenter.next(cut)) {
      receiver_.receive(slot_.memory(), cut, segment, verified);
    }
    return;
  }
  for (const Bytes piece : payload) {
    if (piece.size() > kMaxReserve - size) {
      counters_.count(Drop::kMalformed);
      return;
    }
    copy_bytes(piece, room.subspan(size));
    size += piece.size();
  }
  complete_checksum(room.first(size), {}, offload);
  receiver_.receive(slot_.memory(), room, size, verified);
}

void Card::flush() {
  const Receiver::Progress progress = receiver_.take_progress();
  std::uint32_t causes = 0;
  if (progress.received && receive_delay_.start(now_, registers_[kRdtr], registers_[kRadv])) {
    causes |= kIcrRxt0;
  }
  if (progress.small) causes |= kIcrSrpd;
  if (progress.low) causes |= kIcrRxdmt0;
  if (progress.overrun) causes |= kIcrRxo;
  interrupts_.raise(now_, causes);
}

}  // namespace sluice::e1000
