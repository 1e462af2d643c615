#include "devices/nic/virtio/pci_registers.h"

#include <algorithm>
#include <optional>

#include <gsl/span>

#include "devices/nic/little_endian.h"

namespace sluice {
namespace {

struct Register {
  std::uint64_t offset;
  unsigned size;
};

// Of the modern interface.
constexpr std::uint64_t kOfferedSelect = 0;
constexpr std::uint64_t kOffered = 4;
constexpr std::uint64_t kDriverSelect = 8;
constexpr std::uint64_t kDriverFeatures = 12;
constexpr std::uint64_t kConfigurationVector = 16;
constexpr std::uint64_t kQueueCount = 18;
constexpr std::uint64_t kStatus = 20;
constexpr std::uint64_t kGeneration = 21;
constexpr std::uint64_t kQueueSelect = 22;
constexpr std::uint64_t kQueueSize = 24;
constexpr std::uint64_t kQueueVector = 26;
constexpr std::uint64_t kQueueEnable = 28;
constexpr std::uint64_t kQueueNotify = 30;
constexpr std::uint64_t kQueueDescriptors = 32;
constexpr std::uint64_t kQueueDriver = 40;
constexpr std::uint64_t kQueueDevice = 48;

// Those that can be written.
constexpr auto kCommon = std::to_array<Register>({
    {kOfferedSelect, 4},
    {kDriverSelect, 4},
    {kDriverFeatures, 4},
    {kConfigurationVector, 2},
    {kStatus, 1},
    {kQueueSelect, 2},
    {kQueueSize, 2},
    {kQueueVector, 2},
    {kQueueEnable, 2},
    {kQueueDescriptors, 8},
    {kQueueDriver, 8},
    {kQueueDevice, 8},
});

// Of the legacy interface.
constexpr std::uint64_t kLegacyOffered = 0;
constexpr std::uint64_t kLegacyFeatures = 4;
constexpr std::uint64_t kLegacyQueuePage = 8;
constexpr std::uint64_t kLegacyQueueSize = 12;
constexpr std::uint64_t kLegacyQueueSelect = 14;
constexpr std::uint64_t kLegacyQueueNotify = 16;
constexpr std::uint64_t kLegacyStatus = 18;
constexpr std::uint64_t kLegacyIsr = 19;
// These two only while messages are enabled; the device's configuration is in their place else.
constexpr std::uint64_t kLegacyConfigurationVector = 20;
constexpr std::uint64_t kLegacyQueueVector = 22;
constexpr std::uint64_t kLegacyWithoutVectors = 20;
constexpr std::uint64_t kLegacyWithVectors = 24;

constexpr auto kLegacy = std::to_array<Register>({
    {kLegacyFeatures, 4},
    {kLegacyQueuePage, 4},
    {kLegacyQueueSelect, 2},
    {kLegacyQueueNotify, 2},
    {kLegacyStatus, 1},
    {kLegacyConfigurationVector, 2},
    {kLegacyQueueVector, 2},
});

// The register that an access is all about, if there is one.
std::optional<Register> find(gsl::span<const Register> registers, std::uint64_t offset,
                             unsigned size) {
  const auto found = std::find_if(registers.begin(), registers.end(), [&](const Register& one) {
    return offset >= one.offset && offset + size <= one.offset + one.size;
  });
  return found == registers.end() ? std::nullopt : std::optional(*found);
}

std::uint64_t mask_of(unsigned size) {
  return all_ones(size);
}

std::uint64_t load(Bytes image, std::uint64_t offset, unsigned size) {
  return load_little<std::uint64_t>(image, offset) & mask_of(size);
}

// The register after the write.
std::uint64_t merge(Bytes image, const Register& one, std::uint64_t offset, unsigned size,
                    std::uint64_t value) {
  const auto shift = static_cast<unsigned>(8 * (offset - one.offset));
  const std::uint64_t mask = mask_of(size) << shift;
  return (load(image, one.offset, one.size) & ~mask) | (value << shift & mask);
}

std::uint32_t half(std::uint64_t features, std::uint32_t select) {
  return select > 1 ? 0 : static_cast<std::uint32_t>(features >> (32 * select));
}

}  // namespace

void VirtioPciRegisters::reset() {
  offered_select_ = driver_select_ = 0;
  queue_select_ = 0;
}

VirtioPciRegisters::Common VirtioPciRegisters::common() const {
  const VirtioPciDevice::Queue& queue = device_.queue(queue_select_);
  Common image{};
  const auto put = [&](std::uint64_t at, auto value) {
    store_little(MutableBytes(image), at, value);
  };
  put(kOfferedSelect, offered_select_);
  put(kOffered, half(device_.offered_features(), offered_select_));
  put(kDriverSelect, driver_select_);
  put(kDriverFeatures, half(device_.driver_features(), driver_select_));
  put(kConfigurationVector, device_.configuration_vector());
  put(kQueueCount, static_cast<std::uint16_t>(device_.queue_count()));
  put(kStatus, device_.status());
  put(kGeneration, device_.generation());
  put(kQueueSelect, queue_select_);
  put(kQueueSize, queue.size);
  put(kQueueVector, queue.vector);
  put(kQueueEnable, static_cast<std::uint16_t>(queue.enabled ? 1 : 0));
  put(kQueueNotify, queue_select_);
  put(kQueueDescriptors, queue.descriptors);
  put(kQueueDriver, queue.driver);
  put(kQueueDevice, queue.device);
  return image;
}

std::uint64_t VirtioPciRegisters::read_common(std::uint64_t offset, unsigned size) const {
  return load(common(), offset, size);
}

void VirtioPciRegisters::write_common(std::uint64_t offset, unsigned size, std::uint64_t value) {
  const auto one = find(kCommon, offset, size);
  if (one) set_common(one->offset, merge(common(), *one, offset, size, value));
}

void VirtioPciRegisters::set_common(std::uint64_t offset, std::uint64_t value) {
  const VirtioPciDevice::Queue queue = device_.queue(queue_select_);
  const auto word = static_cast<std::uint16_t>(value);
  switch (offset) {
    case kOfferedSelect:
      offered_select_ = static_cast<std::uint32_t>(value);
      break;
    case kDriverSelect:
      driver_select_ = static_cast<std::uint32_t>(value);
      break;
    case kDriverFeatures:
      if (driver_select_ <= 1) {
        const unsigned shift = 32 * driver_select_;
        const std::uint64_t mask = mask_of(4) << shift;
        device_.write_driver_features((device_.driver_features() & ~mask) | value << shift);
      }
      break;
    case kConfigurationVector:
      device_.set_configuration_vector(word);
      break;
    case kStatus:
      device_.write_status(static_cast<std::uint8_t>(value));
      if (value == 0) reset();
      break;
    case kQueueSelect:
      queue_select_ = word;
      break;
    case kQueueSize:
      device_.set_size(queue_select_, word);
      break;
    case kQueueVector:
      device_.set_vector(queue_select_, word);
      break;
    case kQueueEnable:
      // To write 0 is not for drivers.
      if (value == 1) device_.enable(queue_select_);
      break;
    case kQueueDescriptors:
      device_.set_areas(queue_select_, value, queue.driver, queue.device);
      break;
    case kQueueDriver:
      device_.set_areas(queue_select_, queue.descriptors, value, queue.device);
      break;
    case kQueueDevice:
      device_.set_areas(queue_select_, queue.descriptors, queue.driver, value);
      break;
    default:
      break;
  }
}

std::uint64_t VirtioPciRegisters::read_device(std::uint64_t offset, unsigned size) const {
  std::array<std::uint8_t, 8> bytes{};
  device_.net().read_config(offset, MutableBytes(bytes).first(size));
  return load(bytes, 0, size);
}

std::uint64_t VirtioPciRegisters::legacy_configuration() const {
  return device_.interrupts().messages().enabled() ? kLegacyWithVectors : kLegacyWithoutVectors;
}

VirtioPciRegisters::Legacy VirtioPciRegisters::legacy() const {
  constexpr std::uint64_t kPage = 4096;
  const VirtioPciDevice::Queue& queue = device_.queue(queue_select_);
  Legacy image{};
  const auto put = [&](std::uint64_t at, auto value) {
    store_little(MutableBytes(image), at, value);
  };
  put(kLegacyOffered, half(device_.offered_features(), 0));
  put(kLegacyFeatures, half(device_.driver_features(), 0));
  put(kLegacyQueuePage, static_cast<std::uint32_t>(queue.enabled ? queue.descriptors / kPage : 0));
  put(kLegacyQueueSize, queue.size);
  put(kLegacyQueueSelect, queue_select_);
  put(kLegacyStatus, device_.status());
  if (device_.interrupts().messages().enabled()) {
    put(kLegacyConfigurationVector, device_.configuration_vector());
    put(kLegacyQueueVector, queue.vector);
  }
  const MutableBytes rest = MutableBytes(image).first(kLegacySize).subspan(legacy_configuration());
  device_.net().read_config(0, rest);
  return image;
}

std::uint64_t VirtioPciRegisters::read_legacy(std::uint64_t offset, unsigned size) {
  Legacy image = legacy();
  if (offset <= kLegacyIsr && kLegacyIsr < offset + size) {
    image.at(kLegacyIsr) = device_.interrupts().take_status();
  }
  return load(image, offset, size);
}

void VirtioPciRegisters::write_legacy(std::uint64_t offset, unsigned size, std::uint64_t value) {
  if (offset >= legacy_configuration()) {
    for (unsigned i = 0; i < size; ++i) {
      device_.net().write_address(offset - legacy_configuration() + i,
                                  static_cast<std::uint8_t>(value >> (8 * i)));
    }
    return;
  }
  const auto one = find(kLegacy, offset, size);
  if (one) set_legacy(one->offset, merge(legacy(), *one, offset, size, value));
}

void VirtioPciRegisters::set_legacy(std::uint64_t offset, std::uint64_t value) {
  const auto word = static_cast<std::uint16_t>(value);
  switch (offset) {
    case kLegacyFeatures:
      device_.write_legacy_features(static_cast<std::uint32_t>(value));
      break;
    case kLegacyQueuePage:
      device_.set_legacy_page(queue_select_, static_cast<std::uint32_t>(value));
      break;
    case kLegacyQueueSelect:
      queue_select_ = word;
      break;
    case kLegacyQueueNotify:
      device_.notify(word, true);
      break;
    case kLegacyStatus:
      device_.write_legacy_status(static_cast<std::uint8_t>(value));
      if (value == 0) reset();
      break;
    case kLegacyConfigurationVector:
      device_.set_configuration_vector(word);
      break;
    case kLegacyQueueVector:
      device_.set_vector(queue_select_, word);
      break;
    default:
      break;
  }
}

}  // namespace sluice
