// Segments from the peer: RFC 9293, section 3.10.7, with RFC 5961 and RFC 7323.

#include <algorithm>

#include "stack/tcp/connection.h"

namespace sluice::tcp {
namespace {

std::uint32_t length_of(const Segment& segment) {
  return static_cast<std::uint32_t>(segment.payload.size()) + (segment.flags.syn ? 1 : 0) +
         (segment.flags.fin ? 1 : 0);
}

bool timestamp_before(std::uint32_t a, std::uint32_t b) {
  return static_cast<std::int32_t>(a - b) < 0;
}

std::uint32_t seconds(Time now) {
  return static_cast<std::uint32_t>(now.time_since_epoch() / std::chrono::seconds(1));
}

}  // namespace

Arrival Connection::on_segment(Time now, const Segment& segment) {
  Arrival arrival;
  arrival.verdict = Arrival::Verdict::kDropped;
  if (state_ == State::kClosed) return arrival;
  if (state_ == State::kSynSent) return on_segment_in_syn_sent(now, segment);

  const bool syn_again = state_ == State::kSynReceived && segment.flags.syn && !segment.flags.rst &&
                         segment.sequence + 1 == expected_;
  if (syn_again && !segment.flags.ack) {
    // Our answer was lost, or waits for the owner.
    if (!held_) syn_due_ = true;
    return arrival;
  }

  if (timestamp_too_old(now, segment)) {
    challenge(now);
    return arrival;
  }
  // When both sides open at once, the SYN we have comes again to acknowledge ours, left of the
  // window as it is (RFC 9293, figure 8).
  if (!acceptable(segment) && !syn_again) {
    if (state_ == State::kTimeWait && segment.flags.syn && !segment.flags.rst &&
        !segment.flags.ack && segment.sequence.after(expected_)) {
      arrival.verdict = Arrival::Verdict::kReopen;
      return arrival;
    }
    if (segment.flags.rst || held_) return arrival;
    if (state_ == State::kTimeWait && segment.flags.fin &&
        segment.sequence + length_of(segment) == expected_) {
      set_idle(now);  // the peer's FIN again: our acknowledgment of it was lost
    }
    // Old data means that our acknowledgment was lost; anything else may be a forgery or the
    // other half of an acknowledgment loop, and is answered now and then.
    if (length_of(segment) != 0 && !segment.flags.syn) {
      acknowledge_now_ = true;
      // What was sent again is what the peer wants to measure its round trip by. Told the time of
      // the first copy, it would take the wait for one and wait even longer. Within a window, so
      // that it is no easier to forge than any segment.
      if (expected_ - segment.sequence <= advertised_ - expected_) take_timestamp(now, segment);
    } else {
      challenge(now);
    }
    // An old segment may still carry news of our own data.
    if (segment.flags.ack && !segment.flags.syn && state_ != State::kSynReceived &&
        acknowledgment_in_range(segment.acknowledgment)) {
      on_acknowledgment(now, segment, arrival);
    }
    return arrival;
  }

  if (segment.flags.rst) {
    if (on_reset(now, segment)) arrival.verdict = Arrival::Verdict::kAccepted;
    return arrival;
  }
  if (segment.flags.syn && !syn_again) {
    if (state_ == State::kTimeWait && !segment.flags.ack) {
      arrival.verdict = Arrival::Verdict::kReopen;
      return arrival;
    }
    challenge(now);  // RFC 5961, section 4
    return arrival;
  }
  if (!segment.flags.ack || held_) return arrival;

  if (state_ == State::kSynReceived) {
    if (!segment.acknowledgment.after(una_) || segment.acknowledgment.after(nxt_)) {
      arrival.verdict = Arrival::Verdict::kReset;
      return arrival;
    }
    state_ = State::kEstablished;
    window_sequence_ = segment.sequence;
    window_acknowledgment_ = segment.acknowledgment;
    if (syn_again) acknowledge_now_ = true;
    set_idle(now);
  }
  if (!acknowledgment_in_range(segment.acknowledgment)) {
    challenge(now);  // RFC 5961, section 5
    return arrival;
  }

  arrival.verdict = Arrival::Verdict::kAccepted;
  take_timestamp(now, segment);
  on_acknowledgment(now, segment, arrival);
  if (state_ == State::kClosed) return arrival;
  if (state_ == State::kTimeWait) return arrival;
  set_idle(now);
  take_payload(segment, arrival);
  if (peer_fin_seen_ && expected_ == peer_fin_) on_peer_finish(now);
  return arrival;
}

Arrival Connection::on_segment_in_syn_sent(Time now, const Segment& segment) {
  Arrival arrival;
  arrival.verdict = Arrival::Verdict::kDropped;
  const bool acknowledges = segment.flags.ack && segment.acknowledgment.after(una_) &&
                            segment.acknowledgment.at_or_before(nxt_);
  if (segment.flags.ack && !acknowledges) {
    if (!segment.flags.rst) arrival.verdict = Arrival::Verdict::kReset;
    return arrival;
  }
  if (segment.flags.rst) {
    if (!acknowledges) return arrival;
    close(CloseReason::kRefused);
    arrival.verdict = Arrival::Verdict::kAccepted;
    return arrival;
  }
  if (!segment.flags.syn) return arrival;

  arrival.verdict = Arrival::Verdict::kAccepted;
  expected_ = advertised_ = last_acknowledged_ = segment.sequence + 1;
  on_syn_options(segment);
  window_sequence_ = segment.sequence;
  window_acknowledgment_ = segment.acknowledgment;
  if (!acknowledges) {  // both sides open at once (RFC 9293, figure 8)
    state_ = State::kSynReceived;
    syn_due_ = true;
    return arrival;
  }
  state_ = State::kEstablished;
  acknowledge_now_ = true;
  on_acknowledgment(now, segment, arrival);
  set_idle(now);
  return arrival;
}

// RFC 9293, section 3.10.7.4, first check: some of the segment lies in the window. A segment that
// begins left of the window and reaches into it is trimmed later.
bool Connection::acceptable(const Segment& segment) const {
  const std::uint32_t length = length_of(segment);
  const Sequence end = segment.sequence + length;
  if (length == 0) {
    return segment.sequence.at_or_after(expected_) && segment.sequence.at_or_before(advertised_);
  }
  return segment.sequence.before(later(advertised_, expected_ + 1)) && end.after(expected_);
}

// RFC 7323, section 4.3.
void Connection::take_timestamp(Time now, const Segment& segment) {
  if (!timestamps_ || !segment.options.timestamps || segment.sequence.after(last_acknowledged_)) {
    return;
  }
  recent_timestamp_ = segment.options.timestamps->value;
  recent_timestamp_at_ = seconds(now);
}

// PAWS (RFC 7323, section 5). A reset is never refused for its timestamp, and a connection that
// was silent for 24 days no longer knows what is old.
bool Connection::timestamp_too_old(Time now, const Segment& segment) const {
  constexpr std::uint32_t kMeaningless = 24 * 24 * 3600;
  if (!timestamps_ || !segment.options.timestamps || segment.flags.rst || segment.flags.syn) {
    return false;
  }
  return timestamp_before(segment.options.timestamps->value, recent_timestamp_) &&
         seconds(now) - recent_timestamp_at_ < kMeaningless;
}

// RFC 5961, section 3: only the exact next number resets, any other in the window is asked to
// prove itself. True if the connection is closed now.
bool Connection::on_reset(Time now, const Segment& segment) {
  if (segment.sequence != expected_) {
    if (!held_) challenge(now);
    return false;
  }
  CloseReason reason = CloseReason::kReset;
  // A side that refuses in SYN-RECEIVED after an active open refused our SYN.
  if (active_ && state_ == State::kSynReceived) reason = CloseReason::kRefused;
  if (state_ == State::kTimeWait) reason = CloseReason::kNone;  // there is nothing left to lose
  close(reason);
  return true;
}

void Connection::take_payload(const Segment& segment, Arrival& arrival) {
  if (peer_finished_) return;
  const Sequence begin = segment.flags.syn ? segment.sequence + 1 : segment.sequence;
  const Sequence end = begin + static_cast<std::uint32_t>(segment.payload.size());
  // Only what lies between what we have and the edge we promised, or the end we were told.
  const Sequence from = later(begin, expected_);
  Sequence to = earlier(end, later(advertised_, expected_));
  if (peer_fin_seen_) {
    to = earlier(to, peer_fin_);
  } else if (segment.flags.fin && to == end &&
             !(out_of_order_ && out_of_order_->ranges.ranges().back().end.after(end))) {
    peer_fin_seen_ = true;
    peer_fin_ = end;
  }
  if (segment.payload.empty()) {
    if (segment.flags.fin) acknowledge_now_ = true;
    return;
  }
  if (!from.before(to)) {
    acknowledge_now_ = true;  // nothing new, or nothing there is room for
    return;
  }
  arrival.payload = segment.payload.subspan(from - begin, to - from);
  arrival.offset = from - expected_;
  if (arrival.offset != 0 || to != end) acknowledge_now_ = true;
}

std::uint32_t Connection::received(Time now, std::uint32_t count) {
  if (count == 0) {
    acknowledge_now_ = true;  // refused: say again what is expected
    return 0;
  }
  const Sequence before = expected_;
  expected_ += count;
  std::uint32_t filled = 0;
  if (out_of_order_) {
    acknowledge_now_ = true;  // a gap has changed (RFC 5681, section 4.2)
    RangeSet& ranges = out_of_order_->ranges;
    ranges.remove_before(expected_);
    if (!ranges.empty() && ranges.ranges().front().begin == expected_) {
      filled = ranges.ranges().front().size();
      expected_ += filled;
      ranges.remove_before(expected_);
    }
    if (ranges.empty()) out_of_order_.reset();
  }
  if (advertised_.before(expected_)) advertised_ = expected_;
  receive_space_ -= std::min(receive_space_, expected_ - before);
  // Every second full segment at once, the rest after a moment (RFC 9293, section 3.8.6.3).
  if (expected_ - last_acknowledged_ >= 2 * maximum_payload()) {
    acknowledge_now_ = true;
  } else if (!acknowledge_at_.is_set()) {
    acknowledge_at_.set(now + kDelayedAck);
  }
  if (peer_fin_seen_ && expected_ == peer_fin_) on_peer_finish(now);
  return filled;
}

bool Connection::keep(std::uint32_t offset, std::uint32_t count) {
  acknowledge_now_ = true;
  if (!out_of_order_) out_of_order_ = std::make_unique<OutOfOrder>();
  const Sequence begin = expected_ + offset;
  return out_of_order_->ranges.add({begin, begin + count}, &out_of_order_->newest);
}

void Connection::on_peer_finish(Time now) {
  if (peer_finished_) return;
  peer_finished_ = true;
  expected_ += 1;
  advertised_ = later(advertised_, expected_);
  acknowledge_now_ = true;
  switch (state_) {
    case State::kEstablished:
      state_ = State::kCloseWait;
      break;
    case State::kFinWait1:
      state_ = State::kClosing;
      break;
    case State::kFinWait2:
      state_ = State::kTimeWait;
      retransmit_at_.clear();
      break;
    default:
      break;
  }
  set_idle(now);
}

// A challenge ACK, twice a second at most (RFC 5961, section 7).
void Connection::challenge(Time now) {
  constexpr std::uint32_t kInterval = 500;
  const auto milliseconds =
      static_cast<std::uint32_t>(now.time_since_epoch() / std::chrono::milliseconds(1));
  if (challenged_ != 0 && milliseconds - challenged_ < kInterval) return;
  challenged_ = milliseconds == 0 ? 1 : milliseconds;
  acknowledge_now_ = true;
}

}  // namespace sluice::tcp
