// Segments to the peer, and what happens when none come back.

#include <algorithm>

#include "stack/tcp/connection.h"

namespace sluice::tcp {

std::uint32_t Connection::timestamp(Time now) const {
  return timestamp_offset_ +
         static_cast<std::uint32_t>(now.time_since_epoch() / std::chrono::milliseconds(1));
}

// RFC 6675, SetPipe(): what is thought to be in the network. Without SACK each duplicate
// acknowledgment stands for a segment that has left it.
std::uint32_t Connection::in_flight() const {
  const std::uint32_t outstanding = nxt_ - una_;
  std::uint32_t left = 0;
  if (!sack_) left = std::uint32_t{duplicates_} * maximum_payload();
  if (loss_) {
    const RangeSet& scoreboard = loss_->scoreboard;
    left += scoreboard.covered();
    const Sequence resend = later(loss_->resend_next, una_);
    if (loss_->end.after(resend)) {
      left += loss_->end - resend;
      left -= scoreboard.covered_from(resend) - scoreboard.covered_from(loss_->end);
    }
  }
  return outstanding - std::min(outstanding, left);
}

// RFC 5681, section 2: what a loss is measured against. A window that was full counts as such even
// if the same batch of acknowledgments has emptied it, or there would be nothing left to halve;
// what limited transmit has sent beyond the window does not count.
std::uint32_t Connection::flight_size() const {
  const std::uint32_t window = congestion_.window();
  return window_full_ ? window : std::min(nxt_ - una_, window);
}

std::optional<Outgoing> Connection::next(Time now, std::uint32_t limit) {
  if (reset_due_) {
    reset_due_ = false;
    Outgoing reset = segment_at(now, nxt_, {.rst = true, .ack = true});
    reset.options = {};
    reset.window = 0;
    return reset;
  }
  if (state_ == State::kClosed) return std::nullopt;
  if (state_ == State::kSynSent || state_ == State::kSynReceived) {
    if (auto syn = next_syn(now)) return syn;
    // Unacceptable segments are answered once our SYN is out.
    if (state_ == State::kSynSent || nxt_ == una_) return std::nullopt;
    return next_control(now);
  }
  if (auto segment = next_retransmission(now, limit)) return segment;
  if (auto segment = next_data(now, limit)) return segment;
  return next_control(now);
}

std::optional<Outgoing> Connection::next_syn(Time now) {
  if (held_ || !syn_due_) return std::nullopt;
  syn_due_ = false;
  const bool first = nxt_ == una_;
  Outgoing syn = segment_at(now, una_, {.syn = true, .ack = state_ == State::kSynReceived});
  syn.options.maximum_segment_size = own_segment_size_;
  // What we offer, or what the peer has offered and we take up.
  if (active_ || scaled_) syn.options.window_scale = kWindowScale;
  syn.options.sack_permitted = active_ || sack_;
  if (active_ && state_ == State::kSynSent) {
    syn.options.timestamps = TcpTimestamps{timestamp(now), 0};
  }
  // Never scaled here (RFC 7323, section 2.2); the edge that counts is the one this can say.
  syn.window = static_cast<std::uint16_t>(std::min<std::uint32_t>(receive_space_, 0xffff));
  if (state_ == State::kSynReceived) advertised_ = later(advertised_, expected_ + syn.window);
  if (first) {
    nxt_ = una_ + 1;
    timing_ = true;
    timed_ = nxt_;
    timed_at_ = static_cast<std::uint32_t>(now.time_since_epoch() / std::chrono::microseconds(1));
  } else {
    timing_ = false;
  }
  if (!retransmit_at_.is_set()) restart_retransmission(now);
  return syn;
}

Outgoing Connection::segment_at(Time now, Sequence sequence, TcpFlags flags) {
  Outgoing segment;
  segment.sequence = sequence;
  segment.flags = flags;
  segment.segment_size = static_cast<std::uint16_t>(maximum_payload());
  if (timestamps_) {
    segment.options.timestamps = TcpTimestamps{timestamp(now), recent_timestamp_};
  }
  if (!flags.ack) return segment;
  segment.acknowledgment = expected_;
  // The window never shrinks, and opens only by steps worth having (RFC 9293, 3.8.6.2.2).
  const Sequence edge = expected_ + receive_space_;
  if (edge.after(advertised_) &&
      (edge - advertised_ >= std::min(maximum_payload(), receive_space_ / 2 + 1))) {
    advertised_ = edge;
  }
  const std::uint32_t window = (advertised_ - expected_) >> own_scale_;
  segment.window = static_cast<std::uint16_t>(std::min<std::uint32_t>(window, 0xffff));
  last_acknowledged_ = expected_;
  acknowledge_now_ = false;
  acknowledge_at_.clear();
  return segment;
}

// RFC 2018, section 4: the range that last grew comes first.
void Connection::add_sack_blocks(TcpOptions& options) const {
  if (!out_of_order_ || !sack_) return;
  // As many as fit the header, and a packet of the smallest MTU.
  const std::uint32_t beside = 4 + (timestamps_ ? kTimestampsSize : 0);
  const std::size_t room = std::min<std::size_t>(timestamps_ ? 3 : TcpOptions::kMaxSackBlocks,
                                                 (own_segment_size_ - beside) / 8);
  const auto ranges = out_of_order_->ranges.ranges();
  const Range& newest = out_of_order_->newest;
  const auto add = [&](const Range& range) {
    options.sack.at(options.sack_count++) = {range.begin.number(), range.end.number()};
  };
  const Range* recent = nullptr;
  for (const Range& range : ranges) {
    if (range.begin.at_or_before(newest.begin) && range.end.at_or_after(newest.end)) {
      recent = &range;
      add(range);
    }
  }
  for (const Range& range : ranges) {
    if (options.sack_count >= room) return;
    if (&range != recent) add(range);
  }
}

Outgoing Connection::data_segment(Time now, Sequence begin, std::uint32_t size) {
  const Sequence end = begin + size;
  const Sequence last_byte = earlier(end, send_end_);
  // SACK blocks would push a full segment over the MTU (RFC 6691): an acknowledgment that has some
  // to tell goes out by itself.
  const bool has_blocks_to_tell = acknowledge_now_ && sack_ && out_of_order_ != nullptr;
  Outgoing segment = segment_at(now, begin, {.ack = true});
  acknowledge_now_ = has_blocks_to_tell;
  segment.offset = begin - first_unacknowledged_byte();
  segment.length = last_byte - begin;
  segment.flags.psh = segment.length != 0 && last_byte == send_end_;
  segment.flags.fin = end.after(send_end_);
  if (!retransmit_at_.is_set()) restart_retransmission(now);
  return segment;
}

std::optional<Outgoing> Connection::next_retransmission(Time now, std::uint32_t limit) {
  if (recovery() == Recovery::kNone) return std::nullopt;
  const Sequence from = later(loss_->resend_next, una_);
  if (!from.before(loss_->end)) return std::nullopt;
  const Range gap = loss_->scoreboard.first_gap(from, loss_->end);
  if (gap.size() == 0) {
    loss_->resend_next = loss_->end;
    return std::nullopt;
  }
  const std::uint32_t segment_size = maximum_payload();
  const std::uint32_t pipe = in_flight();
  const std::uint32_t window = congestion_.window();
  std::uint32_t room = window > pipe ? window - pipe : 0;
  if (loss_->first) room = std::max(room, segment_size);
  if (room < std::min(gap.size(), segment_size)) return std::nullopt;
  loss_->first = false;
  std::uint32_t size = std::min({gap.size(), room, std::max(limit, segment_size)});
  if (size > segment_size) size -= size % segment_size;
  timing_ = false;
  const Outgoing segment = data_segment(now, gap.begin, size);
  loss_->resend_next = gap.begin + size;
  if (gap.begin == una_) loss_->resent_before = nxt_;
  return segment;
}

std::optional<Outgoing> Connection::next_data(Time now, std::uint32_t limit) {
  const std::uint32_t segment_size = maximum_payload();
  const std::uint32_t pipe = in_flight();
  const std::uint32_t window = congestion_.window();
  window_full_ = pipe + segment_size > window;
  const std::uint32_t waiting = fin_sent_ ? 0 : send_end_ - nxt_;
  if (waiting == 0 && !(fin_queued_ && !fin_sent_)) return std::nullopt;
  const std::uint32_t outstanding = nxt_ - una_;
  const std::uint32_t offered = peer_window_ > outstanding ? peer_window_ - outstanding : 0;
  const std::uint32_t room = std::min(offered, window > pipe ? window - pipe : 0);

  std::uint32_t size = std::min({waiting, room, std::max(limit, segment_size)});
  // Small pieces wait for the window (RFC 9293, section 3.8.6.2.1) unless they are the last, or
  // half of what the peer ever offered, or nothing else would make it speak again.
  if (size < waiting) {
    if (size >= segment_size) {
      size -= size % segment_size;
    } else if (size < max_peer_window_ / 2 && !(override_due_ && size != 0)) {
      size = 0;
    }
  }
  const bool finishes = fin_queued_ && size == waiting && room > size;
  if (size == 0 && !finishes) {
    if (outstanding == 0 && !retransmit_at_.is_set()) restart_retransmission(now);  // to probe
    return std::nullopt;
  }
  override_due_ = false;

  const Sequence begin = nxt_;
  nxt_ += size + (finishes ? 1 : 0);
  if (finishes) {
    fin_sent_ = true;
    state_ = state_ == State::kCloseWait ? State::kLastAck : State::kFinWait1;
    set_idle(now);
  }
  if (!timing_) {
    timing_ = true;
    timed_ = nxt_;
    timed_at_ = static_cast<std::uint32_t>(now.time_since_epoch() / std::chrono::microseconds(1));
  }
  return data_segment(now, begin, nxt_ - begin);
}

std::optional<Outgoing> Connection::next_control(Time now) {
  if (probe_due_) {
    // One number before the window: the peer must answer with what it expects and offers. It need
    // not look at the rest (RFC 9293, section 3.10.7.4): what it is to be told is still to be told.
    probe_due_ = false;
    const bool news = acknowledge_now_ || acknowledge_at_.is_set();
    const Sequence advertised = advertised_;
    const Outgoing probe = segment_at(now, una_ - 1, {.ack = true});
    acknowledge_now_ = news || advertised_ != advertised;
    return probe;
  }
  if (!acknowledge_now_) return std::nullopt;
  Outgoing acknowledgment = segment_at(now, nxt_, {.ack = true});
  add_sack_blocks(acknowledgment.options);
  return acknowledgment;
}

std::optional<Time> Connection::deadline(Time now) const {
  std::optional<Time> first;
  for (const Alarm alarm : {retransmit_at_, acknowledge_at_, idle_at_}) {
    if (alarm.is_set()) first = std::min(first.value_or(Time::max()), alarm.at(now));
  }
  return first;
}

void Connection::on_time(Time now) {
  if (acknowledge_at_.is_due(now)) {
    acknowledge_at_.clear();
    acknowledge_now_ = true;
  }
  if (retransmit_at_.is_due(now)) on_retransmission_time(now);
  if (idle_at_.is_due(now)) on_idle_time(now);
}

void Connection::restart_retransmission(Time now) {
  retransmit_at_.set(now + rtt_.timeout(retries_, syn_lost_));
}

void Connection::on_retransmission_time(Time now) {
  retransmit_at_.clear();
  const bool opening = state_ == State::kSynSent || state_ == State::kSynReceived;
  // A closed window is asked about for as long as the peer answers (RFC 9293, section 3.8.6.1).
  const bool shut = !opening && peer_window_ == 0;
  if ((shut ? unanswered_ : retries_) >= (opening ? kMaxSynRetries : kMaxRetries)) {
    reset_due_ = !opening;
    close(CloseReason::kTimedOut);
    return;
  }
  if (retries_ < 255) ++retries_;
  if (shut) ++unanswered_;
  if (opening) {
    syn_due_ = true;
  } else if (una_ == nxt_) {
    // Nothing in flight, but something waits: the window is closed or too small.
    if (!has_unsent()) return;
    if (shut) {
      probe_due_ = true;
    } else {
      override_due_ = true;
    }
    restart_retransmission(now);
    return;
  } else {
    // RFC 6298, section 5.4; RFC 6675, section 5.1. The scoreboard is trusted once.
    congestion_.on_timeout(flight_size(), maximum_payload(), retries_ == 1);
    Loss& all_lost = loss();
    if (retries_ > 1) all_lost.scoreboard.clear();
    all_lost.recovery = Recovery::kTimeout;
    all_lost.recovery_point = all_lost.end = nxt_;
    all_lost.resend_next = una_;
    all_lost.first = true;
    duplicates_ = 0;
    timing_ = false;
  }
  restart_retransmission(now);
}

void Connection::on_idle_time(Time now) {
  if (state_ == State::kTimeWait) {
    close(CloseReason::kNone);
    return;
  }
  if (unanswered_ >= kMaxKeepAlives) {
    reset_due_ = true;
    close(CloseReason::kTimedOut);
    return;
  }
  ++unanswered_;
  probe_due_ = true;
  idle_at_.set(now + kKeepAliveInterval);
}

}  // namespace sluice::tcp
