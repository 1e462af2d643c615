#include "devices/nic/virtio/split_queue.h"

#include <algorithm>
#include <bit>
#include <optional>
#include <utility>

#include <gsl/assert>

#include "devices/nic/little_endian.h"
#include "devices/nic/virtio/indirect.h"

namespace sluice {
namespace {

constexpr std::size_t kFlags = 0;
constexpr std::size_t kIndex = 2;
constexpr std::size_t kRing = 4;
constexpr std::size_t kHead = 2;  // bytes of one in the driver's ring
constexpr std::size_t kUsed = 8;  // and in the device's
constexpr std::uint16_t kNoInterrupt = 1;
constexpr std::uint16_t kNoNotify = 1;

std::uint16_t difference(std::uint16_t a, std::uint16_t b) {
  return static_cast<std::uint16_t>(a - b);
}

}  // namespace

bool SplitVirtioQueue::accepts(const Areas& areas, bool event_index) {
  return std::has_single_bit(areas.size) && areas.size <= kMaxSize &&
         areas.descriptors.size() >= descriptors_size(areas.size) &&
         areas.driver.size() >= driver_size(areas.size, event_index) &&
         areas.device.size() >= device_size(areas.size, event_index) &&
         is_aligned_for<std::uint64_t>(areas.descriptors) &&
         is_aligned_for<std::uint16_t>(areas.driver) && is_aligned_for<std::uint32_t>(areas.device);
}

SplitVirtioQueue::SplitVirtioQueue(SharedMemory& memory, const Areas& areas, bool event_index,
                                   std::uint16_t next)
    : memory_(memory),
      areas_(areas),
      event_index_(event_index),
      next_(next),
      seen_(next),
      completed_(used_index(areas)),
      published_(completed_) {
  Expects(accepts(areas, event_index));
  ignore();
}

SplitVirtioQueue::SplitVirtioQueue(SharedMemory& memory, const Areas& areas, bool event_index,
                                   std::unique_ptr<SplitInflight> inflight)
    : memory_(memory),
      areas_(areas),
      event_index_(event_index),
      next_(used_index(areas)),
      seen_(next_),
      completed_(next_),
      published_(next_),
      inflight_(std::move(inflight)) {
  Expects(accepts(areas, event_index));
  ignore();
}

std::uint16_t SplitVirtioQueue::used_index(const Areas& areas) {
  return shared_word<std::uint16_t>(areas.device, kIndex).load(std::memory_order_relaxed);
}

void SplitVirtioQueue::rewind(Position position) {
  if (inflight_) inflight_->rewind(position.index, next_);
  next_ = position.index;
}

void SplitVirtioQueue::look() {
  seen_ = shared_word<std::uint16_t>(areas_.driver, kIndex).load(std::memory_order_acquire);
  if (difference(seen_, next_) > areas_.size) {
    broken_ = true;
    seen_ = next_;
  }
}

std::uint16_t SplitVirtioQueue::waiting() {
  if (!broken_) look();
  return difference(seen_, next_);
}

bool SplitVirtioQueue::next(VirtioChain& chain) {
  if (!broken_ && next_ == seen_) look();
  if (broken_ || next_ == seen_) return false;
  const std::size_t place = kRing + kHead * (next_ & mask());
  const std::uint16_t head =
      inflight_ && inflight_->is_again(next_)
          ? inflight_->head_at(next_)
          : shared_word<std::uint16_t>(areas_.driver, place).load(std::memory_order_relaxed);
  if (head >= areas_.size) {
    broken_ = true;
    return false;
  }
  if (inflight_) inflight_->take(next_, head);
  ++next_;
  chain.clear();
  chain.name = {.id = head, .places = 1};
  walk(chain, head);
  return true;
}

void SplitVirtioQueue::walk(VirtioChain& chain, std::uint16_t head) {
  std::uint16_t index = head;
  // Nothing but a loop has more descriptors than there are.
  const std::size_t most = std::min<std::size_t>(areas_.size, VirtioChain::kMaxPieces);
  for (std::size_t i = 0; i < most; ++i) {
    const std::size_t at = VirtioDescriptor::kSize * index;
    const VirtioDescriptor descriptor{
        .address =
            shared_word<std::uint64_t>(areas_.descriptors, at).load(std::memory_order_relaxed),
        .length =
            shared_word<std::uint32_t>(areas_.descriptors, at + 8).load(std::memory_order_relaxed),
        .flags =
            shared_word<std::uint16_t>(areas_.descriptors, at + 12).load(std::memory_order_relaxed),
    };
    const bool more = (descriptor.flags & VirtioDescriptor::kNext) != 0;
    if ((descriptor.flags & VirtioDescriptor::kIndirect) != 0) {
      // The last of its chain (section 2.7.5.3.1).
      more ? chain.set_broken() : add_table(chain, memory_, descriptor, TableForm::kLinked);
      return;
    }
    if (!chain.add(memory_, descriptor) || !more) return;
    index = shared_word<std::uint16_t>(areas_.descriptors, at + 14).load(std::memory_order_relaxed);
    if (index >= areas_.size) break;
  }
  chain.set_broken();
}

void SplitVirtioQueue::complete(VirtioChain::Name chain, std::uint32_t length) {
  if (inflight_) inflight_->complete(chain.id);
  const std::size_t place = kRing + kUsed * (completed_ & mask());
  shared_word<std::uint32_t>(areas_.device, place).store(chain.id, std::memory_order_relaxed);
  shared_word<std::uint32_t>(areas_.device, place + 4).store(length, std::memory_order_relaxed);
  if (memory_.is_watched()) memory_.on_written(areas_.device.subspan(place, kUsed));
  ++completed_;
}

bool SplitVirtioQueue::publish() {
  if (completed_ == published_) return false;
  const std::uint16_t before = published_;
  published_ = completed_;
  shared_word<std::uint16_t>(areas_.device, kIndex).store(completed_, std::memory_order_release);
  if (memory_.is_watched()) memory_.on_written(areas_.device.subspan(kIndex, 2));
  if (inflight_) inflight_->on_published(completed_);
  // Only then is it asked whether the driver sleeps, which looks again after it has said so.
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (!event_index_) {
    return (shared_word<std::uint16_t>(areas_.driver, kFlags).load(std::memory_order_relaxed) &
            kNoInterrupt) == 0;
  }
  const std::uint16_t event = shared_word<std::uint16_t>(areas_.driver, kRing + kHead * areas_.size)
                                  .load(std::memory_order_relaxed);
  // Section 2.7.7.2: it is among those that are new.
  return difference(static_cast<std::uint16_t>(completed_ - 1), event) <
         difference(completed_, before);
}

bool SplitVirtioQueue::listen(std::uint16_t more) {
  if (broken_) return false;
  if (event_index_) {
    const std::size_t event = kRing + kUsed * areas_.size;
    shared_word<std::uint16_t>(areas_.device, event)
        .store(static_cast<std::uint16_t>(seen_ + more - 1), std::memory_order_relaxed);
    if (memory_.is_watched()) memory_.on_written(areas_.device.subspan(event, 2));
  } else {
    shared_word<std::uint16_t>(areas_.device, kFlags).store(0, std::memory_order_relaxed);
    if (memory_.is_watched()) memory_.on_written(areas_.device.subspan(kFlags, 2));
  }
  std::atomic_thread_fence(std::memory_order_seq_cst);
  const std::uint16_t seen = seen_;
  look();
  return difference(seen_, seen) >= more;
}

void SplitVirtioQueue::ignore() {
  // An event index that has been passed is quiet by itself.
  if (event_index_) return;
  shared_word<std::uint16_t>(areas_.device, kFlags).store(kNoNotify, std::memory_order_relaxed);
  if (memory_.is_watched()) memory_.on_written(areas_.device.subspan(kFlags, 2));
}

}  // namespace sluice
