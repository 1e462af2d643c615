#include "stack/tcp/connection.h"

#include <algorithm>

namespace sluice::tcp {

Connection::Connection(Time now, State state, const Parameters& parameters)
    : una_(parameters.initial_sequence),
      nxt_(una_),
      send_end_(una_ + 1),
      receive_space_(parameters.receive_space),
      timestamp_offset_(parameters.timestamp_offset),
      own_segment_size_(parameters.maximum_segment_size),
      peer_segment_size_(parameters.default_segment_size),
      state_(state),
      syn_due_(true) {
  congestion_.start(std::min(own_segment_size_, peer_segment_size_));
  set_idle(now);
}

Connection Connection::from_syn(Time now, const Segment& syn, const Parameters& parameters) {
  Connection connection(now, State::kSynReceived, parameters);
  connection.held_ = true;
  connection.expected_ = connection.advertised_ = syn.sequence + 1;
  connection.last_acknowledged_ = connection.expected_;
  connection.window_sequence_ = syn.sequence;
  connection.window_acknowledgment_ = connection.una_;
  connection.on_syn_options(syn);
  return connection;
}

Connection Connection::to_guest(Time now, const Parameters& parameters) {
  Connection connection(now, State::kSynSent, parameters);
  connection.active_ = true;
  return connection;
}

void Connection::on_syn_options(const Segment& segment) {
  const TcpOptions& options = segment.options;
  // An announced size below what RFC 791's smallest packets carry would only serve to make us work.
  constexpr std::uint16_t kSmallestSegment = 64;
  if (options.maximum_segment_size) {
    peer_segment_size_ = std::max(*options.maximum_segment_size, kSmallestSegment);
  }
  scaled_ = options.window_scale.has_value();
  peer_scale_ = scaled_ ? *options.window_scale : 0;
  own_scale_ = scaled_ ? kWindowScale : 0;
  sack_ = options.sack_permitted;
  timestamps_ = options.timestamps.has_value();
  if (timestamps_) recent_timestamp_ = options.timestamps->value;
  peer_window_ = max_peer_window_ = segment.window;  // never scaled in a SYN
  congestion_.start(maximum_payload());
}

std::uint32_t Connection::maximum_payload() const {
  return std::min(own_segment_size_, peer_segment_size_) - (timestamps_ ? kTimestampsSize : 0);
}

std::uint32_t Connection::send_window() const {
  return std::min(peer_window_, congestion_.window());
}

std::uint32_t Connection::sendable() const {
  const std::uint32_t pipe = in_flight();
  const std::uint32_t window = congestion_.window();
  const std::uint32_t room = window > pipe ? window - pipe : 0;
  return std::min(peer_window_, nxt_ - una_ + room);
}

void Connection::set_receive_space(std::uint32_t bytes) {
  receive_space_ = bytes;
  if (!synchronized() || peer_finished_) return;
  // A window that had closed, or nearly, is announced when it has opened by enough to be worth a
  // segment (RFC 9293, section 3.8.6.2.2); otherwise acknowledgments carry it along.
  const std::uint32_t open = advertised_ - expected_;
  const std::uint32_t growth = bytes > open ? bytes - open : 0;
  if (growth >= maximum_payload() && (open < 2 * maximum_payload() || growth >= open)) {
    acknowledge_now_ = true;
  }
}

void Connection::finish() {
  if (fin_queued_ || state_ == State::kClosed) return;
  fin_queued_ = true;
}

void Connection::abort() {
  if (state_ == State::kClosed) return;
  // A SYN that was never sent has nobody to be reset.
  reset_due_ = state_ != State::kSynSent || nxt_ != una_;
  if (state_ == State::kTimeWait) reset_due_ = false;
  close(CloseReason::kAborted);
}

void Connection::end_wait() {
  Expects(state_ == State::kTimeWait);
  close(CloseReason::kNone);
}

void Connection::close(CloseReason reason) {
  state_ = State::kClosed;
  reason_ = reason;
  retransmit_at_ = acknowledge_at_ = idle_at_ = {};
  loss_.reset();
  out_of_order_.reset();
}

void Connection::set_idle(Time now) {
  unanswered_ = 0;
  switch (state_) {
    case State::kEstablished:
      idle_at_.set(now + kKeepAliveIdle);
      break;
    case State::kFinWait2:
    case State::kCloseWait:
      idle_at_.set(now + kHalfClosedIdle);
      break;
    case State::kTimeWait:
      idle_at_.set(now + kTimeWait);
      break;
    default:  // retransmission limits the others
      idle_at_.clear();
  }
}

}  // namespace sluice::tcp
