// What the peer has: acknowledgments, the send window, the scoreboard and loss recovery.

#include <algorithm>

#include "stack/tcp/connection.h"

namespace sluice::tcp {
namespace {

constexpr std::uint32_t kDuplicateThreshold = 3;  // RFC 5681, section 3.2

}  // namespace

// RFC 5961, section 5: an acknowledgment of the distant past or of what was never sent is a guess.
bool Connection::acknowledgment_in_range(Sequence acknowledgment) const {
  return acknowledgment.at_or_before(nxt_) && acknowledgment.at_or_after(una_ - max_peer_window_);
}

void Connection::on_acknowledgment(Time now, const Segment& segment, Arrival& arrival) {
  const bool outstanding = una_ != nxt_;
  const std::uint32_t window_before = peer_window_;
  unanswered_ = 0;
  if (!segment.acknowledgment.before(una_)) update_window(segment);
  if (window_before == 0 && peer_window_ != 0) {
    // What was probed for, or refused, goes out as if for the first time.
    retries_ = 0;
    if (outstanding) restart_retransmission(now);
  }
  // With SACK a duplicate is what reports something new (RFC 6675, section 2); without, what brings
  // nothing else (RFC 5681, section 2).
  const bool duplicate = sack_ ? update_scoreboard(segment)
                               : segment.payload.empty() && !segment.flags.fin &&
                                     !segment.flags.syn && window_before == peer_window_;

  if (segment.acknowledgment.after(una_)) {
    on_new_acknowledgment(now, segment, arrival);
  } else if (segment.acknowledgment == una_ && outstanding && duplicate) {
    if (duplicates_ < 255) ++duplicates_;
  }
  if (state_ == State::kClosed || una_ == nxt_) return;
  detect_loss();
}

void Connection::on_new_acknowledgment(Time now, const Segment& segment, Arrival& arrival) {
  const std::uint32_t advance = segment.acknowledgment - una_;
  const Sequence bytes_before = first_unacknowledged_byte();
  if (!syn_acknowledged_ && retries_ != 0) syn_lost_ = true;
  una_ = segment.acknowledgment;
  syn_acknowledged_ = true;
  const Sequence bytes_after = first_unacknowledged_byte();
  arrival.acknowledged = bytes_after - bytes_before;
  if (loss_) {
    loss_->scoreboard.remove_before(una_);
    loss_->resent_before = nxt_;  // at the latest now
  }

  // One measurement at a time, ended by what was sent once (Karn); timestamps fill in when
  // something was sent again.
  if (timing_ && una_.at_or_after(timed_)) {
    timing_ = false;
    const auto micros =
        static_cast<std::uint32_t>(now.time_since_epoch() / std::chrono::microseconds(1));
    measure(std::chrono::microseconds(micros - timed_at_));
  } else if (timestamps_ && segment.options.timestamps && segment.options.timestamps->echo != 0) {
    const std::uint32_t elapsed = timestamp(now) - segment.options.timestamps->echo;
    constexpr std::uint32_t kImplausible = 120'000;
    if (elapsed < kImplausible) measure(std::chrono::milliseconds(elapsed));
  }
  retries_ = 0;

  const std::uint32_t segment_size = maximum_payload();
  if (recovery() == Recovery::kNone) {
    duplicates_ = 0;
    // Acknowledgments come in batches, and nothing is sent between two of them: how full the window
    // was before counts, not how full it is now (RFC 7661, section 4.1).
    if (window_full_) congestion_.on_acknowledged(advance, segment_size);
  } else if (una_.at_or_after(loss_->recovery_point)) {
    loss_->recovery = Recovery::kNone;
    duplicates_ = 0;
  } else {
    if (recovery() == Recovery::kTimeout) congestion_.on_acknowledged(advance, segment_size);
    if (!sack_ && recovery() == Recovery::kFast) {
      // A partial acknowledgment: what follows it was lost too (RFC 6582, section 3.2).
      loss_->end = una_ + std::min(segment_size, nxt_ - una_);
      loss_->resend_next = una_;
      loss_->first = true;
      const std::uint32_t arrived = advance / segment_size;
      duplicates_ -= static_cast<std::uint8_t>(std::min<std::uint32_t>(duplicates_, arrived));
    }
  }
  forget_losses();

  if (una_ == nxt_) {
    retransmit_at_.clear();
  } else {
    restart_retransmission(now);
  }
  if (finish_acknowledged()) on_our_finish_acknowledged(now);
}

void Connection::measure(Duration round_trip) {
  rtt_.sample(round_trip);
  constexpr std::int64_t kLongest = 60'000;
  const std::int64_t milliseconds = round_trip / std::chrono::milliseconds(1);
  shortest_trip_ =
      std::min(shortest_trip_,
               static_cast<std::uint16_t>(std::clamp<std::int64_t>(milliseconds, 0, kLongest)));
}

void Connection::update_window(const Segment& segment) {
  // RFC 9293, section 3.10.7.4: only a segment at least as new as the last that set it. One that
  // acknowledges something new is the newest of all, even if it carries old data again; were its
  // window ignored, the edge would move on by what it acknowledges, past what the peer offers.
  const bool older = window_sequence_.after(segment.sequence) ||
                     (window_sequence_ == segment.sequence &&
                      window_acknowledgment_.after(segment.acknowledgment));
  if (older && !segment.acknowledgment.after(una_)) return;
  window_sequence_ = segment.sequence;
  window_acknowledgment_ = segment.acknowledgment;
  const unsigned scale = segment.flags.syn ? 0 : peer_scale_;
  peer_window_ = std::uint32_t{segment.window} << scale;
  max_peer_window_ = std::max(max_peer_window_, peer_window_);
  if (una_ == nxt_ && peer_window_ != 0) retransmit_at_.clear();  // no need to probe
}

bool Connection::update_scoreboard(const Segment& segment) {
  const std::uint32_t before = loss_ ? loss_->scoreboard.covered() : 0;
  const Sequence lower = later(una_, segment.acknowledgment);
  for (std::uint8_t i = 0; i < segment.options.sack_count; ++i) {
    const Range block{Sequence(segment.options.sack.at(i).left),
                      Sequence(segment.options.sack.at(i).right)};
    // Blocks below are duplicates being reported (RFC 2883); others must be ours. Both edges are
    // measured from one place: a forged block may be so large that comparing it edge by edge, each
    // to its neighbour, goes round the whole circle.
    const std::uint32_t begin = block.begin - lower;
    const std::uint32_t end = block.end - lower;
    if (begin == 0 || begin >= end || end > nxt_ - lower) continue;
    loss().scoreboard.add(block);
  }
  return loss_ && loss_->scoreboard.covered() != before;
}

// RFC 6675, IsLost(): bytes below three selectively acknowledged ranges, or below more than two
// segments' worth of them, are lost; without SACK, the first segment after three duplicates is.
void Connection::detect_loss() {
  const std::uint32_t segment_size = maximum_payload();
  Sequence lost = una_;
  if (loss_) {
    const auto ranges = loss_->scoreboard.ranges();
    std::uint32_t bytes = 0;
    for (std::size_t i = ranges.size(); i-- > 0;) {
      bytes += ranges[i].size();
      const std::size_t above = ranges.size() - i;
      if (bytes > (kDuplicateThreshold - 1) * segment_size || above >= kDuplicateThreshold) {
        lost = ranges[i].begin;
        break;
      }
    }
  }
  // What was sent again is lost again when enough of what was sent after it has arrived: the same
  // rule, applied to the order of sending (as in RFC 8985) instead of that of the numbers.
  if (sack_ && recovery() != Recovery::kNone && loss_->resend_next.after(una_) &&
      loss_->scoreboard.covered_from(loss_->resent_before) >
          (kDuplicateThreshold - 1) * segment_size) {
    loss_->resend_next = una_;
    loss_->resent_before = nxt_;
    loss_->first = true;
  }
  // Duplicates right at the end of a recovery may be of what it sent twice for nothing: without
  // SACK they start no new one (RFC 6582, section 4.1).
  if (duplicates_ >= kDuplicateThreshold && lost == una_ && recovery() == Recovery::kNone &&
      (sack_ || !loss_ || una_.after(loss_->recovery_point))) {
    lost = una_ + std::min(segment_size, nxt_ - una_);
  }
  if (!lost.after(una_)) return;
  if (recovery() == Recovery::kNone) {
    enter_recovery(lost);
  } else {
    loss_->end = later(loss_->end, lost);
  }
}

void Connection::enter_recovery(Sequence lost_end) {
  congestion_.on_loss(flight_size(), maximum_payload());
  Loss& now_lost = loss();
  now_lost.recovery = Recovery::kFast;
  now_lost.recovery_point = nxt_;
  now_lost.end = lost_end;
  now_lost.resend_next = una_;
  now_lost.first = true;
  timing_ = false;
}

Connection::Loss& Connection::loss() {
  if (!loss_) loss_ = std::make_unique<Loss>(una_);
  return *loss_;
}

void Connection::forget_losses() {
  if (!loss_) return;
  loss_->end = later(loss_->end, una_);
  loss_->resend_next = later(loss_->resend_next, una_);
  // Without SACK the end of a recovery still matters to the first acknowledgments after it.
  const bool past = sack_ || una_.after(loss_->recovery_point);
  if (past && loss_->recovery == Recovery::kNone && loss_->scoreboard.empty()) loss_.reset();
}

void Connection::on_our_finish_acknowledged(Time now) {
  switch (state_) {
    case State::kFinWait1:
      state_ = State::kFinWait2;
      break;
    case State::kClosing:
      state_ = State::kTimeWait;
      break;
    case State::kLastAck:
      close(CloseReason::kNone);
      return;
    default:
      return;
  }
  set_idle(now);
}

}  // namespace sluice::tcp
