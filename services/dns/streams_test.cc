#include "services/dns/streams.h"

#include <gtest/gtest.h>

#include "services/dns/test_messages.h"
#include "tests/sim/service_world.h"

namespace sluice {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kMaxMessage = 1000;
constexpr Endpoint kGuest{IpAddress::v4(10, 0, 2, 15), 4000};

struct Messages final : DnsStreamClient {
  bool on_stream_message(Time now, SocketId stream, Bytes message) override {
    all.push_back({now, stream, Octets(message.begin(), message.end())});
    return will_answer;
  }
  void on_stream_closed(SocketId stream) override { closed.push_back(stream); }

  struct Message {
    Time at;
    SocketId stream;
    Octets bytes;
  };
  std::vector<Message> all;
  std::vector<SocketId> closed;
  bool will_answer = true;
};

class Streams : public testing::Test {
 protected:
  SocketId open(std::uint32_t index = 0) {
    return streams.open(world.now, {.kind = Token::Kind::kTcp, .index = index}, kGuest);
  }
  Transfer send(SocketId id, Bytes bytes) { return streams.send(id, {&bytes, 1}); }
  // The bytes that can be read now, and how the next read ends.
  std::pair<Octets, Transfer> read(SocketId id) {
    Octets all;
    Octets buffer(700);
    const MutableBytes room = buffer;
    while (true) {
      const Transfer got = streams.receive(id, {&room, 1});
      if (got.bytes == 0) return {all, got};
      all.insert(all.end(), buffer.begin(),
                 buffer.begin() + static_cast<std::ptrdiff_t>(got.bytes));
    }
  }
  void settle() { world.pass(milliseconds(3)); }
  // What was announced since the last call.
  Readiness announced() {
    Readiness all;
    for (const HostEvent& event : world.announced) {
      all.readable |= event.ready.readable;
      all.writable |= event.ready.writable;
    }
    world.announced.clear();
    return all;
  }

  ServiceWorld world;
  Messages messages;
  DnsCounters counters;
  DnsStreams streams{world, world.timers, messages, kMaxMessage, counters};
};

TEST_F(Streams, AMessageIsHandedOutWholeHoweverItCame) {
  const SocketId id = open();
  const Octets first(300, 1);
  const Octets second(5, 2);
  Octets bytes = framed(first);
  const Octets more = framed(second);
  bytes.insert(bytes.end(), more.begin(), more.end());
  for (const std::uint8_t byte : bytes) {
    EXPECT_EQ(send(id, Octets{byte}).bytes, 1U);
    settle();
  }
  ASSERT_EQ(messages.all.size(), 2U);
  EXPECT_EQ(messages.all[0].bytes, first);
  EXPECT_EQ(messages.all[1].bytes, second);
  EXPECT_EQ(messages.all[1].stream, id);
}

TEST_F(Streams, SeveralMessagesInSeveralPiecesAreHandedOutAtTheTimeThatIs) {
  const SocketId id = open();
  world.pass(seconds(7));
  const Octets one = framed(Octets(10, 1));
  const std::array<Bytes, 2> pieces{one, one};
  EXPECT_EQ(streams.send(id, pieces).bytes, 24U);
  EXPECT_TRUE(messages.all.empty());
  settle();
  ASSERT_EQ(messages.all.size(), 2U);
  EXPECT_GE(messages.all[0].at, Time{} + seconds(7));
}

TEST_F(Streams, AnswersComeInTheOrderTheyAreGiven) {
  const SocketId id = open();
  send(id, framed(Octets(10, 1)));
  send(id, framed(Octets(10, 2)));
  settle();
  announced();
  EXPECT_TRUE(read(id).second.would_block());
  EXPECT_TRUE(streams.answer(world.now, id, Octets(20, 2)));
  EXPECT_TRUE(announced().readable);
  EXPECT_TRUE(streams.answer(world.now, id, Octets(30, 1)));
  Octets expected = framed(Octets(20, 2));
  const Octets more = framed(Octets(30, 1));
  expected.insert(expected.end(), more.begin(), more.end());
  const auto [bytes, end] = read(id);
  EXPECT_EQ(bytes, expected);
  EXPECT_TRUE(end.would_block());
}

TEST_F(Streams, AHalfClosedStreamEndsBehindItsLastAnswer) {
  const SocketId id = open();
  send(id, framed(Octets(10, 1)));
  streams.shutdown_send(id);
  settle();
  ASSERT_EQ(messages.all.size(), 1U);
  EXPECT_TRUE(read(id).second.would_block());
  streams.answer(world.now, id, Octets(20));
  announced();
  Octets buffer(700);
  const MutableBytes room = buffer;
  EXPECT_EQ(streams.receive(id, {&room, 1}).bytes, 22U);
  settle();
  EXPECT_TRUE(announced().readable);  // a reader that stopped at a short count learns of the end
  const Transfer end = streams.receive(id, {&room, 1});
  EXPECT_EQ(end.bytes, 0U);
  EXPECT_EQ(end.error, std::errc{});
}

TEST_F(Streams, AStreamHalfClosedInTheMiddleOfAMessageEnds) {
  const SocketId id = open();
  send(id, Octets{0, 50, 1});
  streams.shutdown_send(id);
  settle();
  EXPECT_TRUE(announced().readable);
  EXPECT_EQ(read(id).second.error, std::errc{});
  EXPECT_TRUE(messages.all.empty());
}

TEST_F(Streams, AMessageThatIsTooLongEndsItsStreamBehindTheAnswersOwed) {
  const SocketId id = open();
  send(id, framed(Octets(10, 1)));
  send(id, Octets{0xff, 0xff, 1, 2, 3});
  settle();
  EXPECT_EQ(counters.malformed, 1U);
  EXPECT_TRUE(read(id).second.would_block());
  EXPECT_EQ(send(id, Octets(5000, 9)).bytes, 5000U);  // taken, and not looked at
  streams.answer(world.now, id, Octets(20));
  settle();
  const auto [bytes, end] = read(id);
  EXPECT_EQ(bytes.size(), 22U);
  EXPECT_EQ(end.error, std::errc{});
  EXPECT_EQ(messages.all.size(), 1U);
}

TEST_F(Streams, AMessageNeverAnsweredIsNotWaitedFor) {
  messages.will_answer = false;
  const SocketId id = open();
  for (unsigned i = 0; i < 3 * DnsStreams::kMaxPending; ++i) {
    send(id, framed(Octets{}));
    settle();
  }
  EXPECT_EQ(messages.all.size(), 3 * DnsStreams::kMaxPending);
  streams.shutdown_send(id);
  settle();
  EXPECT_EQ(read(id).second.error, std::errc{});
}

TEST_F(Streams, TakesNoMoreThanTheQueriesItMayHaveWaiting) {
  const SocketId id = open();
  const Octets message = framed(Octets(500, 1));
  std::size_t taken = 0;
  for (int i = 0; i < 100; ++i) {
    const Transfer sent = send(id, message);
    taken += sent.bytes;
    settle();
    if (sent.bytes < message.size()) break;
  }
  EXPECT_TRUE(send(id, message).would_block());
  EXPECT_EQ(messages.all.size(), DnsStreams::kMaxPending);
  EXPECT_EQ(taken, DnsStreams::kMaxPending * message.size() + 2 + kMaxMessage);
  announced();
  settle();
  EXPECT_FALSE(announced().writable);
  streams.answer(world.now, id, Octets(20));
  settle();
  EXPECT_TRUE(announced().writable);
  EXPECT_EQ(messages.all.size(), DnsStreams::kMaxPending + 1);
}

TEST_F(Streams, AGuestThatDoesNotReadGetsNoMoreThanTheLimit) {
  const SocketId id = open();
  const Octets big(60000, 1);
  for (int i = 0; i < 3; ++i) send(id, framed(Octets(10)));
  settle();
  EXPECT_TRUE(streams.answer(world.now, id, big));
  EXPECT_TRUE(streams.answer(world.now, id, big));
  EXPECT_FALSE(streams.answer(world.now, id, big));
  EXPECT_TRUE(streams.answer(world.now, id, Octets(DnsStreams::kShortReply)));
  // Nothing more is handed out until it reads.
  send(id, framed(Octets(10)));
  settle();
  EXPECT_EQ(messages.all.size(), 3U);
  EXPECT_EQ(read(id).first.size(), std::size_t{2} * 60002 + DnsStreams::kShortReply + 2);
  settle();
  EXPECT_EQ(messages.all.size(), 4U);
}

TEST_F(Streams, AnIdleStreamEndsAndABusyOneDoesNot) {
  const SocketId idle = open(1);
  const SocketId busy = open(2);
  messages.will_answer = false;
  for (int i = 0; i < 10; ++i) {
    world.pass(seconds(10));
    send(busy, framed(Octets(10)));
  }
  settle();
  EXPECT_EQ(read(idle).second.error, std::errc{});
  EXPECT_TRUE(read(busy).second.would_block());
  EXPECT_EQ(counters.streams_timed_out, 1U);
  EXPECT_EQ(world.announced.back().token.index, 1U);
  EXPECT_EQ(send(idle, Octets(5000)).bytes, 5000U);
}

TEST_F(Streams, BeyondTheLimitAStreamIsRefused) {
  std::vector<SocketId> all;
  for (std::uint32_t i = 0; i < DnsStreams::kMaxStreams; ++i) all.push_back(open(i));
  EXPECT_EQ(open(), SocketId::kNone);
  EXPECT_EQ(counters.streams_refused, 1U);
  streams.close(all[30], CloseMode::kReset);
  const SocketId again = open();
  EXPECT_NE(again, SocketId::kNone);
  EXPECT_NE(again, all[30]);
}

TEST_F(Streams, AClosedStreamIsGone) {
  const SocketId id = open();
  send(id, framed(Octets(10)));
  settle();
  streams.close(id, CloseMode::kReset);
  EXPECT_EQ(messages.closed, std::vector<SocketId>{id});
  EXPECT_TRUE(streams.answer(world.now, id, Octets(20)));
  EXPECT_TRUE(send(id, Octets(1)).failed());
  EXPECT_TRUE(read(id).second.failed());
  streams.shutdown_send(id);
  streams.close(id, CloseMode::kReset);
  EXPECT_EQ(messages.closed.size(), 1U);
  EXPECT_TRUE(send(SocketId::kNone, Octets(1)).failed());
  // The place is as new for the next.
  const SocketId next = open();
  settle();
  EXPECT_TRUE(read(next).second.would_block());
  EXPECT_TRUE(streams.answer(world.now, next, Octets(20)));  // nothing was asked
  EXPECT_TRUE(read(next).second.would_block());
}

}  // namespace
}  // namespace sluice
