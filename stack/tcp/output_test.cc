// What is sent and when: windows of the peer, small pieces, probes. RFC 9293, section 3.8.6.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "stack/tcp/scripted_peer.h"

namespace sluice::tcp {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr TcpFlags kAck{.ack = true};

Opening with_window(std::uint16_t bytes) {
  Opening opening;
  opening.peer_window = bytes;
  return opening;
}

// The peer has taken `count` bytes and closed its window.
ScriptedPeer shut(std::uint32_t count) {
  ScriptedPeer peer = ScriptedPeer::established(with_window(static_cast<std::uint16_t>(count)));
  peer.sends(count);
  peer.window = 0;
  EXPECT_EQ(peer.gives(peer.ack(count)).acknowledged, count);
  return peer;
}

TEST(TcpOutput, WhatIsQueuedGoesOutAtOnce) {
  // Nagle's algorithm is not ours: the bytes come from a stream that has done it, or not.
  ScriptedPeer peer = ScriptedPeer::established();
  for (std::uint32_t i = 0; i < 5; ++i) {
    const auto sent = peer.sends(10);
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_EQ(peer.place(sent[0]), 10 * i);
    EXPECT_EQ(sent[0].offset, 10 * i);
    EXPECT_EQ(sent[0].length, 10U);
    EXPECT_TRUE(sent[0].flags.psh);
  }
  EXPECT_EQ(peer.connection.queued(), 50U);
}

TEST(TcpOutput, ManySegmentsAreOneForTheLinkToCut) {
  ScriptedPeer peer = ScriptedPeer::established();
  peer.connection.enqueue(9500);
  const auto sent = peer.hears(65536);
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].length, 9500U);
  EXPECT_EQ(sent[0].segment_size, 1000);
}

TEST(TcpOutput, TheLimitIsKeptInWholeSegments) {
  ScriptedPeer peer = ScriptedPeer::established();
  peer.connection.enqueue(9500);
  const auto sent = peer.hears(3500);
  ASSERT_EQ(sent.size(), 3U);
  EXPECT_EQ(sent[0].length, 3000U);
  EXPECT_FALSE(sent[0].flags.psh);
  EXPECT_EQ(sent[2].length, 3500U) << "the last may end where the queue does";
  EXPECT_TRUE(sent[2].flags.psh);
}

TEST(TcpOutput, ALinkThatCutsNothingIsGivenSingleSegments) {
  ScriptedPeer peer = ScriptedPeer::established();
  peer.connection.enqueue(2500);
  const auto sent = peer.hears(0);
  ASSERT_EQ(sent.size(), 3U);
  EXPECT_EQ(sent[0].length, 1000U);
  EXPECT_EQ(sent[2].length, 500U);
}

TEST(TcpOutput, ThePeersWindowIsKept) {
  ScriptedPeer peer = ScriptedPeer::established(with_window(4000));
  std::uint32_t total = 0;
  for (const Said& segment : peer.sends(20000)) total += segment.length;
  EXPECT_EQ(total, 4000U);
  EXPECT_TRUE(peer.hears().empty());
  peer.gives(peer.ack(1000));
  const auto sent = peer.hears();
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(peer.place(sent[0]), 4000);
  EXPECT_EQ(sent[0].offset, 3000U) << "counted from what is not acknowledged";
  EXPECT_EQ(sent[0].length, 1000U);
}

TEST(TcpOutput, DataThatComesAgainMayBringTheNewestWindow) {
  ScriptedPeer peer = ScriptedPeer::established(with_window(4000));
  peer.gives_taken(peer.data(0, 1000));
  peer.gives_taken(peer.data(1000, 1000));
  peer.sends(10000);
  // The peer has taken nothing from its buffer, and sends old data again to say so.
  Segment again = peer.data(0, 1000);
  again.acknowledgment = peer.our_number(3000);
  again.window = 1000;
  EXPECT_EQ(peer.gives(again).acknowledged, 3000U);
  for (const Said& segment : peer.hears()) EXPECT_EQ(segment.length, 0U);
}

TEST(TcpOutput, AWindowThatShrinksLetsNothingOut) {
  ScriptedPeer peer = ScriptedPeer::established(with_window(4000));
  peer.sends(3000);
  peer.window = 1000;
  peer.gives(peer.ack(0));
  EXPECT_TRUE(peer.sends(1000).empty());
}

TEST(TcpOutput, ASmallWindowIsNotFilledWithSmallPieces) {
  // RFC 9293, section 3.8.6.2.1: a segment, or half the largest window, or everything there is.
  ScriptedPeer peer = ScriptedPeer::established(with_window(10000));
  peer.sends(10000);
  peer.window = 300;
  peer.gives(peer.ack(10000));
  EXPECT_TRUE(peer.sends(2000).empty());
  peer.window = 999;
  peer.gives(peer.ack(10000));
  EXPECT_TRUE(peer.hears().empty());
  peer.window = 1000;
  peer.gives(peer.ack(10000));
  EXPECT_EQ(peer.hears().at(0).length, 1000U);
}

TEST(TcpOutput, HalfOfASmallPeersWindowIsWorthSending) {
  ScriptedPeer peer = ScriptedPeer::established(with_window(600));
  EXPECT_EQ(peer.sends(2000).at(0).length, 600U);
  peer.window = 300;
  peer.gives(peer.ack(600));
  EXPECT_EQ(peer.hears().at(0).length, 300U);
}

TEST(TcpOutput, TheRestOfTheQueueIsSentHoweverSmall) {
  ScriptedPeer peer = ScriptedPeer::established(with_window(10000));
  peer.sends(10000);
  peer.window = 300;
  peer.gives(peer.ack(10000));
  EXPECT_EQ(peer.sends(200).at(0).length, 200U);
}

TEST(TcpOutput, ASmallPieceIsSentInTheEnd) {
  // The override timeout of RFC 9293, section 3.8.6.2.1.
  ScriptedPeer peer = ScriptedPeer::established(with_window(10000));
  peer.sends(10000);
  peer.window = 300;
  peer.gives(peer.ack(10000));
  EXPECT_TRUE(peer.sends(2000).empty());
  const auto sent = peer.waits(seconds(1));
  ASSERT_FALSE(sent.empty());
  EXPECT_EQ(peer.place(sent[0]), 10000);
  EXPECT_EQ(sent[0].length, 300U);
}

TEST(TcpOutput, AClosedWindowIsProbed) {
  // RFC 9293, section 3.8.6.1.
  ScriptedPeer peer = shut(4000);
  EXPECT_TRUE(peer.waits(hours(1)).empty()) << "not while there is nothing to send";
  EXPECT_TRUE(peer.sends(1000).empty());
  const auto probes = peer.waits(seconds(1));
  ASSERT_FALSE(probes.empty());
  EXPECT_EQ(probes[0].flags, kAck);
  EXPECT_EQ(peer.place(probes[0]), 3999);
  EXPECT_EQ(probes[0].length, 0U);
  peer.window = 4000;
  peer.gives(peer.ack(4000));
  EXPECT_EQ(peer.hears().at(0).length, 1000U);
}

TEST(TcpOutput, AProbeSpeaksForNoAcknowledgmentThatIsDue) {
  // The peer may drop what lies before its window without looking at the rest of it.
  ScriptedPeer peer = shut(4000);
  peer.sends(1000);
  const Duration until_probe = *peer.connection.deadline(peer.now) - peer.now;
  EXPECT_TRUE(peer.waits(until_probe - milliseconds(1)).empty());
  peer.gives_taken(peer.data(0, 7));
  const auto sent = peer.waits(milliseconds(20));
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_EQ(peer.place(sent[0]), 3999);
  EXPECT_EQ(peer.place(sent[1]), 4000);
  EXPECT_EQ(peer.acknowledged(sent[1]), 7);
}

TEST(TcpOutput, AFinishThatWaitsForTheWindowIsProbedForToo) {
  ScriptedPeer peer = shut(4000);
  peer.connection.finish();
  EXPECT_FALSE(peer.waits(seconds(1)).empty());
  EXPECT_EQ(peer.connection.state(), State::kEstablished);
  peer.window = 1;
  peer.gives(peer.ack(4000));
  EXPECT_TRUE(peer.hears().at(0).flags.fin);
}

TEST(TcpOutput, AWindowUpdateThatIsLostIsFoundOut) {
  ScriptedPeer peer = shut(4000);
  peer.sends(1000);
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(peer.waits(seconds(10)).empty());
    peer.gives(peer.ack(4000));
  }
  peer.window = 500;  // it has opened in the meantime, by half of the queue
  EXPECT_FALSE(peer.waits(minutes(2)).empty());
  peer.gives(peer.ack(4000));
  EXPECT_EQ(peer.waits(minutes(2)).at(0).length, 500U);
}

TEST(TcpOutput, AClosedWindowThatIsAnsweredIsProbedForEverEverMoreSeldom) {
  // RFC 9293, section 3.8.6.1: MUST-37 and SHLD-30.
  ScriptedPeer peer = shut(4000);
  peer.sends(1000);
  Duration longest{};
  Time last = peer.now;
  std::size_t probes = 0;
  const Time end = peer.now + hours(1);
  while (peer.now < end) {
    const auto due = peer.connection.deadline(peer.now);
    ASSERT_TRUE(due);
    for (const Said& probe : peer.waits(*due - peer.now)) {
      ++probes;
      EXPECT_GE(probe.at - last, longest);
      longest = probe.at - last;
      last = probe.at;
    }
    peer.gives(peer.ack(4000));
    ASSERT_FALSE(peer.connection.closed());
  }
  EXPECT_EQ(longest, RttEstimator::kMaximum);
  EXPECT_LT(probes, 75U);
  peer.window = 4000;
  peer.gives(peer.ack(4000));
  EXPECT_EQ(peer.hears().at(0).length, 1000U);
}

TEST(TcpOutput, AClosedWindowWithoutAnAnswerIsGivenUp) {
  ScriptedPeer peer = shut(4000);
  peer.sends(1000);
  const auto sent = peer.waits(minutes(30));
  ASSERT_GE(sent.size(), 5U);
  EXPECT_EQ(sent.back().flags, (TcpFlags{.rst = true, .ack = true}));
  EXPECT_EQ(peer.connection.close_reason(), CloseReason::kTimedOut);
}

TEST(TcpOutput, APeerThatTookItsWindowBackIsNotGivenUpWhileItAnswers) {
  // What was under way then is refused each time, and the refusal is an answer.
  ScriptedPeer peer = ScriptedPeer::established(with_window(4000));
  peer.sends(4000);
  peer.window = 0;
  const Time end = peer.now + hours(1);
  while (peer.now < end) {
    const auto due = peer.connection.deadline(peer.now);
    ASSERT_TRUE(due);
    peer.waits(*due - peer.now);
    peer.gives(peer.ack(1000));
    ASSERT_FALSE(peer.connection.closed());
  }
  peer.window = 4000;
  peer.gives(peer.ack(4000));
  EXPECT_EQ(peer.connection.queued(), 0U);
}

TEST(TcpOutput, APeerThatAnswersButNeverTakesIsGivenUp) {
  // RFC 9293, section 3.8.3: the same segment, again and again, into an open window.
  ScriptedPeer peer = ScriptedPeer::established();
  peer.sends(1000);
  const Time end = peer.now + hours(1);
  while (peer.now < end && !peer.connection.closed()) {
    peer.waits(*peer.connection.deadline(peer.now) - peer.now);
    peer.gives(peer.ack(0));
  }
  EXPECT_EQ(peer.connection.close_reason(), CloseReason::kTimedOut);
}

TEST(TcpOutput, NumbersWrapWithoutNotice) {
  // Our first segment crosses the end of the numbers: see Opening.
  ScriptedPeer peer = ScriptedPeer::established();
  const auto sent = peer.sends(5000);
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_GT(sent[0].sequence.number(), 0xf0000000U);
  EXPECT_EQ(peer.gives(peer.ack(200)).acknowledged, 200U);
  EXPECT_EQ(peer.gives(peer.ack(5000)).acknowledged, 4800U);
}

// Whatever the sizes of the queue, of the window and of segments: the queue goes out in order,
// once, in whole segments where it can, never beyond what the peer offers.
RC_GTEST_PROP(TcpOutput, TheQueueGoesOutOnceAndInOrder, ()) {
  Opening opening;
  opening.peer_options.maximum_segment_size = *rc::gen::inRange<std::uint16_t>(64, 1000);
  opening.peer_window = *rc::gen::inRange<std::uint16_t>(1, 20000);
  opening.ours.initial_sequence = Sequence(*rc::gen::arbitrary<std::uint32_t>());
  const auto limit = *rc::gen::inRange<std::uint32_t>(0, 65536);
  ScriptedPeer peer = ScriptedPeer::established(opening);
  peer.connection.enqueue(*rc::gen::inRange<std::uint32_t>(1, 50000));
  const std::uint32_t total = peer.connection.queued();
  std::uint32_t place = 0;
  std::uint32_t acknowledged = 0;
  for (int round = 0; round < 10000 && acknowledged < total; ++round) {
    const auto heard = peer.hears(limit);
    for (const Said& segment : heard) {
      RC_ASSERT(segment.length != 0);
      RC_ASSERT(peer.place(segment) == place);
      RC_ASSERT(segment.offset == place - acknowledged);
      RC_ASSERT(segment.length <= std::max<std::uint32_t>(limit, segment.segment_size));
      place += segment.length;
      RC_ASSERT(place <= acknowledged + opening.peer_window);
      RC_ASSERT(place <= total);
      RC_ASSERT(segment.flags.psh == (place == total));
    }
    acknowledged += peer.gives(peer.ack(place)).acknowledged;
    RC_ASSERT(acknowledged == place);
    if (!heard.empty()) continue;
    // A window that is too small a part of the largest waits for a timer.
    RC_ASSERT(peer.connection.deadline(peer.now).has_value());
    peer.now = *peer.connection.deadline(peer.now);
    peer.connection.on_time(peer.now);
  }
  RC_ASSERT(acknowledged == total);
}

TEST(TcpOutput, SackBlocksNeverMakeASegmentLargerThanThePeerTakes) {
  for (const bool timestamps : {false, true}) {
    Opening opening;
    opening.peer_options.sack_permitted = true;
    if (timestamps) opening.peer_options.timestamps = TcpTimestamps{1, 0};
    ScriptedPeer peer = ScriptedPeer::established(opening);
    for (const std::uint32_t gap : {2000U, 4000U, 6000U}) peer.gives_taken(peer.data(gap, 500));
    std::size_t told = 0;
    for (const Said& segment : peer.sends(8000)) {
      const std::uint32_t payload = std::min<std::uint32_t>(segment.length, segment.segment_size);
      EXPECT_LE(payload + segment.options.size(), 1000U);
      EXPECT_TRUE(segment.length == 0 || segment.options.sack_count == 0);
      told += segment.options.sack_count;
    }
    EXPECT_EQ(told, 3U) << "in an acknowledgment of their own";
  }
}

}  // namespace
}  // namespace sluice::tcp
