// A TCP machine and a peer that says anything: segments around every edge of its windows, with any
// flags and options, while its owner does what owners may do and time passes.
//
// Whatever happened: what is acknowledged was sent, payload lies within what was promised and in
// order, each turn ends, and a closed connection asks for nothing more.

#include <array>
#include <cstdint>
#include <optional>

#include "fuzz/program.h"
#include "stack/tcp/connection.h"

namespace {

using namespace sluice;  // NOLINT(google-build-using-namespace): one program
using tcp::Connection;
using tcp::Sequence;

constexpr std::uint32_t kSpace = 100'000;

class Life {
 public:
  explicit Life(Bytes bytes) : program_(bytes), connection_(open()) {}

  void run() {
    for (int steps = 0; steps < 1000 && !program_.at_end(); ++steps) {
      step();
      take_turn();
    }
    // Left alone, it ends by itself or waits for its owner: its timers don't go on for ever.
    connection_.finish();
    for (int i = 0; i < 1000; ++i) {
      take_turn();
      const auto deadline = connection_.deadline();
      if (!deadline) break;
      now_ = std::max(now_, *deadline);
      connection_.on_time(now_);
    }
    require(!connection_.deadline());
  }

 private:
  Connection open() {
    const std::uint8_t how = program_.number();
    const tcp::Parameters parameters{.initial_sequence = Sequence(0xffffff00),
                                     .timestamp_offset = 5,
                                     .maximum_segment_size = 1460,
                                     .receive_space = kSpace};
    if ((how & 1) != 0) return Connection::to_guest(now_, parameters);
    tcp::Segment syn{.sequence = Sequence(0xfffffff0), .flags = {.syn = true}, .window = 0xffff};
    if ((how & 2) != 0) syn.options.window_scale = 7;
    if ((how & 4) != 0) syn.options.sack_permitted = true;
    if ((how & 8) != 0) syn.options.timestamps = TcpTimestamps{.value = 1};
    if ((how & 16) != 0) syn.options.maximum_segment_size = program_.number16();
    Connection connection = Connection::from_syn(now_, syn, parameters);
    peer_next_ = syn.sequence + 1;
    if ((how & 32) == 0) connection.admit();
    return connection;
  }

  void step() {
    switch (program_.number() % 10) {
      case 0:
        connection_.enqueue(take_room(program_.number16()));
        return;
      case 1:
        connection_.finish();
        finished_ = true;
        return;
      case 2:
        if (program_.number() == 0) connection_.abort();
        return;
      case 3:
        space_ = std::min<std::uint32_t>(program_.number16() * 2U, kSpace);
        connection_.set_receive_space(space_);
        return;
      case 4:
        connection_.admit();
        return;
      case 5:
        pass();
        return;
      default:
        peer_speaks();
    }
  }

  // Nobody enqueues after finish(), or without end.
  std::uint32_t take_room(std::uint32_t bytes) {
    if (finished_ || queued_ > (1U << 22)) return 0;
    queued_ += bytes;
    return bytes;
  }

  void pass() {
    const std::uint8_t how = program_.number();
    const auto deadline = connection_.deadline();
    if ((how & 1) != 0 && deadline) {
      now_ = std::max(now_, *deadline);
    } else {
      now_ += std::chrono::microseconds(std::int64_t{1} << (how % 36));
    }
    connection_.on_time(now_);
  }

  void peer_speaks() {
    const std::uint8_t bits = program_.number();
    const std::uint8_t how = program_.number();
    const auto wobble = static_cast<std::uint32_t>(static_cast<std::int8_t>(program_.number()));
    tcp::Segment segment{.sequence = peer_next_,
                         .acknowledgment = sent_end_,
                         .flags = {.fin = (bits & 1) != 0,
                                   .syn = (bits & 2) != 0,
                                   .rst = (bits & 4) != 0,
                                   .psh = (bits & 8) != 0,
                                   .ack = (bits & 16) == 0},
                         .window = program_.number16()};
    if ((bits & 32) != 0) segment.sequence += wobble * program_.number();
    if ((bits & 64) != 0) segment.acknowledgment += wobble * program_.number();
    if ((bits & 128) != 0) segment.payload = Bytes(payload_).first(program_.number16() % 3000);
    for (unsigned i = 0; i < (how & 3); ++i) {
      const Sequence left = sent_end_ - program_.number16();
      segment.options.sack.at(segment.options.sack_count++) = {
          left.number(), (left + program_.number16()).number()};
    }
    if ((how & 4) != 0) {
      segment.options.timestamps = TcpTimestamps{program_.number(), program_.number()};
    }
    if ((how & 8) != 0) segment.options.window_scale = program_.number() % 15;

    const bool was_closed = connection_.closed();
    const tcp::Arrival arrival = connection_.on_segment(now_, segment);
    require(arrival.acknowledged <= queued_);
    queued_ -= arrival.acknowledged;
    require(queued_ == connection_.queued() || connection_.closed());
    if (was_closed) require(arrival.payload.empty() && arrival.acknowledged == 0);
    if (!arrival.payload.empty()) take(arrival, how);
    // A peer that means well goes on where it was.
    if (wobble == 0) peer_next_ = segment.sequence + length_of(segment);
  }

  static std::uint32_t length_of(const tcp::Segment& segment) {
    return static_cast<std::uint32_t>(segment.payload.size()) + (segment.flags.syn ? 1 : 0) +
           (segment.flags.fin ? 1 : 0);
  }

  void take(const tcp::Arrival& arrival, std::uint8_t how) {
    const auto size = static_cast<std::uint32_t>(arrival.payload.size());
    require(arrival.offset + size <= kSpace);
    if (arrival.offset == 0) {
      const std::uint32_t taken = (how & 16) != 0 ? size / 2 : size;
      const std::uint32_t followed = connection_.received(now_, taken);
      require(followed <= kSpace);
    } else if ((how & 32) == 0) {
      connection_.keep(arrival.offset, size);
    }
  }

  void take_turn() {
    constexpr int kMostSegments = 10'000;
    for (int i = 0;; ++i) {
      require(i < kMostSegments);
      const auto segment = connection_.next(now_, (i & 1) != 0 ? 0 : 65'000);
      if (!segment) break;
      require(segment->offset + segment->length <= queued_);
      require(segment->options.size() <= TcpOptions::kMaxSize);
      sent_end_ =
          segment->sequence + segment->length + (segment->flags.syn || segment->flags.fin ? 1 : 0);
      if (segment->flags.syn && segment->flags.ack) peer_next_ = segment->acknowledgment;
    }
    if (connection_.closed()) require(!connection_.deadline());
  }

  Program program_;
  Time now_{std::chrono::seconds(1)};
  Sequence peer_next_{0xfffffff0};
  Connection connection_;
  Sequence sent_end_{0xffffff00};
  std::uint32_t queued_ = 0;  // not acknowledged
  std::uint32_t space_ = kSpace;
  bool finished_ = false;
  std::array<std::uint8_t, 3000> payload_{};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Life(Bytes(data, size)).run();
  return 0;
}
