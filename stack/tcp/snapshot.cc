// Going on with a connection elsewhere.

#include "stack/tcp/connection.h"

namespace sluice::tcp {
namespace {

// More than any owner keeps.
constexpr std::uint32_t kMaxQueue = 64U << 20;
constexpr std::uint32_t kMaxWindow = 1U << 30;  // RFC 7323, section 2.3
constexpr std::uint8_t kMaxScale = 14;
constexpr std::uint16_t kSmallestSegment = 28;  // what the smallest MTU leaves

}  // namespace

bool Snapshot::is_sound() const {
  const std::uint32_t fin = fin_sent ? 1 : 0;
  const std::uint32_t outstanding = nxt - una;
  const std::uint32_t all = send_end + fin - una;
  if (all > kMaxQueue || outstanding > all) return false;
  // FIN is the last number that is sent.
  if (fin_sent && (!fin_queued || nxt != send_end + 1)) return false;
  // Both sides have finished: it waits for nothing but its end.
  if (fin_sent && una == nxt && peer_finished) return false;
  if (advertised - expected > kMaxWindow) return false;
  if (peer_window > kMaxWindow || max_peer_window > kMaxWindow) return false;
  if (peer_scale > kMaxScale || own_scale > kMaxScale) return false;
  if (!scaled && (peer_scale != 0 || own_scale != 0)) return false;
  return own_segment_size >= kSmallestSegment && peer_segment_size >= kSmallestSegment;
}

std::optional<Snapshot> Connection::snapshot(Time now) const {
  if (!synchronized() || state_ == State::kTimeWait) return std::nullopt;
  return Snapshot{.una = una_.number(),
                  .nxt = nxt_.number(),
                  .send_end = send_end_.number(),
                  .peer_window = peer_window_,
                  .max_peer_window = max_peer_window_,
                  .window_sequence = window_sequence_.number(),
                  .window_acknowledgment = window_acknowledgment_.number(),
                  .expected = expected_.number(),
                  .advertised = advertised_.number(),
                  .timestamp = timestamp(now),
                  .recent_timestamp = recent_timestamp_,
                  .own_segment_size = own_segment_size_,
                  .peer_segment_size = peer_segment_size_,
                  .peer_scale = peer_scale_,
                  .own_scale = own_scale_,
                  .fin_queued = fin_queued_,
                  .fin_sent = fin_sent_,
                  .peer_finished = peer_finished_,
                  .timestamps = timestamps_,
                  .sack = sack_,
                  .scaled = scaled_,
                  .active = active_};
}

std::optional<Position> Connection::position() const {
  if (!synchronized() || has_gaps()) return std::nullopt;
  return Position{.una = una_.number(),
                  .nxt = nxt_.number(),
                  .expected = expected_.number(),
                  .recent_timestamp = recent_timestamp_};
}

Connection Connection::restore(Time now, const Snapshot& snapshot) {
  Expects(snapshot.is_sound());
  State state = snapshot.peer_finished ? State::kCloseWait : State::kEstablished;
  if (snapshot.fin_sent) {
    const bool acknowledged = snapshot.una == snapshot.nxt;
    state = acknowledged ? State::kFinWait2 : State::kFinWait1;
    if (snapshot.peer_finished) state = State::kLastAck;
  }
  Connection connection(now, state,
                        {.initial_sequence = Sequence(snapshot.una),
                         .maximum_segment_size = snapshot.own_segment_size,
                         .receive_space = snapshot.advertised - snapshot.expected});
  connection.syn_due_ = false;
  connection.syn_acknowledged_ = true;
  connection.nxt_ = Sequence(snapshot.nxt);
  connection.send_end_ = Sequence(snapshot.send_end);
  connection.peer_window_ = snapshot.peer_window;
  connection.max_peer_window_ = snapshot.max_peer_window;
  connection.window_sequence_ = Sequence(snapshot.window_sequence);
  connection.window_acknowledgment_ = Sequence(snapshot.window_acknowledgment);
  connection.expected_ = connection.last_acknowledged_ = Sequence(snapshot.expected);
  connection.advertised_ = Sequence(snapshot.advertised);
  connection.timestamp_offset_ = snapshot.timestamp - connection.timestamp(now);
  connection.recent_timestamp_ = snapshot.recent_timestamp;
  connection.recent_timestamp_at_ =
      static_cast<std::uint32_t>(now.time_since_epoch() / std::chrono::seconds(1));
  connection.peer_segment_size_ = snapshot.peer_segment_size;
  connection.peer_scale_ = snapshot.peer_scale;
  connection.own_scale_ = snapshot.own_scale;
  connection.fin_queued_ = snapshot.fin_queued;
  connection.fin_sent_ = snapshot.fin_sent;
  connection.peer_finished_ = snapshot.peer_finished;
  connection.timestamps_ = snapshot.timestamps;
  connection.sack_ = snapshot.sack;
  connection.scaled_ = snapshot.scaled;
  connection.active_ = snapshot.active;
  connection.congestion_.start(connection.maximum_payload());
  // What was on its way may have been lost with whoever had sent it. And the peer, which may have
  // sent something in vain, is told where we are.
  if (connection.una_ != connection.nxt_) connection.restart_retransmission(now);
  connection.acknowledge_now_ = true;
  return connection;
}

}  // namespace sluice::tcp
