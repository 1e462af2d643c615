#include "devices/link/vfio_user/link.h"

#include <sys/timerfd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

#include "posix/timer.h"
#include "stack/segmenter.h"

namespace sluice {
namespace {

constexpr std::uint64_t kPeer = 0;
constexpr std::uint64_t kTimer = 1;
constexpr std::uint64_t kUnmask = 2;

// How many requests are served before the frames that came of them are passed on.
constexpr int kRequests = 256;

// How often a card is looked at that had no room.
constexpr Duration kPatience = std::chrono::milliseconds(5);

// How many frames the card cuts it into, at most.
unsigned frames_of(std::size_t size, gsl::span<const Bytes> payload, const Offload& offload) {
  if (offload.segmentation == Segmentation::kNone) return 1;
  size += total_size(payload);
  const std::size_t frames = size / std::max<std::size_t>(offload.segment_size, 1) + 1;
  return static_cast<unsigned>(std::min(frames, kMaxSegmentsOfAFrame));
}

}  // namespace

VfioUserLink::VfioUserLink(const std::string& path, const MakeNic& make_nic,
                           std::function<Time()> clock, StreamPeer::Tell tell)
    : clock_(std::move(clock)),
      timer_(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)),
      peer_({.place = UnixSocketName{.path = path}, .listens = true, .reconnect = {}},
            std::move(tell)),
      interrupts_(polls_, kUnmask),
      nic_(make_nic(slot_)),
      device_(*nic_, memory_, interrupts_) {
  if (!timer_) throw std::system_error(errno, std::generic_category(), "can't make a timer");
  polls_.add(peer_.descriptor(), EPOLLIN, kPeer);
  polls_.add(timer_.get(), EPOLLIN, kTimer);
}

void VfioUserLink::take_events() {
  for (const epoll_event& event : polls_.ready()) {
    if (event.data.u64 == kUnmask) interrupts_.on_unmask();
    if (event.data.u64 == kTimer) {
      std::uint64_t times = 0;
      static_cast<void>(!::read(timer_.get(), &times, sizeof times));
      timer_at_.reset();
      waited_ = true;
    }
  }
  if (peer_.update()) {
    device_.begin();
    connection_.begin(peer_.socket());
  }
}

gsl::span<const Frame> VfioUserLink::receive() {
  connection_.begin_turn();
  // What the card has been given, its driver sees while the memory for it is there.
  if (std::exchange(in_batch_, false)) tell();
  take_events();
  const Time now = clock_();
  serve(now);
  deliver(now);
  check();
  more_ = connection_.more();
  gsl::span<const Frame> frames;
  if (connection_.is_open()) {
    frames = nic_->take_frames();
    const auto deadline = nic_->deadline();
    more_ = more_ || (deadline && *deadline <= now);
  }
  if (!more_) wait_for_deadline(now);
  return frames;
}

void VfioUserLink::serve(Time now) {
  connection_.flush();
  for (int i = 0; i < kRequests && !connection_.congested() && !connection_.is_slow(); ++i) {
    auto request = connection_.next();
    if (!request) break;
    answer_.clear();
    const int error = device_.handle(now, *request, answer_);
    connection_.answer(request->header, error, answer_);
    if (!device_.refused().empty()) break;
  }
  connection_.set_max_data(device_.max_data());
  if (may_be_missed_ && !connection_.more()) {
    may_be_missed_ = false;
    nic_->remind(now);
  }
  if (connection_.is_open()) {
    const auto deadline = nic_->deadline();
    if (deadline && *deadline <= now) nic_->on_time(now);
  }
  connection_.flush();
}

void VfioUserLink::deliver(Time now) {
  if (waiting_.waiting().empty() || !connection_.is_open()) return;
  nic_->set_time(now);
  bool delivered = false;
  while (!waiting_.waiting().empty() && nic_->takes(1)) {
    const Bytes frame = waiting_.front();
    copy_bytes(frame, nic_->reserve(frame.size()));
    nic_->commit(frame.size(), {}, {});
    waiting_.drop_front();
    delivered = true;
  }
  if (delivered) tell();
  // A card that has been full for long may have a driver that has missed something.
  if (waited_ && !delivered) nic_->remind(now);
  waited_ = false;
}

void VfioUserLink::tell() {
  nic_->flush();
  may_be_missed_ = may_be_missed_ || connection_.has_input();
}

void VfioUserLink::check() {
  if (!connection_.is_open()) return;
  std::string why = device_.refused().empty() ? connection_.broken() : device_.refused();
  if (memory_.is_lost()) why = "a file of its memory has become shorter";
  if (why.empty()) return;
  peer_.lose(why);
  connection_.end();
  device_.begin();
  waiting_.reset();
}

void VfioUserLink::wait_for_deadline(Time now) {
  auto deadline = connection_.is_open() ? nic_->deadline() : std::nullopt;
  if (!waiting_.waiting().empty())
    deadline = std::min(deadline.value_or(Time::max()), now + kPatience);
  if (deadline == timer_at_) return;
  timer_at_ = deadline;
  arm_timer(timer_, deadline ? std::optional(*deadline - now) : std::nullopt);
}

MutableBytes VfioUserLink::reserve(std::size_t size) {
  if (!in_batch_) {
    connection_.begin_turn();
    nic_->set_time(clock_());
  }
  in_batch_ = true;
  room_ = nic_->reserve(size);
  return room_;
}

void VfioUserLink::commit(std::size_t size, gsl::span<const Bytes> payload,
                          const Offload& offload) {
  const bool has_machine = connection_.is_open() && connection_.broken().empty();
  if (has_machine && waiting_.waiting().empty() && nic_->takes(frames_of(size, payload, offload))) {
    nic_->commit(size, payload, offload);
  } else if (!has_machine || !emit_frames(room_.first(size), payload, offload, waiting_)) {
    own_.count(Drop::kLinkFull);
  }
}

bool VfioUserLink::has_room(const MacAddress& to) const {
  if (waiting_.waiting().size() >= kEnough) return false;
  if (!connection_.is_open() || nic_->has_room(to)) return true;
  lacks_room_ = true;
  return false;
}

void VfioUserLink::flush() {
  const bool lacked_room = std::exchange(lacks_room_, false);
  if (!std::exchange(in_batch_, false)) {
    if (!lacked_room) return;
    // The card asks its driver to tell when there is some, though it was given nothing.
    nic_->set_time(clock_());
  }
  tell();
  deliver(clock_());
  // Requests that came while the machine was asked for memory are not announced again.
  const Time now = clock_();
  if (connection_.more() || !connection_.broken().empty()) {
    timer_at_ = now;
    arm_timer(timer_, Duration::zero());
  } else {
    wait_for_deadline(now);
  }
}

void VfioUserLink::set_link(bool up) {
  const Time now = clock_();
  nic_->set_link(now, up);
  // The card may have more to do, and frames that it could not send before.
  timer_at_ = now;
  arm_timer(timer_, Duration::zero());
}

const Counters& VfioUserLink::counters() const {
  counters_ = own_ + nic_->counters();
  return counters_;
}

}  // namespace sluice
