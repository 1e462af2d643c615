#include "devices/nic/virtio/pci_device.h"

#include <bit>

#include "devices/nic/virtio/net_features.h"
#include "devices/nic/virtio/split_queue.h"

namespace sluice {
namespace {

constexpr std::uint8_t kLegacyBits = VirtioPciDevice::kAcknowledge | VirtioPciDevice::kDriver |
                                     VirtioPciDevice::kDriverOk | VirtioPciDevice::kFailed;
constexpr std::uint8_t kModernBits = kLegacyBits | VirtioPciDevice::kFeaturesOk;

}  // namespace

VirtioPciDevice::VirtioPciDevice(const VirtioNetOptions& options, PciSlot& slot, PciConfig& config)
    : queue_count_(queues_of(options)),
      memory_(slot, config),
      seen_(memory_.state()),
      interrupts_(slot, config, messages_of(options)),
      net_(options, *this) {
  reset_net();
}

unsigned VirtioPciDevice::queues_of(const VirtioNetOptions& options) {
  return 2U * options.pairs + (options.pairs > 1 || options.commands ? 1U : 0U);
}

void VirtioPciDevice::reset() {
  reset_net();
  status_ = 0;
  driver_features_ = 0;
  for (Queue& queue : queues_) queue = {};
  configuration_vector_ = VirtioPciInterrupts::kNoVector;
  live_ = notified_ = false;
  interrupts_.forget();
}

void VirtioPciDevice::reset_net() {
  net_.reset();
  for (unsigned i = 0; i < queue_count_; ++i) net_.enable(i, true);
}

void VirtioPciDevice::refresh() {
  const auto state = memory_.state();
  if (state == seen_) return;
  seen_ = state;
  for (unsigned i = 0; i < queue_count_; ++i) {
    if (const auto position = net_.abandon(i)) queues_.at(i).position = *position;
  }
  if (!live_) return;
  // One that can't be started now may be when memory is there again.
  for (unsigned i = 0; i < queue_count_; ++i) {
    if (queues_.at(i).enabled) start(i);
  }
}

void VirtioPciDevice::write_status(std::uint8_t value) {
  if (value == 0) return reset();
  const auto fresh = static_cast<std::uint8_t>(value & kModernBits & ~status_);
  status_ = static_cast<std::uint8_t>(status_ | fresh);
  if ((fresh & kFeaturesOk) != 0) {
    if (accepts_features()) {
      net_.set_features(driver_features_);
    } else {
      status_ = static_cast<std::uint8_t>(status_ & ~kFeaturesOk);
    }
  }
  if ((fresh & kDriverOk) == 0) return;
  if ((status_ & kFeaturesOk) != 0) {
    go_live();
  } else {
    need_reset();
  }
}

void VirtioPciDevice::write_legacy_status(std::uint8_t value) {
  if (value == 0) return reset();
  const auto fresh = static_cast<std::uint8_t>(value & kLegacyBits & ~status_);
  status_ = static_cast<std::uint8_t>(status_ | fresh);
  if ((fresh & kDriverOk) != 0) go_live();
}

bool VirtioPciDevice::accepts_features() const {
  return (driver_features_ & ~offered_features()) == 0 &&
         (driver_features_ & virtio::kVersion1) != 0;
}

void VirtioPciDevice::write_driver_features(std::uint64_t features) {
  if ((status_ & kFeaturesOk) == 0 && !live_) driver_features_ = features;
}

void VirtioPciDevice::write_legacy_features(std::uint32_t features) {
  if ((status_ & kFeaturesOk) != 0 || live_) return;
  driver_features_ = features;
  net_.set_features(features);
}

const VirtioPciDevice::Queue& VirtioPciDevice::queue(unsigned number) const {
  static constexpr Queue kNone{.size = 0};
  return exists(number) ? queues_.at(number) : kNone;
}

void VirtioPciDevice::set_size(unsigned number, std::uint16_t size) {
  if (!exists(number) || queues_.at(number).enabled || size == 0 || size > kMaxSize) return;
  queues_.at(number).size = size;
}

void VirtioPciDevice::set_areas(unsigned number, std::uint64_t descriptors, std::uint64_t driver,
                                std::uint64_t device) {
  if (!exists(number) || queues_.at(number).enabled) return;
  Queue& queue = queues_.at(number);
  queue.descriptors = descriptors;
  queue.driver = driver;
  queue.device = device;
}

void VirtioPciDevice::set_vector(unsigned number, std::uint16_t vector) {
  if (exists(number)) queues_.at(number).vector = interrupts_.accept(vector);
}

void VirtioPciDevice::set_configuration_vector(std::uint16_t vector) {
  configuration_vector_ = interrupts_.accept(vector);
}

void VirtioPciDevice::enable(unsigned number) {
  if (!exists(number) || queues_.at(number).enabled) return;
  queues_.at(number).enabled = true;
  if (live_) start_or_complain(number);
}

void VirtioPciDevice::set_legacy_page(unsigned number, std::uint32_t page) {
  constexpr std::uint64_t kPage = 4096;
  if (!exists(number)) return;
  Queue& queue = queues_.at(number);
  net_.stop(number);
  queue = {.size = kMaxSize, .vector = queue.vector};
  if (page == 0) return;
  // Section 2.7.2: one after the other, and the last on a page of its own. The place of the event
  // index is there whether it is used or not.
  const std::uint64_t begin = page * kPage;
  const std::uint64_t driver = begin + SplitVirtioQueue::descriptors_size(kMaxSize);
  const std::uint64_t end = driver + SplitVirtioQueue::driver_size(kMaxSize, true);
  set_areas(number, begin, driver, (end + kPage - 1) / kPage * kPage);
  enable(number);
}

void VirtioPciDevice::go_live() {
  if (live_) return;
  refresh();
  live_ = true;
  for (unsigned i = 0; i < queue_count_; ++i) {
    if (queues_.at(i).enabled) start_or_complain(i);
  }
}

bool VirtioPciDevice::start(unsigned number) {
  const Queue& queue = queues_.at(number);
  const auto sizes = net_.area_sizes(queue.size);
  const VirtioQueue::Areas areas{
      .descriptors = memory_.view(queue.descriptors, sizes.descriptors),
      .driver = memory_.view(queue.driver, sizes.driver),
      .device = memory_.view(queue.device, sizes.device),
      .size = queue.size,
  };
  return net_.start(number, areas, queue.position);
}

void VirtioPciDevice::start_or_complain(unsigned number) {
  if (!start(number)) need_reset();
}

void VirtioPciDevice::need_reset() {
  if ((status_ & kNeedsReset) != 0) return;
  status_ = static_cast<std::uint8_t>(status_ | kNeedsReset);
  tell_configuration();
}

void VirtioPciDevice::set_link(bool up) {
  net_.set_link(up);
  if ((net_.features() & virtio::kStatus) != 0) tell_configuration();
}

void VirtioPciDevice::tell_configuration() {
  ++generation_;
  // Section 2.1.2: not before the driver is ready for it.
  if ((status_ & kDriverOk) == 0) return;
  interrupts_.raise(VirtioPciInterrupts::kConfiguration, configuration_vector_);
}

void VirtioPciDevice::notify(unsigned number, bool legacy) {
  if (!exists(number)) return;
  if (legacy) go_live();
  notified_ = true;
}

gsl::span<const Frame> VirtioPciDevice::receive() {
  notified_ = false;
  const auto address = net_.address();
  const auto frames = net_.receive();
  // Section 4.1.4.3.1: who reads the configuration meanwhile has to read all of it again.
  if (net_.address() != address) ++generation_;
  return frames;
}

void VirtioPciDevice::interrupt(unsigned queue) {
  interrupts_.raise(VirtioPciInterrupts::kQueue, queues_.at(queue).vector);
}

void VirtioPciDevice::on_broken(unsigned /*queue*/) {
  need_reset();
}

}  // namespace sluice
