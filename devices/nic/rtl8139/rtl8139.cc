#include "devices/nic/rtl8139/rtl8139.h"

#include <algorithm>

namespace sluice {
namespace {

using namespace rtl8139;  // NOLINT(google-build-using-namespace): names of the data sheet

constexpr unsigned kIoBar = 0;
constexpr unsigned kMemoryBar = 1;

PciIdentity identity_of(std::uint8_t revision) {
  return {.vendor = 0x10ec,
          .device = 0x8139,
          .subsystem_vendor = 0x10ec,
          .subsystem = 0x8139,
          .revision = revision,
          .min_grant = 0x20,
          .max_latency = 0x40};
}

PciBars both_bars() {
  PciBars bars;
  bars.at(kIoBar) = {PciBar::Kind::kIo, kRegisterBytes};
  bars.at(kMemoryBar) = {PciBar::Kind::kMemory, kRegisterBytes};
  return bars;
}

// Power management (PCI Bus Power Management Interface Specification 1.1, section 3.2): version 2,
// D1 to D3, PME# from each. In its second half are the state, 0 for D0, and whether PME# is
// enabled.
constexpr std::uint8_t kPowerManagement = 0x01;
constexpr std::array<std::uint8_t, 8> kPower{0, 0, 0xc2, 0xf7};
constexpr std::array<std::uint8_t, 8> kPowerWritable{0, 0, 0, 0, 0x03, 0x01};
constexpr std::size_t kPowerState = 4;
constexpr std::uint32_t kNotD0 = 0x03;

// What can be written of registers that only keep it.
std::uint32_t plain_bits(std::uint8_t offset) {
  if (offset >= kWakeup && offset < kFlash) return ~std::uint32_t{0};
  switch (offset) {
    case kMulint:
      return 0x00000fff;
    case kNwaytr:
      return 0x000000ff;
    case kPhy1Parm:
    case kPhy1Parm + 4:  // TW_PARM
      return ~std::uint32_t{0};
    case kPhy2Parm:
      return 0x000000ff;
    case kEtthr:
      return 0x0000003f;
    default:
      return 0;
  }
}

std::uint32_t bytes_mask(unsigned first, unsigned count) {
  const std::uint64_t ones = (std::uint64_t{1} << (8 * count)) - 1;
  return static_cast<std::uint32_t>(ones << (8 * first));
}

std::uint32_t two(std::uint32_t low, std::uint32_t high) {
  return low | high << 16;
}

std::uint32_t low_half(std::uint64_t value) {
  return static_cast<std::uint32_t>(value);
}

std::uint32_t high_half(std::uint64_t value) {
  return static_cast<std::uint32_t>(value >> 32);
}

std::uint64_t with_low(std::uint64_t value, std::uint32_t half) {
  return std::uint64_t{high_half(value)} << 32 | half;
}

std::uint64_t with_high(std::uint64_t value, std::uint32_t half) {
  return std::uint64_t{half} << 32 | low_half(value);
}

}  // namespace

bool Rtl8139::Lanes::touch(unsigned first, unsigned count) const {
  return (mask & bytes_mask(first, count)) != 0;
}

std::uint32_t Rtl8139::Lanes::field(unsigned first, unsigned count, std::uint32_t before) const {
  const std::uint32_t shifted = mask >> (8 * first);
  return ((before & ~shifted) | (value >> (8 * first) & shifted)) & bytes_mask(0, count);
}

Rtl8139::Rtl8139(PciSlot& slot, const Options& options)
    : revision_(options.revision),
      config_(identity_of(options.revision), both_bars()),
      power_at_(config_.add_capability(kPowerManagement, kPower, kPowerWritable)),
      line_(slot, config_),
      configuration_(identity_of(options.revision), options.address),
      engine_(slot.memory()) {
  engine_.filter().station = configuration_.address();
}

std::uint32_t Rtl8139::read_config(std::size_t offset, unsigned size) {
  return config_.read(offset, size);
}

void Rtl8139::write_config(Time now, std::size_t offset, unsigned size, std::uint32_t value) {
  begin(now);
  config_.write(offset, size, value);
  const bool awake = (config_.read(power_at_ + kPowerState, 1) & kNotD0) == 0;
  engine_.set_master(config_.masters_bus() && awake);
  end();
}

std::uint64_t Rtl8139::read_bar(Time now, unsigned bar, std::uint64_t offset, unsigned size) {
  begin(now);
  if (bar > kMemoryBar || !bars().at(bar).holds(offset, size)) return ~std::uint64_t{0};
  const auto at = static_cast<std::uint8_t>(offset & ~std::uint64_t{3});
  if (size == 8) {
    const std::uint64_t low = read(at, ~std::uint32_t{0});
    return low | std::uint64_t{read(at + 4, ~std::uint32_t{0})} << 32;
  }
  const auto first = static_cast<unsigned>(offset % 4);
  return read(at, bytes_mask(first, size)) >> (8 * first) & bytes_mask(0, size);
}

void Rtl8139::write_bar(Time now, unsigned bar, std::uint64_t offset, unsigned size,
                        std::uint64_t value) {
  begin(now);
  if (bar > kMemoryBar || !bars().at(bar).holds(offset, size)) return;
  const auto at = static_cast<std::uint8_t>(offset & ~std::uint64_t{3});
  if (size == 8) {
    write(at, {low_half(value), ~std::uint32_t{0}});
    write(at + 4, {high_half(value), ~std::uint32_t{0}});
  } else {
    const auto first = static_cast<unsigned>(offset % 4);
    write(at, {low_half(value << (8 * first)), bytes_mask(first, size)});
  }
  end();
}

void Rtl8139::reset(Time now) {
  begin(now);
  config_.reset();
  engine_.reset();
  engine_.set_master(false);
  engine_.statistics() = Statistics();
  configuration_.reset();
  engine_.filter() = {.station = configuration_.address()};
  phy_.reset();
  timer_ = Timer();
  timer_.restart(now);
  msr_ = 0;
  dtccr_ = 0;
  plain_.fill(0);
  end();
}

std::optional<Time> Rtl8139::deadline() const {
  if (engine_.has_work()) return now_;
  const Interrupts& interrupts = engine_.interrupts();
  // A driver that does not want to hear of it, finds it in ISR when it looks.
  const bool wanted = (interrupts.mask() & ~interrupts.status() & kTimeOut) != 0;
  return wanted ? timer_.deadline() : std::nullopt;
}

void Rtl8139::on_time(Time now) {
  begin(now);
  engine_.work();
  end();
}

void Rtl8139::set_link(Time now, bool up) {
  begin(now);
  if (up != phy_.link()) {
    phy_.set_link(up);
    engine_.set_carrier(up);
    engine_.interrupts().raise(kLinkChg);
  }
  end();
}

void Rtl8139::begin(Time now) {
  now_ = now;
  if (!timer_.expired(now)) return;
  engine_.interrupts().raise(kTimeOut);
  end();
}

void Rtl8139::remind(Time now) {
  begin(now);
  engine_.remind();
  end();
}

void Rtl8139::end() {
  line_.set(engine_.interrupts().pending());
}

std::uint32_t Rtl8139::read(std::uint8_t offset, std::uint32_t mask) {
  const Settings& settings = engine_.settings();
  const Config& registers = configuration_.registers();
  const auto octets = engine_.filter().station.octets();
  const auto hashes = Bytes(engine_.filter().hashes);
  if (offset >= kTsd0 && offset <= kTsd3 && !plus_transmits()) {
    return engine_.slots().status((offset - kTsd0) / 4U);
  }
  if (offset >= kTsad0 && offset <= kTsad3) {
    return engine_.transmit_address((offset - kTsad0) / 4U);
  }
  switch (offset) {
    case kIdr0:
      return load_little<std::uint32_t>(octets, 0);
    case kIdr4:
      return load_little<std::uint16_t>(octets, 4);
    case kMar0:
    case kMar4:
      return load_little<std::uint32_t>(hashes, offset - kMar0);
    case kDtccr:
      return low_half(dtccr_);
    case kDtccrHigh:
      return high_half(dtccr_);
    case kRbstart:
      return engine_.buffer().start();
    case kErbcr: {
      const bool empty = engine_.buffer().empty(settings.rcr);
      return static_cast<std::uint32_t>(settings.cr | (empty ? kCrBufe : 0)) << 24;
    }
    case kCapr:
      return two(engine_.buffer().capr(), engine_.buffer().cbr());
    case kImr:
      return two(engine_.interrupts().mask(), engine_.interrupts().status());
    case kTcr:
      return settings.tcr | (plus() ? kTcrVersion8139CPlus : kTcrVersion8139C);
    case kRcr:
      return settings.rcr;
    case kTctr:
      return timer_.count(now_);
    case kMpc:
      return engine_.statistics().missed_packets;
    case k9346cr:
      return two(configuration_.command() | registers.config0 << 8U, registers.config1);
    case kTimerInt:
      return timer_.interval();
    case kMsr: {
      const unsigned msr = msr_ | (phy_.link() ? 0 : kMsrLinkb) | (phy_.slow() ? kMsrSpeed10 : 0);
      return two(msr | registers.config3 << 8U, registers.config4);
    }
    case kMulint:
      return two(plain_.at(kMulint / 4), revision_);
    case kTsadAll:
      return two(engine_.slots().summary(), phy_.bmcr());
    case kBmsr: {
      // To read the status has an effect, so it is not done by the way.
      const bool wanted = (mask & bytes_mask(0, 2)) != 0;
      return two(wanted ? phy_.read_bmsr() : 0, phy_.anar());
    }
    case kAnlpar:
      return two(phy_.anlpar(), phy_.aner());
    case kDis:
      return phy_.disconnects();
    case kCscr:
      return phy_.cscr();
    case kConfig5:
      return registers.config5;
    case kCpcr:
      return settings.cpcr;
    case kRdsar:
      return low_half(engine_.receive().base());
    case kRdsarHigh:
      return high_half(engine_.receive().base());
    default:
      return plain_.at(offset / 4U);
  }
}

void Rtl8139::write(std::uint8_t offset, const Lanes& lanes) {
  std::uint32_t& plain = plain_.at(offset / 4U);
  plain = lanes.field(0, 4, plain) & plain_bits(offset);
  switch (offset) {
    case kErbcr:
      if (lanes.touch(3, 1)) {
        const auto cr = static_cast<std::uint8_t>(lanes.field(3, 1, 0));
        engine_.write_cr(cr);
        if ((cr & kCrRst) != 0) {
          timer_ = Timer();
          timer_.restart(now_);
          dtccr_ = 0;
        }
      }
      break;
    case kImr: {
      Interrupts& interrupts = engine_.interrupts();
      if (lanes.touch(0, 2)) {
        interrupts.set_mask(static_cast<std::uint16_t>(lanes.field(0, 2, interrupts.mask())));
      }
      interrupts.acknowledge(static_cast<std::uint16_t>(lanes.field(2, 2, 0)));
      break;
    }
    case kTctr:
      timer_.restart(now_);
      break;
    case kTimerInt:
      timer_.set_interval(now_, lanes.field(0, 4, timer_.interval()));
      break;
    default:
      write_receive(offset, lanes);
      write_transmit(offset, lanes);
      write_configuration(offset, lanes);
  }
  engine_.work();
}

void Rtl8139::write_receive(std::uint8_t offset, const Lanes& lanes) {
  Receive& ring = engine_.receive();
  switch (offset) {
    case kMar0:
    case kMar4: {
      const MutableBytes hashes(engine_.filter().hashes);
      const std::size_t at = offset - kMar0;
      store_little(hashes, at, lanes.field(0, 4, load_little<std::uint32_t>(hashes, at)));
      break;
    }
    case kRbstart:
      engine_.buffer().set_start(lanes.field(0, 4, engine_.buffer().start()));
      break;
    case kCapr:
      engine_.buffer().set_capr(
          static_cast<std::uint16_t>(lanes.field(0, 2, engine_.buffer().capr())));
      break;
    case kRcr:
      engine_.write_rcr(lanes.field(0, 4, engine_.settings().rcr));
      break;
    case kMpc:
      engine_.statistics().missed_packets = 0;
      break;
    case kRdsar:
      ring.set_base(with_low(ring.base(), lanes.field(0, 4, low_half(ring.base()))));
      break;
    case kRdsarHigh:
      ring.set_base(with_high(ring.base(), lanes.field(0, 4, high_half(ring.base()))));
      break;
    default:
      break;
  }
}

void Rtl8139::write_transmit(std::uint8_t offset, const Lanes& lanes) {
  if (offset >= kTsd0 && offset <= kTsd3 && !plus_transmits()) {
    const unsigned slot = (offset - kTsd0) / 4U;
    engine_.slots().write_status(slot, lanes.field(0, 4, engine_.slots().status(slot)));
    return;
  }
  if (offset >= kTsad0 && offset <= kTsad3) {
    const unsigned index = (offset - kTsad0) / 4U;
    engine_.write_transmit_address(index, lanes.field(0, 4, engine_.transmit_address(index)));
    return;
  }
  switch (offset) {
    case kDtccr:
      dtccr_ = with_low(dtccr_, lanes.field(0, 4, low_half(dtccr_)) & ~std::uint32_t{kDtccrCmd});
      if ((lanes.field(0, 1, 0) & kDtccrCmd) != 0) engine_.dump_tally(dtccr_);
      break;
    case kDtccrHigh:
      dtccr_ = with_high(dtccr_, lanes.field(0, 4, high_half(dtccr_)));
      break;
    case kTcr:
      engine_.write_tcr(lanes.field(0, 4, engine_.settings().tcr));
      break;
    case kConfig5: {
      const std::uint32_t poll = lanes.field(1, 1, 0);  // TPPoll
      if ((poll & kHpq) != 0) engine_.transmit().poll(Transmit::kHigh);
      if ((poll & kNpq) != 0) engine_.transmit().poll(Transmit::kNormal);
      if ((poll & kFswInt) != 0) engine_.interrupts().raise(kSwInt);
      break;
    }
    case kCpcr:
      if (plus()) {
        engine_.write_cpcr(static_cast<std::uint16_t>(lanes.field(0, 2, engine_.settings().cpcr)));
      }
      break;
    default:
      break;
  }
}

void Rtl8139::write_configuration(std::uint8_t offset, const Lanes& lanes) {
  const Config& registers = configuration_.registers();
  switch (offset) {
    case kIdr0:
    case kIdr4:
      if (configuration_.unlocked()) write_station(offset, lanes);
      break;
    case k9346cr:
      configuration_.write_config1(lanes.field(2, 1, registers.config1));
      if (lanes.touch(0, 1) &&
          configuration_.write_command(static_cast<std::uint8_t>(lanes.field(0, 1, 0)))) {
        engine_.filter().station = configuration_.address();
      }
      break;
    case kMsr:
      msr_ = static_cast<std::uint8_t>(lanes.field(0, 1, msr_) & kMsrWritable);
      configuration_.write_config3(lanes.field(1, 1, registers.config3));
      configuration_.write_config4(lanes.field(2, 1, registers.config4));
      break;
    case kTsadAll:
      if (lanes.touch(2, 2)) {
        phy_.write_bmcr(static_cast<std::uint16_t>(lanes.field(2, 2, phy_.bmcr())),
                        configuration_.unlocked());
      }
      break;
    case kBmsr:
      if (lanes.touch(2, 2)) {
        phy_.write_anar(static_cast<std::uint16_t>(lanes.field(2, 2, phy_.anar())));
      }
      break;
    case kConfig5:
      configuration_.write_config5(lanes.field(0, 1, registers.config5));
      break;
    default:
      break;
  }
}

void Rtl8139::write_station(std::uint8_t offset, const Lanes& lanes) {
  auto octets = engine_.filter().station.octets();
  for (std::size_t i = 0; i < 4 && offset + i < octets.size(); ++i) {
    std::uint8_t& octet = octets.at(offset + i);
    octet = static_cast<std::uint8_t>(lanes.field(static_cast<unsigned>(i), 1, octet));
  }
  engine_.filter().station = MacAddress(octets);
}

}  // namespace sluice
