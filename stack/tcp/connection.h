// One TCP connection with a guest (RFC 9293): the state machine, in numbers only.
//
// A Connection owns no payload, no address and no clock. It is told of segments, of time, of how
// many bytes its owner has ready to send and room to keep; it answers which bytes of a segment are
// new and where they belong, which bytes the peer has acknowledged, and, one by one, which segments
// to send now. The owner moves the bytes: from a frame straight into a socket, from a socket
// straight into a ring. So the same machine runs under a NAT, under two-machine property tests on a
// virtual clock and under a fuzzer.
//
// An owner's turn is always the same:
//   arrival = on_segment(now, segment)   release arrival.acknowledged bytes of the send queue;
//                                        deliver arrival.payload, say received() or keep()
//   enqueue / finish / set_receive_space what has changed on the owner's side
//   while (next(now, limit)) …           emit each; one acknowledgment per batch falls out of it
//   deadline()                           when to call on_time()
//
// Loss recovery is NewReno (RFC 6582) with selective acknowledgments (RFC 2018, 6675). Both are one
// mechanism here: bytes in [una, loss.end) that are not known to have arrived are lost, and
// loss.resend_next tells how far they have been sent again. Duplicate acknowledgments, the
// scoreboard and the retransmission timer differ only in how far they move loss.end.
//
// Files: connection.cc (opening, closing, what the owner says), input.cc (segments),
// acknowledgment.cc (what the peer has: scoreboard, recovery, round trip), output.cc (segments and
// timers), snapshot.cc (going on elsewhere).

#ifndef SLUICE_STACK_TCP_CONNECTION_H_
#define SLUICE_STACK_TCP_CONNECTION_H_

#include <cstdint>
#include <memory>
#include <optional>

#include "stack/scattered_bytes.h"
#include "stack/tcp/alarm.h"
#include "stack/tcp/congestion.h"
#include "stack/tcp/range_set.h"
#include "stack/tcp/rtt.h"
#include "stack/tcp/sequence.h"
#include "stack/time.h"
#include "stack/wire/tcp.h"

namespace sluice::tcp {

// RFC 9293, section 3.3.2, without LISTEN: listening is the owner's.
enum class State : std::uint8_t {
  kSynSent,
  kSynReceived,
  kEstablished,
  kFinWait1,
  kFinWait2,
  kClosing,
  kTimeWait,
  kCloseWait,
  kLastAck,
  kClosed,
};

// Why a connection is closed.
enum class CloseReason : std::uint8_t {
  kNone,      // it is not, or both sides have finished
  kRefused,   // the peer answered our SYN with RST
  kReset,     // the peer sent RST
  kTimedOut,  // the peer stopped answering
  kAborted,   // the owner said abort()
};

// A segment from the guest, checked by its parser. The payload stays the frame's.
struct Segment {
  Sequence sequence;
  Sequence acknowledgment;
  TcpFlags flags;
  std::uint16_t window = 0;  // as in the header
  TcpOptions options;
  ScatteredBytes payload;
};

// What a segment brought.
struct Arrival {
  enum class Verdict : std::uint8_t {
    kAccepted,
    kDropped,  // outside the window or unproven; an ACK follows if one is due
    kReset,    // to be answered by a reset made from the segment (RFC 9293, 3.10.7)
    kReopen,   // TIME-WAIT met a valid new SYN: forget the connection and treat it as new
  };

  Verdict verdict = Verdict::kAccepted;
  // Bytes at the front of the send queue that the peer has; they are the owner's to release.
  std::uint32_t acknowledged = 0;
  // New payload, `offset` bytes past the next expected one. At offset 0, tell received() how much
  // of it was taken; elsewhere, keep() if it was put aside.
  ScatteredBytes payload;
  std::uint32_t offset = 0;
};

// A segment to send. Its payload is `length` bytes of the send queue, `offset` bytes past the first
// that is not acknowledged; above segment_size it is for the link to cut.
struct Outgoing {
  Sequence sequence;
  Sequence acknowledgment;
  TcpFlags flags;
  std::uint16_t window = 0;
  TcpOptions options;
  std::uint32_t offset = 0;
  std::uint32_t length = 0;
  std::uint16_t segment_size = 0;  // largest payload of one segment on the wire
};

// What there is to know of an open connection to go on with it elsewhere, with a queue of the same
// bytes. What came out of order is not in it: the peer sends it again.
struct Snapshot {
  // As in Connection.
  std::uint32_t una = 0;
  std::uint32_t nxt = 0;
  std::uint32_t send_end = 0;
  std::uint32_t peer_window = 0;
  std::uint32_t max_peer_window = 0;
  std::uint32_t window_sequence = 0;
  std::uint32_t window_acknowledgment = 0;
  std::uint32_t expected = 0;
  std::uint32_t advertised = 0;
  std::uint32_t timestamp = 0;  // that a segment would have now
  std::uint32_t recent_timestamp = 0;
  std::uint16_t own_segment_size = 0;
  std::uint16_t peer_segment_size = 0;
  std::uint8_t peer_scale = 0;
  std::uint8_t own_scale = 0;
  bool fin_queued = false;
  bool fin_sent = false;
  bool peer_finished = false;
  bool timestamps = false;
  bool sack = false;
  bool scaled = false;
  bool active = false;

  // Bytes of the send queue.
  std::uint32_t queued() const { return fin_sent && una == send_end + 1 ? 0 : send_end - una; }
  // No Connection would give another.
  bool is_sound() const;

  friend bool operator==(const Snapshot&, const Snapshot&) = default;
};

// How far both directions of an open connection have come. Where the peer goes back to an earlier
// state of its own, it can go on with a connection only if that has not moved since.
struct Position {
  // As in Connection.
  std::uint32_t una = 0;
  std::uint32_t nxt = 0;
  std::uint32_t expected = 0;
  std::uint32_t recent_timestamp = 0;

  friend bool operator==(const Position&, const Position&) = default;
};

// What every peer takes over IPv4 and over IPv6 (RFC 9293, section 3.7.1).
inline constexpr std::uint16_t kDefaultSegment4 = 536;
inline constexpr std::uint16_t kDefaultSegment6 = 1220;

struct Parameters {
  Sequence initial_sequence;                  // RFC 6528
  std::uint32_t timestamp_offset = 0;         // RFC 7323, section 5.4
  std::uint16_t maximum_segment_size = 1460;  // what we can take: the MTU less the headers
  // What a peer takes that does not say.
  std::uint16_t default_segment_size = kDefaultSegment4;
  std::uint32_t receive_space = 65535;  // bytes the owner can keep
};

class Connection {
 public:
  // A guest's SYN. Nothing is answered until admit(), because only the owner can tell whether
  // there is anything to be connected to; abort() refuses.
  static Connection from_syn(Time now, const Segment& syn, const Parameters& parameters);
  // A connection to the guest: the SYN is ready to be sent.
  static Connection to_guest(Time now, const Parameters& parameters);

  // nullopt if the connection is not open, or only waits for its end.
  std::optional<Snapshot> snapshot(Time now) const;
  // nullopt if the connection is not open, or if there is something out of order, which the peer
  // may send otherwise when it comes back.
  std::optional<Position> position() const;
  // What the snapshot, which is sound, was of.
  static Connection restore(Time now, const Snapshot& snapshot);

  Arrival on_segment(Time now, const Segment& segment);
  // The first `count` bytes of arrival.payload at offset 0 were taken. Returns how many bytes kept
  // earlier now follow them in order; those are taken too.
  std::uint32_t received(Time now, std::uint32_t count);
  // Payload at `offset` was put aside. False if its place can't be remembered: it will come again.
  bool keep(std::uint32_t offset, std::uint32_t count);
  void on_time(Time now);

  // The way to the other side is open: the SYN may be answered.
  void admit() { held_ = false; }
  // How many bytes past the next expected one the owner can keep.
  void set_receive_space(std::uint32_t bytes);
  // So many bytes more are in the send queue.
  void enqueue(std::uint32_t bytes) { send_end_ += bytes; }
  // Nothing more will be enqueued: FIN follows the queue.
  void finish();
  // Ends the connection with a RST, the last segment to be sent.
  void abort();
  // Ends the wait of TIME-WAIT, in which the connection must be.
  void end_wait();

  // The next segment to send now, with at most `limit` bytes of payload. nullopt: no more for now.
  std::optional<Outgoing> next(Time now, std::uint32_t limit);
  // When to call on_time(), if nothing happens before.
  std::optional<Time> deadline(Time now) const;

  State state() const { return state_; }
  bool closed() const { return state_ == State::kClosed; }
  // We have sent the first SYN.
  bool is_active() const { return active_; }
  CloseReason close_reason() const { return reason_; }
  // The guest has acknowledged our SYN, and we its.
  bool synchronized() const { return state_ >= State::kEstablished && state_ < State::kClosed; }
  // The guest has sent everything it will, and we have received it.
  bool peer_finished() const { return peer_finished_; }
  // The number after the last that the peer sent in order, its SYN and FIN included: RCV.NXT.
  Sequence expected() const { return expected_; }
  // Our FIN, and all before it, has been acknowledged.
  bool finish_acknowledged() const { return fin_sent_ && una_ == nxt_; }
  // Bytes of the send queue that are not acknowledged, sent or not.
  std::uint32_t queued() const { return send_end_ - first_unacknowledged_byte(); }
  // What the peer's window and the congestion window let be in flight, in bytes.
  std::uint32_t send_window() const;
  // How many bytes the send queue needs for that: while some are lost, or have arrived behind a
  // gap, they are in the queue and not in flight.
  std::uint32_t sendable() const;
  // The largest payload of one segment to the guest.
  std::uint32_t maximum_payload() const;
  // Bytes past the next expected one that have been put aside.
  bool has_gaps() const { return out_of_order_ != nullptr; }
  Duration smoothed_round_trip() const { return rtt_.smoothed(); }
  // The shortest there was, in whole milliseconds up to a minute; zero before the first.
  Duration shortest_round_trip() const {
    return std::chrono::milliseconds(shortest_trip_ == kNoTrip ? 0 : shortest_trip_);
  }

  // How long each state lasts at most; documented in docs/architecture.md.
  static constexpr Duration kTimeWait = std::chrono::seconds(60);
  static constexpr Duration kDelayedAck = std::chrono::milliseconds(10);
  static constexpr Duration kKeepAliveIdle = std::chrono::hours(2);  // RFC 9293, section 3.8.4
  static constexpr Duration kHalfClosedIdle = std::chrono::minutes(2);
  static constexpr Duration kKeepAliveInterval = std::chrono::seconds(75);
  static constexpr unsigned kMaxSynRetries = 6;
  static constexpr unsigned kMaxRetries = 10;
  static constexpr unsigned kMaxKeepAlives = 9;

 private:
  enum class Recovery : std::uint8_t { kNone, kFast, kTimeout };
  static constexpr std::uint8_t kWindowScale = 7;
  static constexpr std::uint32_t kTimestampsSize = 12;  // bytes of options in every segment

  // What came beyond the next expected number.
  struct OutOfOrder {
    RangeSet ranges;
    Range newest{};  // the one that last grew: it is reported first (RFC 2018, section 4)
  };
  // What is lost or feared to be: see the top of this file. Outside recovery both ends are at or
  // before una_.
  struct Loss {
    explicit Loss(Sequence una) : end(una), resend_next(una), recovery_point(una - 1) {}

    RangeSet scoreboard;
    Sequence end;
    Sequence resend_next;
    Sequence recovery_point;  // recovery ends when this is acknowledged
    Sequence
        resent_before;  // what was sent from here on was sent after the first gap's second time
    Recovery recovery = Recovery::kNone;
    bool first = false;  // the first retransmission goes out whatever the window says
  };

  Connection(Time now, State state, const Parameters& parameters);

  // input.cc
  void on_syn_options(const Segment& segment);
  Arrival on_segment_in_syn_sent(Time now, const Segment& segment);
  bool acceptable(const Segment& segment) const;
  bool timestamp_too_old(Time now, const Segment& segment) const;
  void take_timestamp(Time now, const Segment& segment);
  bool on_reset(Time now, const Segment& segment);
  void take_payload(const Segment& segment, Arrival& arrival);
  void on_peer_finish(Time now);
  void challenge(Time now);
  // acknowledgment.cc
  bool acknowledgment_in_range(Sequence acknowledgment) const;
  void on_acknowledgment(Time now, const Segment& segment, Arrival& arrival);
  void on_new_acknowledgment(Time now, const Segment& segment, Arrival& arrival);
  void update_window(const Segment& segment);
  // True if it reports anything new.
  bool update_scoreboard(const Segment& segment);
  void detect_loss();
  void enter_recovery(Sequence lost_end);
  void measure(Duration round_trip);
  // Forgets the losses that are mended.
  void forget_losses();
  void on_our_finish_acknowledged(Time now);
  // output.cc
  Outgoing segment_at(Time now, Sequence sequence, TcpFlags flags);
  std::optional<Outgoing> next_syn(Time now);
  std::optional<Outgoing> next_retransmission(Time now, std::uint32_t limit);
  std::optional<Outgoing> next_data(Time now, std::uint32_t limit);
  std::optional<Outgoing> next_control(Time now);
  Outgoing data_segment(Time now, Sequence begin, std::uint32_t size);
  void add_sack_blocks(TcpOptions& options) const;
  std::uint32_t in_flight() const;
  std::uint32_t flight_size() const;
  std::uint32_t timestamp(Time now) const;
  void on_retransmission_time(Time now);
  void on_idle_time(Time now);
  void restart_retransmission(Time now);
  void set_idle(Time now);
  void close(CloseReason reason);
  Loss& loss();
  Recovery recovery() const { return loss_ ? loss_->recovery : Recovery::kNone; }

  bool has_unsent() const { return send_end_ != nxt_ || (fin_queued_ && !fin_sent_); }
  Sequence first_unacknowledged_byte() const {
    if (!syn_acknowledged_) return una_ + 1;
    return fin_sent_ && una_.after(send_end_) ? send_end_ : una_;
  }

  // Sending (RFC 9293, section 3.3.1). Bytes in [una_, nxt_) are in flight or lost, those in
  // [nxt_, send_end_) wait; FIN, once sent, is the number send_end_.
  Sequence una_;  // our SYN's own number until that is acknowledged
  Sequence nxt_;
  Sequence send_end_;
  std::uint32_t peer_window_ = 0;      // bytes, scaled
  std::uint32_t max_peer_window_ = 0;  // the largest it ever was
  Sequence window_sequence_;           // SND.WL1
  Sequence window_acknowledgment_;     // SND.WL2
  std::unique_ptr<Loss> loss_;         // while there may be any, and a while after without SACK
  Congestion congestion_;
  RttEstimator rtt_;
  Sequence timed_;              // the acknowledgment that ends the running measurement
  std::uint32_t timed_at_ = 0;  // microseconds, modulo 2^32

  // Receiving. advertised_ is the right edge we have promised; it never moves left.
  Sequence expected_;  // RCV.NXT
  Sequence advertised_;
  Sequence last_acknowledged_;  // the last acknowledgment we sent
  std::uint32_t receive_space_ = 0;
  Sequence peer_fin_;                         // its number, once peer_fin_seen_
  std::unique_ptr<OutOfOrder> out_of_order_;  // while there is any

  // Timestamps (RFC 7323).
  std::uint32_t timestamp_offset_ = 0;
  std::uint32_t recent_timestamp_ = 0;     // TS.Recent
  std::uint32_t recent_timestamp_at_ = 0;  // seconds, when it was taken

  Alarm retransmit_at_;  // with data in flight a timeout, without a window probe
  Alarm acknowledge_at_;
  Alarm idle_at_;                 // keep-alive, or the end of TIME-WAIT
  std::uint32_t challenged_ = 0;  // milliseconds, when the last challenge ACK was sent

  static constexpr std::uint16_t kNoTrip = 0xffff;
  std::uint16_t shortest_trip_ = kNoTrip;  // milliseconds
  std::uint16_t own_segment_size_;         // what we announce
  std::uint16_t peer_segment_size_;        // what the peer announced, or else the default
  State state_;
  CloseReason reason_ = CloseReason::kNone;
  std::uint8_t peer_scale_ = 0;
  std::uint8_t own_scale_ = 0;
  std::uint8_t duplicates_ = 0;  // duplicate acknowledgments in a row
  std::uint8_t retries_ = 0;     // timeouts in a row, for data or for a window
  std::uint8_t unanswered_ = 0;  // probes in a row, of a silent peer or a closed window

  bool held_ : 1 = false;  // the SYN may not be answered yet
  bool syn_acknowledged_ : 1 = false;
  bool syn_due_ : 1 = false;          // our SYN is to be sent, or sent again
  bool acknowledge_now_ : 1 = false;  // an ACK goes out with this batch
  bool reset_due_ : 1 = false;        // RST goes out, and that is the end
  bool probe_due_ : 1 = false;        // an ACK out of window, to be answered
  bool override_due_ : 1 = false;     // send though it is a small piece (RFC 9293, 3.8.6.2.1)
  bool syn_lost_ : 1 = false;         // our SYN was sent more than once
  bool fin_queued_ : 1 = false;
  bool fin_sent_ : 1 = false;
  bool peer_fin_seen_ : 1 = false;
  bool peer_finished_ : 1 = false;
  bool timing_ : 1 = false;
  bool window_full_ : 1 = false;  // the congestion window, when nothing more was to be sent
  bool timestamps_ : 1 = false;
  bool sack_ : 1 = false;
  bool scaled_ : 1 = false;
  bool active_ : 1 = false;  // we sent the first SYN
};

}  // namespace sluice::tcp

#endif  // SLUICE_STACK_TCP_CONNECTION_H_
