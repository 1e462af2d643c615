// More bytes than there are sequence numbers, each way.

#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "stack/tcp/connection.h"

namespace sluice::tcp {
namespace {

constexpr std::uint64_t kBytes = std::uint64_t{9} << 30;  // twice around
constexpr Parameters kParameters{.initial_sequence = Sequence(0xffff0000),
                                 .maximum_segment_size = 1460,
                                 .receive_space = 1 << 20};

class LongTransfer : public testing::Test {
 protected:
  LongTransfer() {
    connection_.next(now_, 0);
    peer_sends({.syn = true, .ack = true}, {}, {.maximum_segment_size = 1460, .window_scale = 7});
    peer_sequence_ += 1;
    connection_.next(now_, 0);
  }

  Arrival peer_sends(TcpFlags flags, Bytes payload, const TcpOptions& options = {}) {
    return connection_.on_segment(now_, {.sequence = peer_sequence_,
                                         .acknowledgment = peer_expects_,
                                         .flags = flags,
                                         .window = 0xffff,
                                         .options = options,
                                         .payload = payload});
  }

  Time now_{std::chrono::seconds(1)};
  Connection connection_ = Connection::to_guest(now_, kParameters);
  Sequence peer_sequence_{0xfffffff0};
  Sequence peer_expects_ = kParameters.initial_sequence + 1;
};

TEST_F(LongTransfer, EveryByteSentIsAcknowledgedOnce) {
  ASSERT_TRUE(connection_.synchronized());
  std::uint64_t acknowledged = 0;
  while (acknowledged < kBytes) {
    now_ += std::chrono::milliseconds(1);
    connection_.enqueue(1U << 20);
    std::uint32_t sent = 0;
    while (const auto segment = connection_.next(now_, 65000)) {
      ASSERT_EQ(segment->sequence, peer_expects_);
      ASSERT_EQ(segment->offset, sent);
      peer_expects_ = segment->sequence + segment->length;
      sent += segment->length;
    }
    ASSERT_GT(sent, 0U);
    const Arrival arrival = peer_sends({.ack = true}, {});
    ASSERT_EQ(arrival.acknowledged, sent);
    acknowledged += sent;
    // The queue need not grow without end.
    while (connection_.queued() > (4U << 20)) {
      const auto before = acknowledged;
      std::uint32_t more = 0;
      while (const auto segment = connection_.next(now_, 65000)) {
        peer_expects_ = segment->sequence + segment->length;
        more += segment->length;
      }
      acknowledged += peer_sends({.ack = true}, {}).acknowledged;
      ASSERT_EQ(acknowledged, before + more);
    }
  }
}

TEST_F(LongTransfer, EveryByteReceivedIsDeliveredOnce) {
  const std::vector<std::uint8_t> payload(60000);
  std::uint64_t received = 0;
  while (received < kBytes) {
    now_ += std::chrono::milliseconds(1);
    connection_.set_receive_space(1U << 20);
    const Arrival arrival = peer_sends({.ack = true}, payload);
    ASSERT_EQ(arrival.payload.size(), payload.size());
    ASSERT_EQ(arrival.offset, 0U);
    ASSERT_EQ(connection_.received(now_, 60000), 0U);
    peer_sequence_ += 60000;
    received += payload.size();
    std::optional<Sequence> acknowledged;
    while (const auto segment = connection_.next(now_, 0)) acknowledged = segment->acknowledgment;
    ASSERT_EQ(acknowledged, peer_sequence_);
  }
}

}  // namespace
}  // namespace sluice::tcp
