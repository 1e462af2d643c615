#include "devices/nic/virtio/packed_queue.h"

#include <algorithm>
#include <utility>

#include <gsl/assert>

#include "devices/nic/virtio/indirect.h"

namespace sluice {
namespace {

constexpr std::size_t kLength = 8;
constexpr std::size_t kId = 12;
constexpr std::size_t kFlags = 14;
constexpr std::uint16_t kAvailable = 1U << 7;
constexpr std::uint16_t kUsed = 1U << 15;

constexpr std::size_t kEventPlace = 0;
constexpr std::size_t kEventFlags = 2;
constexpr std::uint16_t kAlways = 0;
constexpr std::uint16_t kNever = 1;
constexpr std::uint16_t kAtPlace = 2;
constexpr std::uint16_t kWrapBit = 1U << 15;

constexpr auto kRelaxed = std::memory_order_relaxed;

}  // namespace

bool PackedVirtioQueue::accepts(const Areas& areas) {
  return areas.size != 0 && areas.size <= kMaxSize &&
         areas.descriptors.size() >= descriptors_size(areas.size) &&
         areas.driver.size() >= kEventSize && areas.device.size() >= kEventSize &&
         is_aligned_for<std::uint64_t>(areas.descriptors) &&
         is_aligned_for<std::uint16_t>(areas.driver) && is_aligned_for<std::uint16_t>(areas.device);
}

bool PackedVirtioQueue::has_gone_around(const Areas& areas) {
  return (shared_word<std::uint16_t>(areas.descriptors, kFlags).load(kRelaxed) & kUsed) != 0;
}

PackedVirtioQueue::PackedVirtioQueue(SharedMemory& memory, const Areas& areas, bool event_index,
                                     Position next)
    : memory_(memory),
      areas_(areas),
      event_index_(event_index),
      next_(next.index + (next.wrap ? 0U : areas.size)),
      seen_(next_),
      used_(next_),
      published_(next_) {
  Expects(accepts(areas) && next.index < areas.size);
  ignore();
}

PackedVirtioQueue::PackedVirtioQueue(SharedMemory& memory, const Areas& areas, bool event_index,
                                     std::unique_ptr<PackedInflight> inflight)
    : PackedVirtioQueue(memory, areas, event_index, inflight->used()) {
  inflight_ = std::move(inflight);
  seen_ += inflight_->places_again();
  // What was completed but not published has been marked, all but the first. The driver would take
  // it for given back as soon as that is.
  for (Place place = next_; place < seen_; ++place) {
    if (is_available(place)) continue;
    const std::size_t at = offset_of(place);
    shared_word<std::uint16_t>(areas_.descriptors, at + kFlags)
        .store(wrap_of(place) ? kAvailable : kUsed, kRelaxed);
    tell_written(areas_.descriptors, at, VirtioDescriptor::kSize);
  }
}

bool PackedVirtioQueue::is_available(Place place) const {
  const std::uint16_t flags =
      shared_word<std::uint16_t>(areas_.descriptors, offset_of(place) + kFlags)
          .load(std::memory_order_acquire);
  return ((flags & kAvailable) != 0) == wrap_of(place) && ((flags & kUsed) != 0) != wrap_of(place);
}

void PackedVirtioQueue::look() {
  // No driver has more out than there are places.
  const Place end = used_ + areas_.size;
  while (seen_ < end && is_available(seen_)) ++seen_;
}

std::uint16_t PackedVirtioQueue::waiting() {
  if (broken_) return 0;
  look();
  return static_cast<std::uint16_t>(seen_ - next_);
}

void PackedVirtioQueue::rewind(Position position) {
  // Not farther than to what has been given back.
  const auto is_there = [&] {
    const Position here = position_of(next_);
    return here.index == position.index && here.wrap == position.wrap;
  };
  const Place before = next_;
  while (next_ > used_ && !is_there()) --next_;
  if (inflight_) inflight_->rewind(next_, before);
}

PackedInflight::Named PackedVirtioQueue::read(Place place) const {
  const std::size_t at = offset_of(place);
  return {
      .descriptor =
          {.address = shared_word<std::uint64_t>(areas_.descriptors, at).load(kRelaxed),
           .length = shared_word<std::uint32_t>(areas_.descriptors, at + kLength).load(kRelaxed),
           .flags = shared_word<std::uint16_t>(areas_.descriptors, at + kFlags).load(kRelaxed)},
      .id = shared_word<std::uint16_t>(areas_.descriptors, at + kId).load(kRelaxed)};
}

bool PackedVirtioQueue::next(VirtioChain& chain) {
  if (broken_) return false;
  if (next_ >= seen_) {
    if (next_ >= used_ + areas_.size || !is_available(next_)) return false;
    seen_ = next_ + 1;
  }
  chain.clear();
  const bool again = inflight_ && inflight_->is_again(next_);
  const std::size_t most = std::min<std::size_t>(areas_.size, VirtioChain::kMaxPieces);
  for (std::size_t i = 0; i < most; ++i) {
    const auto [descriptor, id] =
        again ? inflight_->read_again(next_, static_cast<std::uint16_t>(i)) : read(next_ + i);
    if (inflight_ && !again && !inflight_->add({descriptor, id})) break;
    const bool indirect = (descriptor.flags & VirtioDescriptor::kIndirect) != 0;
    const bool more = (descriptor.flags & VirtioDescriptor::kNext) != 0;
    if (!indirect) {
      if (!chain.is_broken()) chain.add(memory_, descriptor);
    } else if (more || i != 0) {
      // Such a table is a chain of its own (section 2.8.8).
      chain.set_broken();
    } else {
      add_table(chain, memory_, descriptor, TableForm::kRow);
    }
    if (more) continue;
    // The last of a chain has its name.
    chain.name = {.id = id, .places = static_cast<std::uint16_t>(i + 1)};
    if (inflight_) {
      if (!again) inflight_->take(next_);
      chain.name.state = inflight_->state_at(next_);
    }
    next_ += i + 1;
    seen_ = std::max(seen_, next_);
    return true;
  }
  // Where it ends, nobody knows.
  if (inflight_) inflight_->abandon();
  broken_ = true;
  return false;
}

void PackedVirtioQueue::tell_written(MutableBytes area, std::size_t offset, std::size_t size) {
  if (memory_.is_watched()) memory_.on_written(area.subspan(offset, size));
}

void PackedVirtioQueue::complete(VirtioChain::Name chain, std::uint32_t length) {
  if (inflight_) inflight_->complete(chain.state);
  const std::size_t at = offset_of(used_);
  std::uint16_t flags = wrap_of(used_) ? kAvailable | kUsed : 0;
  if (length != 0) flags |= VirtioDescriptor::kWrite;
  shared_word<std::uint32_t>(areas_.descriptors, at + kLength).store(length, kRelaxed);
  shared_word<std::uint16_t>(areas_.descriptors, at + kId).store(chain.id, kRelaxed);
  if (used_ == published_) {
    first_flags_ = flags;
  } else {
    shared_word<std::uint16_t>(areas_.descriptors, at + kFlags).store(flags, kRelaxed);
  }
  tell_written(areas_.descriptors, at, VirtioDescriptor::kSize);
  used_ += chain.places;
}

bool PackedVirtioQueue::publish() {
  if (used_ == published_) return false;
  const std::size_t at = offset_of(published_);
  if (inflight_) inflight_->on_publishing(position_of(used_));
  shared_word<std::uint16_t>(areas_.descriptors, at + kFlags)
      .store(first_flags_, std::memory_order_release);
  tell_written(areas_.descriptors, at, VirtioDescriptor::kSize);
  if (inflight_) inflight_->on_published();
  const Place count = used_ - published_;
  published_ = used_;
  // Only then is it asked whether the driver sleeps, which looks again after it has said so.
  std::atomic_thread_fence(std::memory_order_seq_cst);
  const std::uint16_t when =
      shared_word<std::uint16_t>(areas_.driver, kEventFlags).load(std::memory_order_acquire);
  if (when != kAtPlace || !event_index_) return when != kNever;
  const std::uint16_t event = shared_word<std::uint16_t>(areas_.driver, kEventPlace).load(kRelaxed);
  // Whether that place is among those that are new: how far it lies behind the end of them.
  const Position end = position_of(used_);
  const auto place = static_cast<std::uint16_t>(event & ~kWrapBit);
  const auto distance = static_cast<std::int64_t>(end.index) - place +
                        (((event & kWrapBit) != 0) == end.wrap ? 0 : areas_.size);
  return distance > 0 && distance <= static_cast<std::int64_t>(count);
}

void PackedVirtioQueue::set_event(std::uint16_t place, std::uint16_t flags) {
  shared_word<std::uint16_t>(areas_.device, kEventPlace).store(place, kRelaxed);
  shared_word<std::uint16_t>(areas_.device, kEventFlags).store(flags, std::memory_order_release);
  tell_written(areas_.device, 0, kEventSize);
}

bool PackedVirtioQueue::listen(std::uint16_t more) {
  if (broken_) return false;
  const Place seen = seen_;
  const Position event = position_of(seen + more - 1);
  const auto place = static_cast<std::uint16_t>(event.index | (event.wrap ? kWrapBit : 0));
  event_index_ ? set_event(place, kAtPlace) : set_event(0, kAlways);
  std::atomic_thread_fence(std::memory_order_seq_cst);
  look();
  return seen_ - seen >= more;
}

void PackedVirtioQueue::ignore() {
  set_event(0, kNever);
}

}  // namespace sluice
