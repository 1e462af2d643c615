#include "devices/link/impaired_link.h"

#include <sys/timerfd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include <gsl/assert>

#include "devices/link/frame_payload.h"
#include "posix/timer.h"
#include "stack/segmenter.h"

namespace sluice {
namespace {

constexpr std::uint64_t kInner = 0;
constexpr std::uint64_t kTimer = 1;

}  // namespace

ImpairedLink::ImpairedLink(std::unique_ptr<GuestLink> inner, const Impairment& impairment,
                           std::function<Time()> clock)
    : inner_(std::move(inner)),
      clock_(std::move(clock)),
      timer_(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)),
      from_guest_(impairment, 1),
      to_guest_(impairment, 2),
      room_(std::make_unique_for_overwrite<std::uint8_t[]>(kMaxReserve)),
      segment_(std::make_unique_for_overwrite<std::uint8_t[]>(kMaxReserve)) {
  if (!timer_) throw std::system_error(errno, std::generic_category(), "can't make a timer");
  polls_.add(inner_->descriptor(), EPOLLIN | EPOLLET, kInner);
  polls_.add(timer_.get(), EPOLLIN | EPOLLET, kTimer);
}

gsl::span<const Frame> ImpairedLink::receive() {
  now_ = clock_();
  polls_.ready();
  deliver_to_guest();
  bool more_from_guest = false;
  if (!inner_->closed()) {
    take_from_guest();
    more_from_guest = inner_->more();
  }
  batch_.clear();
  frames_.clear();
  while (batch_.size() < kBatch) {
    std::optional<ImpairedQueue::Frame> frame = from_guest_.pop(now_);
    if (!frame) break;
    batch_.push_back(std::move(*frame));
  }
  for (const ImpairedQueue::Frame& frame : batch_) {
    frames_.push_back({.bytes = frame, .offload = {}});
  }
  const std::optional<Time> next = from_guest_.deadline();
  more_ = more_from_guest || (next && *next <= now_);
  set_timer();
  return frames_;
}

void ImpairedLink::take_from_guest() {
  for (const Frame& frame : inner_->receive()) {
    const bool large = frame.offload.segmentation != Segmentation::kNone;
    if (large && !can_be_cut(frame.bytes, frame.offload)) {
      own_.count(Drop::kMalformed);
      continue;
    }
    const Bytes headers = frame.bytes.first(headers_size(frame));
    const MutableBytes head(room_.get(), headers.size());
    copy_bytes(headers, head);
    push(from_guest_, head, FramePayload(frame, headers.size()).pieces(), frame.offload);
  }
}

void ImpairedLink::push(ImpairedQueue& queue, MutableBytes head, gsl::span<const Bytes> payload,
                        const Offload& offload) {
  if (offload.segmentation == Segmentation::kNone) {
    complete_checksum(head, payload, offload);
    queue.push(now_, head, payload);
    return;
  }
  Segmenter segmenter(head, payload, offload);
  while (const std::size_t size = segmenter.next({segment_.get(), kMaxReserve})) {
    queue.push(now_, {segment_.get(), size});
  }
}

const Counters& ImpairedLink::counters() const {
  counters_ = own_ + inner_->counters();
  return counters_;
}

std::optional<Time> ImpairedLink::deadline() const {
  const std::optional<Time> one = from_guest_.deadline();
  const std::optional<Time> other = to_guest_.deadline();
  if (!one || !other) return one ? one : other;
  return std::min(*one, *other);
}

MutableBytes ImpairedLink::reserve(std::size_t size) {
  Expects(size <= kMaxReserve);
  reserved_ = size;
  return {room_.get(), size};
}

void ImpairedLink::commit(std::size_t size, gsl::span<const Bytes> payload,
                          const Offload& offload) {
  Expects(size <= reserved_);
  reserved_ = 0;
  now_ = clock_();
  push(to_guest_, {room_.get(), size}, payload, offload);
}

void ImpairedLink::flush() {
  now_ = clock_();
  deliver_to_guest();
  set_timer();
}

void ImpairedLink::deliver_to_guest() {
  bool any = false;
  while (const std::optional<ImpairedQueue::Frame> frame = to_guest_.pop(now_)) {
    // Headers and payload lie together: all of it goes where headers are built.
    copy_bytes(*frame, inner_->reserve(frame->size()));
    inner_->commit(frame->size(), {}, {});
    any = true;
  }
  if (any) inner_->flush();
}

void ImpairedLink::set_timer() {
  const std::optional<Time> next = deadline();
  if (next == timer_at_) return;
  timer_at_ = next;
  arm_timer(timer_, next ? std::optional(*next - now_) : std::nullopt);
}

}  // namespace sluice
