#include "devices/nic/virtio/inflight.h"

#include <algorithm>
#include <utility>

#include <gsl/assert>

namespace sluice {
namespace {

constexpr std::uint16_t kVersion = 1;

// Of both headers.
constexpr std::size_t kFeatures = 0;
constexpr std::size_t kVersionAt = 8;
constexpr std::size_t kPlaces = 10;
// Of split regions.
constexpr std::size_t kLastBatchHead = 12;
constexpr std::size_t kUsedIndex = 14;
// Of packed regions. Two heads together, and two positions.
constexpr std::size_t kFreeHeads = 12;
constexpr std::size_t kUsed = 16;

// Of both states.
constexpr std::size_t kInFlight = 0;
constexpr std::size_t kCounter = 8;
// Of split states.
constexpr std::size_t kSplitNext = 6;
// Of packed states.
constexpr std::size_t kNext = 2;
constexpr std::size_t kLast = 4;
constexpr std::size_t kCount = 6;
constexpr std::size_t kId = 16;
constexpr std::size_t kFlags = 18;
constexpr std::size_t kLength = 20;
constexpr std::size_t kAddress = 24;

template <typename T>
T get(MutableBytes region, std::size_t at) {
  return shared_word<T>(region, at).load(std::memory_order_acquire);
}

// One after the other, for whoever looks when this process has ended.
template <typename T>
void put(MutableBytes region, std::size_t at, T value) {
  shared_word<T>(region, at).store(value, std::memory_order_release);
}

void put_flag(MutableBytes region, std::size_t at, bool on) {
  put<std::uint8_t>(region, at, on ? 1 : 0);
}

// When it was taken, and its first state.
using Counted = std::pair<std::uint64_t, std::uint16_t>;

bool is_known(MutableBytes region, std::size_t places) {
  return get<std::uint64_t>(region, kFeatures) == 0 &&
         get<std::uint16_t>(region, kVersionAt) == kVersion &&
         get<std::uint16_t>(region, kPlaces) == places;
}

void begin_region(MutableBytes region, std::size_t places) {
  std::fill(region.begin(), region.end(), std::uint8_t{0});
  put(region, kPlaces, static_cast<std::uint16_t>(places));
}

}  // namespace

std::unique_ptr<SplitInflight> SplitInflight::restore(MutableBytes region, std::uint16_t ring_size,
                                                      std::uint16_t used) {
  if (region.size() < region_size(ring_size)) return nullptr;
  // NOLINTNEXTLINE(cppcoreguidelines-owning-memory): its constructor is its own.
  std::unique_ptr<SplitInflight> inflight(new SplitInflight(region, ring_size, used));
  if (get<std::uint16_t>(region, kVersionAt) == 0) {
    begin_region(region, (region.size() - kHeader) / kState);
    put(region, kUsedIndex, used);
    put(region, kVersionAt, kVersion);
    return inflight;
  }
  return inflight->read(used) ? std::move(inflight) : nullptr;
}

bool SplitInflight::read(std::uint16_t used) {
  const std::size_t places = (region_.size() - kHeader) / kState;
  if (!is_known(region_, places)) return false;
  // The driver may have seen the last batch without that it was written down.
  const auto unsettled = static_cast<std::uint16_t>(used - get<std::uint16_t>(region_, kUsedIndex));
  if (unsettled > heads_.size()) return false;
  last_batch_head_ = get<std::uint16_t>(region_, kLastBatchHead);
  std::uint16_t head = last_batch_head_;
  for (unsigned i = 0; i < unsettled; ++i) {
    if (head >= heads_.size()) return false;
    put_flag(region_, kHeader + kState * head + kInFlight, false);
    head = get<std::uint16_t>(region_, kHeader + kState * head + kSplitNext);
  }
  put(region_, kUsedIndex, used);

  std::vector<Counted> again;
  for (std::size_t i = 0; i < places; ++i) {
    const std::size_t at = kHeader + kState * i;
    if (get<std::uint8_t>(region_, at + kInFlight) == 0) continue;
    if (i >= heads_.size()) return false;
    again.emplace_back(get<std::uint64_t>(region_, at + kCounter), static_cast<std::uint16_t>(i));
  }
  std::ranges::sort(again);
  for (const Counted& each : again) {
    heads_.at(static_cast<std::uint16_t>(begin_ + again_++) & mask()) = each.second;
  }
  if (!again.empty()) counter_ = again.back().first + 1;
  return true;
}

void SplitInflight::take(std::uint16_t position, std::uint16_t head) {
  // What is taken again has its place among the others.
  if (is_again(position)) return;
  heads_.at(position & mask()) = head;
  const std::size_t at = kHeader + kState * head;
  put(region_, at + kCounter, counter_++);
  put_flag(region_, at + kInFlight, true);
}

void SplitInflight::rewind(std::uint16_t from, std::uint16_t to) {
  for (std::uint16_t i = to; i != from;) {
    if (is_again(--i)) continue;
    put_flag(region_, kHeader + kState * head_at(i) + kInFlight, false);
  }
}

void SplitInflight::complete(std::uint16_t head) {
  put(region_, kHeader + kState * head + kSplitNext, last_batch_head_);
  last_batch_head_ = head;
  put(region_, kLastBatchHead, head);
  batch_.push_back(head);
}

void SplitInflight::on_published(std::uint16_t used) {
  for (const std::uint16_t head : batch_) {
    put_flag(region_, kHeader + kState * head + kInFlight, false);
  }
  put(region_, kUsedIndex, used);
  // Positions come around again.
  const auto settled = std::min<std::size_t>(batch_.size(), again_);
  begin_ = static_cast<std::uint16_t>(begin_ + settled);
  again_ = static_cast<std::uint16_t>(again_ - settled);
  batch_.clear();
}

std::unique_ptr<PackedInflight> PackedInflight::restore(MutableBytes region,
                                                        const VirtioQueue::Areas& areas,
                                                        VirtioQueue::Position told) {
  if (region.size() < region_size(areas.size)) return nullptr;
  // NOLINTNEXTLINE(cppcoreguidelines-owning-memory): its constructor is its own.
  std::unique_ptr<PackedInflight> inflight(new PackedInflight(region, areas.size));
  if (get<std::uint16_t>(region, kVersionAt) == 0) {
    inflight->make(told);
    return inflight;
  }
  return inflight->read(areas) ? std::move(inflight) : nullptr;
}

void PackedInflight::make(VirtioQueue::Position told) {
  begin_region(region_, states_.size());
  chain_free_states(std::vector<bool>(states_.size()));
  used_ = told;
  begin_ = told.index + (told.wrap ? Place{0} : heads_.size());
  set_used(told, told);
  put(region_, kVersionAt, kVersion);
}

void PackedInflight::set_free_heads(std::uint16_t free, std::uint16_t old) {
  put(region_, kFreeHeads, free + old * 0x10000U);
}

void PackedInflight::set_used(VirtioQueue::Position used, VirtioQueue::Position old) {
  put(region_, kUsed,
      std::uint64_t{used.index} | std::uint64_t{old.index} << 16 |
          std::uint64_t{used.wrap ? 1U : 0U} << 32 | std::uint64_t{old.wrap ? 1U : 0U} << 40);
}

bool PackedInflight::read(const VirtioQueue::Areas& areas) {
  if (!is_known(region_, states_.size())) return false;
  const auto heads = get<std::uint32_t>(region_, kFreeHeads);
  const auto word = get<std::uint64_t>(region_, kUsed);
  const VirtioQueue::Position used{.index = static_cast<std::uint16_t>(word),
                                   .wrap = (word >> 32 & 1) != 0};
  const VirtioQueue::Position old{.index = static_cast<std::uint16_t>(word >> 16),
                                  .wrap = (word >> 40 & 1) != 0};
  if (used.index >= areas.size || old.index >= areas.size) return false;
  // Whether the driver could see the last batch, which its first place says.
  bool seen = false;
  if (used.index != old.index || used.wrap != old.wrap) {
    const auto flags = get<std::uint16_t>(
        areas.descriptors, VirtioDescriptor::kSize * old.index + VirtioDescriptor::kSize - 2);
    seen = ((flags & 1U << 7) != 0) != old.wrap || ((flags & 1U << 15) != 0) == old.wrap;
  }
  used_ = seen ? used : old;
  begin_ = used_.index + (used_.wrap ? Place{0} : areas.size);
  std::uint16_t free = static_cast<std::uint16_t>(seen ? heads : heads >> 16);

  // What is free is not in flight, whatever it says.
  std::vector<bool> is_free(states_.size());
  while (free < end() && !is_free[free]) {
    is_free[free] = true;
    free = get<std::uint16_t>(region_, kHeader + kState * free + kNext);
  }
  std::vector<Counted> again;
  for (std::uint16_t i = 0; i < end(); ++i) {
    const std::size_t at = kHeader + kState * i;
    if (is_free[i] || get<std::uint8_t>(region_, at + kInFlight) == 0) continue;
    again.emplace_back(get<std::uint64_t>(region_, at + kCounter), i);
  }
  std::ranges::sort(again);
  std::vector<bool> in_use(states_.size());
  for (const Counted& each : again) {
    if (!read_chain(each.second, in_use)) return false;
  }
  if (!again.empty()) counter_ = again.back().first + 1;
  // The rest is free. First nothing of it is in flight, then heads and positions say the same.
  for (std::uint16_t i = 0; i < end(); ++i) {
    if (!in_use[i]) put_flag(region_, kHeader + kState * i + kInFlight, false);
  }
  set_used(used_, used_);
  chain_free_states(in_use);
  return true;
}

bool PackedInflight::read_chain(std::uint16_t head, std::vector<bool>& in_use) {
  const std::size_t at = kHeader + kState * head;
  const State state{.last = get<std::uint16_t>(region_, at + kLast),
                    .count = get<std::uint16_t>(region_, at + kCount)};
  if (state.count == 0 || state.count > VirtioChain::kMaxPieces ||
      state.count > heads_.size() - again_) {
    return false;
  }
  std::uint16_t each = head;
  for (unsigned i = 0; i < state.count; ++i) {
    if (each >= end() || in_use[each]) return false;
    in_use[each] = true;
    if (i + 1 == state.count) break;
    each = states_.at(each).next = get<std::uint16_t>(region_, kHeader + kState * each + kNext);
  }
  if (each != state.last) return false;
  states_.at(head).last = state.last;
  states_.at(head).count = state.count;
  heads_.at((begin_ + again_) % heads_.size()) = head;
  again_ = static_cast<std::uint16_t>(again_ + state.count);
  return true;
}

void PackedInflight::chain_free_states(const std::vector<bool>& in_use) {
  std::uint16_t next = end();
  for (std::uint16_t i = end(); i-- > 0;) {
    if (in_use[i]) continue;
    states_.at(i).next = next;
    put(region_, kHeader + kState * i + kNext, next);
    next = i;
  }
  free_head_ = old_free_head_ = next;
  set_free_heads(next, next);
}

PackedInflight::Named PackedInflight::read_again(Place place, std::uint16_t number) const {
  std::uint16_t state = state_at(place);
  for (unsigned i = 0; i < number; ++i) state = states_.at(state).next;
  const std::size_t at = kHeader + kState * state;
  Named read{.descriptor = {.address = get<std::uint64_t>(region_, at + kAddress),
                            .length = get<std::uint32_t>(region_, at + kLength),
                            .flags = get<std::uint16_t>(region_, at + kFlags)},
             .id = get<std::uint16_t>(region_, at + kId)};
  // How long it is has been settled.
  const bool more = number + 1U < count_at(place);
  read.descriptor.flags = static_cast<std::uint16_t>(
      (read.descriptor.flags & ~VirtioDescriptor::kNext) | (more ? VirtioDescriptor::kNext : 0));
  return read;
}

bool PackedInflight::add(const Named& from) {
  if (free_head_ >= end()) return false;
  State& head = states_.at(old_free_head_);
  const std::size_t head_at = kHeader + kState * old_free_head_;
  if (free_head_ == old_free_head_) {
    head.count = 0;
    put(region_, head_at + kCount, head.count);
    put(region_, head_at + kCounter, counter_++);
    put_flag(region_, head_at + kInFlight, true);
  }
  put(region_, head_at + kCount, ++head.count);
  const std::size_t at = kHeader + kState * free_head_;
  put(region_, at + kAddress, from.descriptor.address);
  put(region_, at + kLength, from.descriptor.length);
  put(region_, at + kFlags, from.descriptor.flags);
  put(region_, at + kId, from.id);
  last_added_ = free_head_;
  free_head_ = states_.at(free_head_).next;
  set_free_heads(free_head_, old_free_head_);
  return true;
}

void PackedInflight::take(Place place) {
  heads_.at(place % heads_.size()) = old_free_head_;
  states_.at(old_free_head_).last = last_added_;
  put(region_, kHeader + kState * old_free_head_ + kLast, last_added_);
  old_free_head_ = free_head_;
  set_free_heads(free_head_, old_free_head_);
}

void PackedInflight::abandon() {
  if (free_head_ == old_free_head_) return;
  put_flag(region_, kHeader + kState * old_free_head_ + kInFlight, false);
  free_head_ = old_free_head_;
  set_free_heads(free_head_, old_free_head_);
}

void PackedInflight::free(std::uint16_t head) {
  const std::uint16_t last = states_.at(head).last;
  states_.at(last).next = free_head_;
  put(region_, kHeader + kState * last + kNext, free_head_);
  free_head_ = head;
}

void PackedInflight::rewind(Place from, Place to) {
  rewound_.clear();
  for (Place place = from; place < to; place += count_at(place)) {
    if (!is_again(place)) rewound_.push_back(state_at(place));
  }
  // From the last one on, so that what remains are always those that were taken first.
  for (auto head = rewound_.rbegin(); head != rewound_.rend(); ++head) {
    put_flag(region_, kHeader + kState * *head + kInFlight, false);
    free(*head);
  }
  old_free_head_ = free_head_;
  set_free_heads(free_head_, old_free_head_);
}

void PackedInflight::on_publishing(VirtioQueue::Position used) {
  for (const std::uint16_t head : batch_) free(head);
  set_free_heads(free_head_, old_free_head_);
  set_used(used, used_);
  used_ = used;
}

void PackedInflight::on_published() {
  for (const std::uint16_t head : batch_) {
    put_flag(region_, kHeader + kState * head + kInFlight, false);
  }
  old_free_head_ = free_head_;
  set_free_heads(free_head_, old_free_head_);
  set_used(used_, used_);
  batch_.clear();
}

}  // namespace sluice
