// A TCP connection whose peer, owner and clock do anything at all.
//
// The first byte of input chooses who opens (bit 0) and which options the peer's SYN has (bits 1 to
// 3: window scale, SACK, timestamps), the second its scale. Eight bytes are one step:
//   0  bits 0-2 what happens: 0-3 a segment, 4 queue or finish, 5 time passes, 6 receive space or
//      admission, 7 abort (only if byte 1 is 0xff, or there would be little else)
//   1  flags of the segment     2  what its number and acknowledgment are near to
//   3  how far from it, signed  4  the same for the acknowledgment
//   5  payload bytes / 16       6  window    7  options, bit 7: payload is left to come again
// After each step the owner takes its turn. In the end the peer falls silent, and the connection
// must end by itself.

#include <algorithm>
#include <array>
#include <deque>

#include <gsl/assert>

#include "stack/tcp/connection.h"

namespace sluice::tcp {
namespace {

constexpr std::size_t kStep = 8;
constexpr std::uint32_t kMaxQueue = 1U << 17;
constexpr int kPatience = 20000;  // segments in one turn: the queue twice, in the smallest pieces
constexpr Sequence kIss{0xffffff80};
constexpr Sequence kIrs{0x7fffff80};

Bytes payload_of(std::size_t size) {
  static constexpr std::array<std::uint8_t, 4096> kZeros{};
  return Bytes(kZeros).first(size);
}

class World {
 public:
  World(std::uint8_t bits, std::uint8_t scale)
      : scale_(scale % 15),
        bits_(bits),
        active_((bits & 1) != 0),
        admitted_(active_),
        connection_(active_ ? Connection::to_guest(now_, kParameters)
                            : Connection::from_syn(now_, syn(), kParameters)) {
    turn();
  }

  void step(Bytes step) {
    switch (step[0] & 7U) {
      case 4:
        queue(step);
        break;
      case 5:
        pass(step);
        break;
      case 6:
        if (step[1] % 4 == 0) {
          admitted_ = true;
          connection_.admit();
        } else {
          space_ = std::uint32_t{step[2]} << (step[3] & 7U);
          connection_.set_receive_space(space_);
          edge_ = std::max(edge_, taken_ + space_);
        }
        break;
      case 7:
        if (step[1] == 0xff) connection_.abort();
        break;
      default:
        give(step);
    }
    turn();
  }

  // The peer says no more: everything ends.
  void end() {
    connection_.admit();
    admitted_ = true;
    turn();
    for (int i = 0; i < 100 && !connection_.closed(); ++i) {
      now_ = std::max(now_, *connection_.deadline(now_));
      connection_.on_time(now_);
      turn();
    }
    Ensures(connection_.closed());
  }

 private:
  static constexpr std::uint16_t kSynWindow = 8000;
  static constexpr Parameters kParameters{.initial_sequence = kIss,
                                          .timestamp_offset = 0xfffff000,
                                          .maximum_segment_size = 1460,
                                          .receive_space = 20000};

  Segment syn() const {
    Segment syn{.sequence = kIrs, .flags = {.syn = true}, .window = kSynWindow};
    if ((bits_ & 2) != 0) syn.options.window_scale = scale_;
    syn.options.sack_permitted = (bits_ & 4) != 0;
    if ((bits_ & 8) != 0) syn.options.timestamps = TcpTimestamps{peer_clock_, 0};
    return syn;
  }

  // A number near one that matters, or as far from it as numbers can be.
  static Sequence near(unsigned selector, std::uint8_t distance,
                       const std::array<Sequence, 4>& edges) {
    const auto offset = static_cast<std::int8_t>(distance);
    const bool far = offset < -64 || offset > 64;
    const unsigned factor = (selector & 4U) == 0 ? 1U : (far ? 1U << 24 : 100U);
    return edges.at(selector & 3U) + static_cast<std::uint32_t>(offset) * factor;
  }

  Segment segment(Bytes step) {
    const Sequence expected = irs_ + 1 + static_cast<std::uint32_t>(taken_);
    const std::array<Sequence, 4> theirs{expected, heard_edge_, irs_, heard_acknowledgment_};
    const std::array<Sequence, 4> ours{kIss + 1 + static_cast<std::uint32_t>(acknowledged_),
                                       heard_end_, kIss,
                                       kIss + 1 + static_cast<std::uint32_t>(enqueued_)};
    Segment segment{.sequence = near(step[2], step[3], theirs),
                    .acknowledgment = near(step[2] >> 4U, step[4], ours),
                    .flags = {.fin = (step[1] & 1U) != 0,
                              .syn = (step[1] & 2U) != 0,
                              .rst = (step[1] & 4U) != 0,
                              .psh = (step[1] & 8U) != 0,
                              .ack = (step[1] & 16U) != 0,
                              .urg = (step[1] & 32U) != 0},
                    .window = static_cast<std::uint16_t>(step[6] << (step[7] & 8U)),
                    .payload = payload_of(std::size_t{step[5]} * 16)};
    // What a parser passes on: scales up to 14, sizes of any kind.
    if (segment.flags.syn && (bits_ & 2) != 0) segment.options.window_scale = scale_;
    if (segment.flags.syn) segment.options.maximum_segment_size = std::uint16_t{step[6]};
    segment.options.sack_permitted = segment.flags.syn && (bits_ & 4) != 0;
    if ((step[7] & 1U) != 0) {
      peer_clock_ += static_cast<std::uint32_t>(static_cast<std::int8_t>(step[4]));
      segment.options.timestamps = TcpTimestamps{peer_clock_, heard_clock_ - step[3] % 3};
    }
    for (unsigned i = 0; i < ((step[7] >> 1U) & 3U); ++i) {
      // Blocks of honest sizes, or anywhere on the circle.
      const bool wild = (step[2] & 8U) != 0;
      const Sequence left = near(step[2] >> 4U, static_cast<std::uint8_t>(step[4] + 7 * i), ours) +
                            (wild ? std::uint32_t{step[3]} << 24U : 0U);
      const unsigned width = wild ? 1U << 24 : i + 1;
      segment.options.sack.at(i) = {(left + 1).number(), (left + 1 + step[6] * width).number()};
      segment.options.sack_count = static_cast<std::uint8_t>(i + 1);
    }
    return segment;
  }

  void give(Bytes step) {
    const Segment given = segment(step);
    const unsigned scale = (bits_ & 2) != 0 && !given.flags.syn ? scale_ : 0;
    const std::uint32_t window = std::uint32_t{given.window} << scale;
    // What is acknowledged from further away than any window reaches offers nothing.
    constexpr std::uint32_t kFurthest = 1U << 30;
    if (given.flags.ack && heard_end_ - given.acknowledgment <= kFurthest) {
      offered_ = later(offered_, given.acknowledgment + window);
    }
    if (given.flags.syn) offered_ = later(offered_, kIss + 1 + window);
    const bool calling = connection_.state() == State::kSynSent;
    const Arrival arrival = connection_.on_segment(now_, given);
    if (calling && connection_.state() != State::kSynSent) irs_ = given.sequence;
    take(step, arrival);
  }

  void take(Bytes step, const Arrival& arrival) {
    Ensures(arrival.verdict != Arrival::Verdict::kReopen ||
            connection_.state() == State::kTimeWait);
    Ensures(arrival.verdict != Arrival::Verdict::kReset || connection_.state() == State::kSynSent ||
            connection_.state() == State::kSynReceived);
    acknowledged_ += arrival.acknowledged;
    Ensures(acknowledged_ <= enqueued_);
    const auto size = static_cast<std::uint32_t>(arrival.payload.size());
    if (size == 0) return;
    Ensures(arrival.verdict == Arrival::Verdict::kAccepted && !connection_.closed());
    Ensures(taken_ + arrival.offset + size <= edge_);
    if (arrival.offset == 0) {
      receive((step[7] & 0x80U) != 0 ? size / 2 : size);
    } else if ((step[7] & 0x80U) == 0 && connection_.keep(arrival.offset, size)) {
      kept_.resize(std::max<std::size_t>(kept_.size(), arrival.offset + size));
      std::fill_n(kept_.begin() + arrival.offset, size, true);
    }
  }

  void receive(std::uint32_t count) {
    const std::uint32_t filled = connection_.received(now_, count);
    kept_.erase(kept_.begin(), kept_.begin() + std::min<std::ptrdiff_t>(count, std::ssize(kept_)));
    std::uint32_t expected = 0;
    while (count != 0 && !kept_.empty() && kept_.front()) {
      kept_.pop_front();
      ++expected;
    }
    Ensures(filled == expected);
    taken_ += count + filled;
  }

  void queue(Bytes step) {
    if (step[1] == 0) {
      finished_ = true;
      connection_.finish();
    }
    if (finished_ || connection_.closed()) return;
    const std::uint32_t count = std::uint32_t{step[2]} * step[3];
    if (enqueued_ - acknowledged_ + count > kMaxQueue) return;
    enqueued_ += count;
    connection_.enqueue(count);
  }

  void pass(Bytes step) {
    const auto deadline = connection_.deadline(now_);
    if ((step[1] & 1U) != 0 && deadline) {
      now_ = std::max(now_, *deadline);
    } else {
      now_ += std::chrono::milliseconds(std::uint32_t{step[2]} * step[3]);
    }
    connection_.on_time(now_);
  }

  void turn() {
    const std::uint32_t limit = (bits_ & 16) != 0 ? 65000 : 0;
    const bool was_closed = connection_.closed();
    int sent = 0;
    while (const auto outgoing = connection_.next(now_, limit)) {
      Ensures(++sent < kPatience);
      Ensures(!was_closed || outgoing->flags.rst);
      check(*outgoing, limit);
    }
    Ensures(connection_.queued() == enqueued_ - acknowledged_);
    Ensures(!connection_.has_gaps() || std::find(kept_.begin(), kept_.end(), true) != kept_.end());
    // A connection that is not closed has something to wait for, once its SYN may be answered.
    Ensures(connection_.closed() ? !connection_.deadline(now_)
                                 : !admitted_ || connection_.deadline(now_).has_value());
  }

  void check(const Outgoing& outgoing, std::uint32_t limit) {
    const std::uint32_t queued = connection_.queued();
    Ensures(outgoing.segment_size != 0);
    Ensures(outgoing.length <= std::max<std::uint32_t>(limit, outgoing.segment_size));
    if (outgoing.length != 0) {
      Ensures(outgoing.offset + outgoing.length <= queued);
      const std::uint64_t place = acknowledged_ + outgoing.offset;
      Ensures(outgoing.sequence == kIss + 1 + static_cast<std::uint32_t>(place));
    }
    if (outgoing.flags.fin) Ensures(finished_ && outgoing.offset + outgoing.length == queued);
    Ensures(outgoing.options.size() <= TcpOptions::kMaxSize);
    const Sequence end = outgoing.sequence + outgoing.length + (outgoing.flags.fin ? 1 : 0);
    if (end != outgoing.sequence) Ensures(end.at_or_before(offered_));
    heard_end_ = later(heard_end_, end);
    if (outgoing.options.timestamps) heard_clock_ = outgoing.options.timestamps->value;
    if (!outgoing.flags.ack || outgoing.flags.rst) return;
    // Everything that was taken is acknowledged, and the FIN behind it.
    const std::uint32_t fin = connection_.peer_finished() ? 1 : 0;
    heard_acknowledgment_ = outgoing.acknowledgment;
    Ensures(outgoing.acknowledgment == irs_ + 1 + static_cast<std::uint32_t>(taken_) + fin);
    const unsigned scale = (bits_ & 2) != 0 && !outgoing.flags.syn ? 7 : 0;
    const std::uint32_t window = std::uint32_t{outgoing.window} << scale;
    Ensures(taken_ + window <= edge_ + fin);
    heard_edge_ = outgoing.acknowledgment + window;
  }

  Time now_ = Time{} + std::chrono::hours(1);
  std::uint32_t peer_clock_ = 0xffffff00;
  std::uint8_t scale_;
  std::uint8_t bits_;
  bool active_;
  bool admitted_;
  bool finished_ = false;
  std::uint32_t space_ = kParameters.receive_space;
  // Both streams, counted from 0.
  std::uint64_t enqueued_ = 0;
  std::uint64_t acknowledged_ = 0;
  std::uint64_t taken_ = 0;
  std::uint64_t edge_ = space_;  // the end of what the owner ever offered to keep
  std::deque<bool> kept_;        // which bytes from taken_ on were put aside
  // What the peer has heard last.
  Sequence irs_ = kIrs;  // of the SYN that the connection took
  Sequence heard_acknowledgment_ = kIrs + 1;
  Sequence heard_edge_ = kIrs + 1;
  Sequence heard_end_ = kIss + 1;
  Sequence offered_ = kIss + 1 + (active_ ? 0 : kSynWindow);  // the furthest edge it ever offered
  std::uint32_t heard_clock_ = 0;
  Connection connection_;
};

void run(Bytes input) {
  if (input.size() < 2) return;
  World world(input[0], input[1]);
  for (Bytes rest = input.subspan(2); rest.size() >= kStep; rest = rest.subspan(kStep)) {
    world.step(rest.first(kStep));
  }
  world.end();
}

}  // namespace
}  // namespace sluice::tcp

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::tcp::run({data, size});
  return 0;
}
