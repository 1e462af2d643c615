#include "devices/nic/virtio/net_card.h"

#include <utility>

#include "devices/nic/little_endian.h"

namespace sluice {
namespace {

constexpr unsigned kLegacyBar = 0;
constexpr unsigned kMemoryBar = 1;
constexpr unsigned kMessagesBar = 2;

// What is where in the memory BAR.
constexpr std::uint32_t kCommonAt = 0x0000;
constexpr std::uint32_t kIsrAt = 0x1000;
constexpr std::uint32_t kDeviceAt = 0x2000;
constexpr std::uint32_t kNotifyAt = 0x3000;
constexpr std::uint32_t kMemorySize = 0x4000;
constexpr std::uint32_t kNotifyStep = 4;

constexpr std::uint32_t kTable = 0x000;
constexpr std::uint32_t kPending = 0x800;
constexpr std::uint32_t kMessagesSize = 0x1000;

constexpr PciIdentity kIdentity{.vendor = 0x1af4,
                                .device = 0x1000,
                                .subsystem_vendor = 0x1af4,
                                .subsystem = 1};  // a network device

PciBars all_bars() {
  PciBars bars;
  bars.at(kLegacyBar) = {PciBar::Kind::kIo, VirtioPciRegisters::kLegacySize};
  bars.at(kMemoryBar) = {PciBar::Kind::kMemory, kMemorySize};
  bars.at(kMessagesBar) = {PciBar::Kind::kMemory, kMessagesSize};
  return bars;
}

// A capability (section 4.1.4).
constexpr std::uint8_t kVendorSpecific = 0x09;
constexpr std::size_t kCapabilityBar = 4;
constexpr std::size_t kCapabilityOffset = 8;
constexpr std::size_t kCapabilityLength = 12;
constexpr std::size_t kCapabilityMore = 16;  // of some
constexpr std::size_t kShort = 16;
constexpr std::size_t kLong = 20;

enum class Structure : std::uint8_t {
  kCommon = 1,
  kNotify = 2,
  kIsr = 3,
  kDevice = 4,
  kWindow = 5,  // an access by way of configuration space
};

std::size_t add(PciConfig& config, Structure structure, std::size_t size, std::uint32_t offset,
                std::uint32_t length) {
  std::array<std::uint8_t, kLong> bytes{};
  std::array<std::uint8_t, kLong> writable{};
  bytes[2] = static_cast<std::uint8_t>(size);
  bytes[3] = static_cast<std::uint8_t>(structure);
  if (structure == Structure::kWindow) {
    writable.at(kCapabilityBar) = 0xff;
    for (std::size_t i = kCapabilityOffset; i < kLong; ++i) writable.at(i) = 0xff;
  } else {
    bytes.at(kCapabilityBar) = kMemoryBar;
    store_little(MutableBytes(bytes), kCapabilityOffset, offset);
    store_little(MutableBytes(bytes), kCapabilityLength, length);
  }
  if (structure == Structure::kNotify) {
    store_little(MutableBytes(bytes), kCapabilityMore, kNotifyStep);
  }
  return config.add_capability(kVendorSpecific, Bytes(bytes).first(size),
                               Bytes(writable).first(size));
}

bool lies_in(std::uint64_t offset, unsigned size, std::uint64_t begin, std::uint64_t length) {
  return offset >= begin && offset - begin < length && size <= length - (offset - begin);
}

VirtioNetOptions with_commands(VirtioNetOptions options) {
  options.commands = true;
  return options;
}

}  // namespace

VirtioNetCard::VirtioNetCard(PciSlot& slot, VirtioNetOptions options)
    : config_(kIdentity, all_bars()), device_(with_commands(options), slot, config_) {
  messages_at_ =
      device_.interrupts().messages().add_capability(config_, kMessagesBar, kTable, kPending);
  add(config_, Structure::kCommon, kShort, kCommonAt, VirtioPciRegisters::kCommonSize);
  add(config_, Structure::kIsr, kShort, kIsrAt, 1);
  add(config_, Structure::kDevice, kShort, kDeviceAt, VirtioPciRegisters::kDeviceSize);
  add(config_, Structure::kNotify, kLong, kNotifyAt, kNotifyStep * device_.queue_count());
  window_at_ = add(config_, Structure::kWindow, kLong, 0, 0);
}

void VirtioNetCard::begin(Time now) {
  now_ = now;
  device_.refresh();
}

void VirtioNetCard::reset(Time now) {
  now_ = now;
  config_.reset();
  device_.reset();
  registers_.reset();
  device_.interrupts().messages().reset();
  device_.interrupts().update();
  device_.refresh();
}

std::optional<VirtioNetCard::Window> VirtioNetCard::window() const {
  const auto field = [this](std::size_t offset, unsigned size) {
    return config_.read(window_at_ + offset, size);
  };
  const Window window{.bar = field(kCapabilityBar, 1),
                      .offset = field(kCapabilityOffset, 4),
                      .size = field(kCapabilityLength, 4)};
  const bool good = window.bar < bars().size() && window.size <= 4 &&
                    bars().at(window.bar).holds(window.offset, window.size);
  return good ? std::optional(window) : std::nullopt;
}

std::uint32_t VirtioNetCard::read_config(std::size_t offset, unsigned size) {
  if (offset == window_at_ + kCapabilityMore) {
    if (const auto at = window()) {
      const std::uint64_t value = read_bar(now_, at->bar, at->offset, at->size);
      config_.write(offset, at->size, static_cast<std::uint32_t>(value));
    }
  }
  return config_.read(offset, size);
}

void VirtioNetCard::write_config(Time now, std::size_t offset, unsigned size, std::uint32_t value) {
  config_.write(offset, size, value);
  begin(now);
  device_.interrupts().messages().update(config_, messages_at_);
  device_.interrupts().update();
  if (offset != window_at_ + kCapabilityMore) return;
  if (const auto at = window()) {
    write_bar(now, at->bar, at->offset, at->size, config_.read(offset, at->size));
  }
}

std::uint64_t VirtioNetCard::read_bar(Time now, unsigned bar, std::uint64_t offset, unsigned size) {
  begin(now);
  if (bar >= bars().size() || !bars().at(bar).holds(offset, size)) return ~std::uint64_t{0};
  switch (bar) {
    case kLegacyBar:
      return registers_.read_legacy(offset, size);
    case kMemoryBar:
      return read_memory(offset, size);
    default: {
      const MessageTable& messages = device_.interrupts().messages();
      if (lies_in(offset, size, kTable, messages.count() * MessageTable::kEntrySize)) {
        return messages.read(offset - kTable, size);
      }
      if (lies_in(offset, size, kPending, MessageTable::kPendingSize)) {
        return messages.read_pending(offset - kPending, size);
      }
      return 0;
    }
  }
}

std::uint64_t VirtioNetCard::read_memory(std::uint64_t offset, unsigned size) {
  if (lies_in(offset, size, kCommonAt, VirtioPciRegisters::kCommonSize)) {
    return registers_.read_common(offset - kCommonAt, size);
  }
  // Of wider accesses, the rest is nothing.
  if (offset == kIsrAt) return device_.interrupts().take_status();
  if (lies_in(offset, size, kDeviceAt, VirtioPciRegisters::kDeviceSize)) {
    return registers_.read_device(offset - kDeviceAt, size);
  }
  return 0;
}

void VirtioNetCard::write_bar(Time now, unsigned bar, std::uint64_t offset, unsigned size,
                              std::uint64_t value) {
  begin(now);
  if (bar >= bars().size() || !bars().at(bar).holds(offset, size)) return;
  switch (bar) {
    case kLegacyBar:
      registers_.write_legacy(offset, size, value);
      break;
    case kMemoryBar:
      write_memory(offset, size, value);
      break;
    default: {
      MessageTable& messages = device_.interrupts().messages();
      if (lies_in(offset, size, kTable, messages.count() * MessageTable::kEntrySize)) {
        messages.write(offset - kTable, size, value);
      }
    }
  }
}

void VirtioNetCard::write_memory(std::uint64_t offset, unsigned size, std::uint64_t value) {
  if (lies_in(offset, size, kCommonAt, VirtioPciRegisters::kCommonSize)) {
    registers_.write_common(offset - kCommonAt, size, value);
  } else if (lies_in(offset, size, kNotifyAt, std::uint64_t{kNotifyStep} * device_.queue_count())) {
    device_.notify(static_cast<unsigned>((offset - kNotifyAt) / kNotifyStep), false);
  }
}

std::optional<Time> VirtioNetCard::deadline() const {
  return frames_.empty() && device_.has_work() ? std::optional(now_) : std::nullopt;
}

void VirtioNetCard::on_time(Time now) {
  begin(now);
  work();
}

void VirtioNetCard::set_time(Time now) {
  begin(now);
}

void VirtioNetCard::work() {
  if (frames_.empty()) frames_ = device_.receive();
  // Nobody hears what is said into a cable that is not plugged in.
  if (!link_up_) frames_ = {};
}

gsl::span<const Frame> VirtioNetCard::take_frames() {
  device_.refresh();
  work();
  return std::exchange(frames_, {});
}

void VirtioNetCard::set_link(Time now, bool up) {
  begin(now);
  if (up == std::exchange(link_up_, up)) return;
  device_.set_link(up);
}

bool VirtioNetCard::takes(unsigned frames) {
  device_.refresh();
  if (!link_up_ || device_.net().has_room_for(frames)) return true;
  // So that the driver tells when there is.
  device_.net().flush();
  return false;
}

void VirtioNetCard::remind(Time now) {
  // Drivers ask for interrupts in memory and look again after that, so there is nothing to miss.
  begin(now);
}

void VirtioNetCard::commit(std::size_t size, gsl::span<const Bytes> payload,
                           const Offload& offload) {
  device_.refresh();
  if (link_up_) {
    device_.net().commit(size, payload, offload);
  } else {
    own_.count(Drop::kLinkFull);
  }
}

bool VirtioNetCard::has_room(const MacAddress& to) const {
  // Until the next call that may look at other memory, nobody knows.
  return !link_up_ || !device_.is_fresh() || device_.net().has_room(to);
}

void VirtioNetCard::flush() {
  device_.refresh();
  device_.net().flush();
}

const Counters& VirtioNetCard::counters() const {
  counters_ = own_ + device_.net().counters();
  return counters_;
}

}  // namespace sluice
