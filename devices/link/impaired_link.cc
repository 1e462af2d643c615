#include "devices/link/impaired_link.h"

#include <algorithm>
#include <utility>

namespace sluice {

ImpairedLink::ImpairedLink(Link& inner, const Impairment& impairment)
    : inner_(inner), from_guest_(impairment, 1), to_guest_(impairment, 2) {}

void ImpairedLink::set_time(Time now) {
  now_ = now;
  deliver();
}

void ImpairedLink::take(gsl::span<const Frame> frames) {
  for (const Frame& frame : frames) from_guest_.push(now_, frame.bytes);
}

gsl::span<const Frame> ImpairedLink::arrived() {
  batch_.clear();
  frames_.clear();
  while (batch_.size() < kBatch) {
    std::optional<ImpairedQueue::Frame> frame = from_guest_.pop(now_);
    if (!frame) break;
    batch_.push_back(std::move(*frame));
  }
  for (const ImpairedQueue::Frame& frame : batch_) frames_.push_back({.bytes = frame});
  return frames_;
}

std::optional<Time> ImpairedLink::deadline() const {
  const std::optional<Time> one = from_guest_.deadline();
  const std::optional<Time> other = to_guest_.deadline();
  if (!one || !other) return one ? one : other;
  return std::min(*one, *other);
}

MutableBytes ImpairedLink::reserve(std::size_t size) {
  Expects(size <= kMaxReserve);
  room_.resize(size);
  return room_;
}

void ImpairedLink::commit(std::size_t size, gsl::span<const Bytes> payload, const Offload&) {
  Expects(size <= room_.size());
  to_guest_.push(now_, Bytes(room_).first(size), payload);
}

void ImpairedLink::flush() {
  deliver();
}

void ImpairedLink::deliver() {
  bool any = false;
  while (const std::optional<ImpairedQueue::Frame> frame = to_guest_.pop(now_)) {
    // Headers and payload lie together: all of it goes where headers are built.
    const MutableBytes room = inner_.reserve(frame->size());
    std::ranges::copy(*frame, room.begin());
    inner_.commit(frame->size(), {}, {});
    any = true;
  }
  if (any) inner_.flush();
}

}  // namespace sluice
