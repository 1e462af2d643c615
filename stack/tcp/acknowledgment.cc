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
  const bool window_limited = in_flight() + maximum_payload() >= congestion_.window();
  if (!syn_acknowledged_ && retries_ != 0) rtt_.on_lost_syn();
  una_ = segment.acknowledgment;
  syn_acknowledged_ = true;
  const Sequence bytes_after = first_unacknowledged_byte();
  arrival.acknowledged = bytes_after - bytes_before;
  if (scoreboard_) {
    scoreboard_->remove_before(una_);
    if (scoreboard_->empty()) scoreboard_.reset();
  }

  // One measurement at a time, ended by what was sent once (Karn); timestamps fill in when
  // something was sent again.
  if (timing_ && una_.at_or_after(timed_)) {
    timing_ = false;
    const auto micros =
        static_cast<std::uint32_t>(now.time_since_epoch() / std::chrono::microseconds(1));
    rtt_.sample(std::chrono::microseconds(micros - timed_at_));
  } else if (timestamps_ && segment.options.timestamps && segment.options.timestamps->echo != 0) {
    const std::uint32_t elapsed = timestamp(now) - segment.options.timestamps->echo;
    constexpr std::uint32_t kImplausible = 120'000;
    if (elapsed < kImplausible) rtt_.sample(std::chrono::milliseconds(elapsed));
  }
  retries_ = 0;

  const std::uint32_t segment_size = maximum_payload();
  if (recovery_ == Recovery::kNone) {
    duplicates_ = 0;
    recovery_point_ = una_ - 1;  // long ago; it must not come to lie ahead when numbers wrap
    if (window_limited) congestion_.on_acknowledged(advance, segment_size);
  } else if (una_.at_or_after(recovery_point_)) {
    recovery_ = Recovery::kNone;
    duplicates_ = 0;
  } else {
    if (recovery_ == Recovery::kTimeout) congestion_.on_acknowledged(advance, segment_size);
    if (!sack_ && recovery_ == Recovery::kFast) {
      // A partial acknowledgment: what follows it was lost too (RFC 6582, section 3.2).
      lost_end_ = una_ + std::min(segment_size, nxt_ - una_);
      retransmit_next_ = una_;
      first_retransmission_ = true;
      const std::uint32_t arrived = advance / segment_size;
      duplicates_ -= static_cast<std::uint8_t>(std::min<std::uint32_t>(duplicates_, arrived));
    }
  }
  lost_end_ = later(lost_end_, una_);
  retransmit_next_ = later(retransmit_next_, una_);

  if (una_ == nxt_) {
    retransmit_at_ = kNever;
  } else {
    restart_retransmission(now);
  }
  if (finish_acknowledged()) on_our_finish_acknowledged(now);
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
  if (una_ == nxt_ && peer_window_ != 0) retransmit_at_ = kNever;  // no need to probe
}

bool Connection::update_scoreboard(const Segment& segment) {
  const std::uint32_t before = scoreboard_ ? scoreboard_->covered() : 0;
  const Sequence lower = later(una_, segment.acknowledgment);
  for (std::uint8_t i = 0; i < segment.options.sack_count; ++i) {
    const Range block{Sequence(segment.options.sack.at(i).left),
                      Sequence(segment.options.sack.at(i).right)};
    // Blocks below are duplicates being reported (RFC 2883); others must be ours.
    if (!block.begin.after(lower) || !block.end.after(block.begin) || block.end.after(nxt_)) {
      continue;
    }
    if (!scoreboard_) scoreboard_ = std::make_unique<RangeSet>();
    scoreboard_->add(block);
  }
  return scoreboard_ && scoreboard_->covered() != before;
}

// RFC 6675, IsLost(): bytes below three selectively acknowledged ranges, or below more than two
// segments' worth of them, are lost; without SACK, the first segment after three duplicates is.
void Connection::detect_loss() {
  const std::uint32_t segment_size = maximum_payload();
  Sequence lost = una_;
  if (scoreboard_) {
    const auto ranges = scoreboard_->ranges();
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
  // Duplicates right at the end of a recovery may be of what it sent twice for nothing: without
  // SACK they start no new one (RFC 6582, section 4.1).
  if (duplicates_ >= kDuplicateThreshold && lost == una_ && recovery_ == Recovery::kNone &&
      (sack_ || una_.after(recovery_point_))) {
    lost = una_ + std::min(segment_size, nxt_ - una_);
  }
  if (!lost.after(una_)) return;
  if (recovery_ == Recovery::kNone) {
    enter_recovery(lost);
  } else {
    lost_end_ = later(lost_end_, lost);
  }
}

void Connection::enter_recovery(Sequence lost_end) {
  congestion_.on_loss(flight_size(), maximum_payload());
  recovery_ = Recovery::kFast;
  recovery_point_ = nxt_;
  lost_end_ = lost_end;
  retransmit_next_ = una_;
  first_retransmission_ = true;
  timing_ = false;
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
