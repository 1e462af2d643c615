// What the peer has, and what is done about what it has not: RFC 5681, RFC 6582, RFC 6675,
// RFC 3042 and RFC 6298.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "stack/tcp/scripted_peer.h"

namespace sluice::tcp {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

Opening with_sack() {
  Opening opening;
  opening.peer_options.sack_permitted = true;
  return opening;
}

// A peer that opened 10 ms after it was called, with `count` segments of ours under way.
ScriptedPeer in_flight(std::uint32_t count, const Opening& opening = {}) {
  ScriptedPeer peer = ScriptedPeer::opening(opening);
  peer.connection.admit();
  peer.hears();
  peer.now += milliseconds(10);
  peer.gives(peer.ack(0));
  for (std::uint32_t i = 0; i < count; ++i) EXPECT_EQ(peer.sends(1000).size(), 1U);
  return peer;
}

Segment duplicate(const ScriptedPeer& peer, std::uint32_t acknowledged,
                  const std::vector<SackBlock>& blocks = {}) {
  Segment ack = peer.ack(acknowledged);
  for (const SackBlock& block : blocks) ack.options.sack.at(ack.options.sack_count++) = block;
  return ack;
}

// What is heard after the peer repeats an acknowledgment.
std::vector<Said> repeats(ScriptedPeer& peer, std::uint32_t acknowledged, int times) {
  std::vector<Said> heard;
  for (int i = 0; i < times; ++i) {
    peer.gives(duplicate(peer, acknowledged));
    const auto more = peer.hears();
    heard.insert(heard.end(), more.begin(), more.end());
  }
  return heard;
}

TEST(TcpLoss, AcknowledgedBytesAreTheOwnersToRelease) {
  ScriptedPeer peer = in_flight(3);
  EXPECT_EQ(peer.connection.queued(), 3000U);
  EXPECT_EQ(peer.gives(peer.ack(1500)).acknowledged, 1500U);
  EXPECT_EQ(peer.gives(peer.ack(1500)).acknowledged, 0U);
  EXPECT_EQ(peer.gives(peer.ack(3000)).acknowledged, 1500U);
  EXPECT_EQ(peer.connection.queued(), 0U);
  EXPECT_TRUE(peer.waits(minutes(1)).empty());
}

TEST(TcpLoss, TheShortestRoundTripIsRemembered) {
  ScriptedPeer peer = in_flight(1);
  EXPECT_EQ(peer.connection.shortest_round_trip(), milliseconds(10));
  peer.now += milliseconds(4);
  peer.gives(peer.ack(1000));
  EXPECT_EQ(peer.connection.shortest_round_trip(), milliseconds(4));
  peer.sends(1000);
  peer.now += milliseconds(50);
  peer.gives(peer.ack(2000));
  EXPECT_EQ(peer.connection.shortest_round_trip(), milliseconds(4));
}

TEST(TcpLoss, ThreeDuplicatesBringTheFirstSegmentAgain) {
  // RFC 5681, section 3.2.
  ScriptedPeer peer = in_flight(6);
  EXPECT_TRUE(repeats(peer, 0, 2).empty());
  const auto again = repeats(peer, 0, 1);
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(peer.place(again[0]), 0);
  EXPECT_EQ(again[0].offset, 0U);
  EXPECT_EQ(again[0].length, 1000U);
  EXPECT_TRUE(repeats(peer, 0, 2).empty()) << "and once only";
}

TEST(TcpLoss, AFastRetransmitHalvesWhatMayBeInFlight) {
  ScriptedPeer peer = in_flight(10);
  repeats(peer, 0, 3);
  EXPECT_EQ(peer.connection.send_window(), 5000U);
  peer.gives(peer.ack(10000));
  EXPECT_EQ(peer.connection.send_window(), 5000U);
}

TEST(TcpLoss, OneAcknowledgmentOfManySegmentsHalvesNoMore) {
  // The flight is what was not acknowledged cumulatively (RFC 5681, section 2; RFC 6675, section
  // 5), even if one acknowledgment reports nearly all of it at once, as a batch's does.
  ScriptedPeer peer = in_flight(10, with_sack());
  peer.gives(duplicate(peer, 0, {peer.sack(1000, 10000)}));
  EXPECT_EQ(peer.connection.send_window(), 5000U);
  EXPECT_EQ(peer.place(peer.hears().at(0)), 0);
}

TEST(TcpLoss, ABatchThatAcknowledgesMuchAndThenALossHalvesTheWindowAndNotTheRest) {
  ScriptedPeer peer = in_flight(10, with_sack());
  peer.gives(peer.ack(6000));
  peer.gives(duplicate(peer, 6000, {peer.sack(7000, 10000)}));
  EXPECT_GE(peer.connection.send_window(), 5000U);
}

TEST(TcpLoss, RecoverySendsNewDataInPlaceOfWhatHasArrived) {
  ScriptedPeer peer = in_flight(10, with_sack());
  peer.gives(duplicate(peer, 0, {peer.sack(1000, 10000)}));
  // Five segments may be in flight, and the queue holds ten that are not.
  EXPECT_EQ(peer.connection.sendable(), 15000U);
  const auto sent = peer.sends(4000);
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_EQ(peer.place(sent[0]), 0);
  EXPECT_EQ(peer.place(sent[1]), 10000);
  EXPECT_EQ(sent[1].length, 4000U);
}

TEST(TcpLoss, ARetransmissionThatIsLostIsFoundByWhatWasSentAfterIt) {
  ScriptedPeer peer = in_flight(10, with_sack());
  peer.gives(duplicate(peer, 0, {peer.sack(1000, 10000)}));
  EXPECT_EQ(peer.sends(4000).size(), 2U);
  peer.gives(duplicate(peer, 0, {peer.sack(1000, 12000)}));
  EXPECT_TRUE(peer.hears().empty()) << "two segments may have overtaken it";
  peer.gives(duplicate(peer, 0, {peer.sack(1000, 13000)}));
  const auto again = peer.hears();
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(peer.place(again[0]), 0);
  peer.gives(duplicate(peer, 0, {peer.sack(1000, 14000)}));
  EXPECT_TRUE(peer.hears().empty()) << "that was sent before";
}

TEST(TcpLoss, TheFirstTwoDuplicatesLetNewSegmentsOut) {
  // Limited transmit (RFC 3042): the congestion window of ten segments is full.
  ScriptedPeer peer = in_flight(10);
  EXPECT_TRUE(peer.sends(5000).empty());
  auto fresh = repeats(peer, 0, 1);
  ASSERT_EQ(fresh.size(), 1U);
  EXPECT_EQ(peer.place(fresh[0]), 10000);
  fresh = repeats(peer, 0, 1);
  ASSERT_EQ(fresh.size(), 1U);
  EXPECT_EQ(peer.place(fresh[0]), 11000);
  const auto again = repeats(peer, 0, 1);
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(peer.place(again[0]), 0);
  EXPECT_EQ(peer.connection.send_window(), 5000U) << "they do not count as flight (RFC 5681, 3.2)";
}

TEST(TcpLoss, LimitedTransmitKeepsToThePeersWindow) {
  Opening opening;
  opening.peer_window = 5000;
  ScriptedPeer peer = in_flight(5, opening);
  peer.connection.enqueue(5000);
  EXPECT_TRUE(repeats(peer, 0, 2).empty());
}

TEST(TcpLoss, WhatIsNoDuplicateDoesNotCount) {
  // RFC 5681, section 2: no data, no change of the window, nothing acknowledged.
  ScriptedPeer peer = in_flight(6);
  for (std::uint32_t i = 0; i < 5; ++i) {
    peer.gives_taken(peer.data(i * 10, 10));
    peer.sent = i * 10 + 10;
  }
  for (int i = 0; i < 5; ++i) {
    ++peer.window;
    peer.gives(peer.ack(0));
  }
  for (const Said& segment : peer.hears()) EXPECT_EQ(segment.length, 0U);
}

TEST(TcpLoss, DuplicatesWithNothingUnderWayMeanNothing) {
  ScriptedPeer peer = in_flight(1);
  peer.gives(peer.ack(1000));
  EXPECT_TRUE(repeats(peer, 1000, 5).empty());
}

TEST(TcpLoss, APartialAcknowledgmentBringsTheNextHole) {
  // NewReno (RFC 6582, section 3.2): segments 0 and 3 of 8 are lost.
  ScriptedPeer peer = in_flight(8);
  EXPECT_EQ(repeats(peer, 0, 5).size(), 1U);
  EXPECT_EQ(peer.gives(peer.ack(3000)).acknowledged, 3000U);
  const auto next = peer.hears();
  ASSERT_EQ(next.size(), 1U);
  EXPECT_EQ(peer.place(next[0]), 3000);
  EXPECT_EQ(next[0].offset, 0U);
  EXPECT_EQ(next[0].length, 1000U);
  peer.gives(peer.ack(8000));
  EXPECT_TRUE(peer.waits(seconds(1)).empty());
}

TEST(TcpLoss, DuplicatesOfWhatWasSentDuringARecoveryStartNoOther) {
  // RFC 6582, section 4.1: after it, they may be of segments that were sent twice for nothing.
  ScriptedPeer peer = in_flight(8);
  repeats(peer, 0, 3);
  peer.gives(peer.ack(8000));
  EXPECT_EQ(peer.sends(3000).size(), 1U);
  EXPECT_TRUE(repeats(peer, 8000, 5).empty());
  peer.gives(peer.ack(9000));
  EXPECT_EQ(repeats(peer, 9000, 3).size(), 1U) << "beyond its end they count again";
}

TEST(TcpLoss, AfterALongQuietTransferALossIsStillSeen) {
  // Numbers wrap; the end of a recovery long ago must not lie ahead.
  ScriptedPeer peer = in_flight(4);
  repeats(peer, 0, 3);
  std::uint32_t place = 4000;
  peer.gives(peer.ack(place));
  for (std::uint32_t round = 0; round < 90000; ++round) {
    const std::uint32_t before = place;
    for (const Said& segment : peer.sends(48000)) place += segment.length;
    ASSERT_NE(place, before);
    peer.gives(peer.ack(place));
  }
  peer.connection.enqueue(8000);
  peer.hears();
  EXPECT_FALSE(repeats(peer, place, 3).empty());
}

TEST(TcpLoss, TheScoreboardTellsWhatIsLost) {
  // RFC 6675: segments 0, 2 and 4 of ten are lost.
  ScriptedPeer peer = in_flight(10, with_sack());
  peer.gives(duplicate(peer, 0, {peer.sack(1000, 2000)}));
  EXPECT_TRUE(peer.hears().empty());
  peer.gives(duplicate(peer, 0, {peer.sack(3000, 4000), peer.sack(1000, 2000)}));
  EXPECT_TRUE(peer.hears().empty());
  peer.gives(
      duplicate(peer, 0, {peer.sack(5000, 10000), peer.sack(3000, 4000), peer.sack(1000, 2000)}));
  const auto again = peer.hears();
  ASSERT_EQ(again.size(), 3U);
  EXPECT_EQ(peer.place(again[0]), 0);
  EXPECT_EQ(peer.place(again[1]), 2000);
  EXPECT_EQ(peer.place(again[2]), 4000);
  for (const Said& segment : again) EXPECT_EQ(segment.length, 1000U);
  peer.gives(peer.ack(10000));
  EXPECT_TRUE(peer.waits(seconds(1)).empty());
}

TEST(TcpLoss, WhatTheScoreboardHoldsIsNotSentAgain) {
  ScriptedPeer peer = in_flight(6, with_sack());
  peer.gives(duplicate(peer, 0, {peer.sack(2000, 6000)}));
  const auto again = peer.hears();
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(peer.place(again[0]), 0);
  EXPECT_EQ(again[0].length, 2000U);
}

TEST(TcpLoss, SackBlocksThatCannotBeTrueAreIgnored) {
  ScriptedPeer peer = in_flight(6, with_sack());
  peer.gives(duplicate(peer, 0, {peer.sack(2000, 90000), peer.sack(4000, 3000)}));
  peer.gives(duplicate(peer, 0, {{peer.sack(0, 1).left - 5000, peer.sack(0, 1).left - 4000}}));
  EXPECT_TRUE(peer.hears().empty());
  EXPECT_TRUE(peer.waits(milliseconds(150)).empty());
}

TEST(TcpLoss, WithSackADuplicateIsWhatReportsSomethingNew) {
  // RFC 6675, section 2: what comes back for segments sent twice (RFC 2883) is no sign of loss.
  ScriptedPeer peer = in_flight(3, with_sack());
  peer.gives(peer.ack(2000));
  for (int i = 0; i < 5; ++i) {
    peer.gives(duplicate(peer, 2000, {peer.sack(0, 1000)}));
    EXPECT_TRUE(peer.hears().empty());
  }
}

TEST(TcpLoss, NewDataIsSentWhileARecoveryLasts) {
  ScriptedPeer peer = in_flight(10);
  peer.connection.enqueue(20000);
  peer.hears();
  repeats(peer, 0, 3);
  // Half of ten segments may be under way; each further duplicate says that one has arrived.
  const auto more = repeats(peer, 0, 7);
  ASSERT_FALSE(more.empty());
  for (const Said& segment : more) EXPECT_GE(peer.place(segment), 10000);
}

TEST(TcpLoss, WithoutAnAnswerTheFirstSegmentIsSentAgain) {
  ScriptedPeer peer = in_flight(5);
  const Time sent = peer.now;
  const auto again = peer.waits(milliseconds(250));
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(peer.place(again[0]), 0);
  EXPECT_EQ(again[0].length, 1000U) << "one segment (RFC 5681, section 3.1)";
  EXPECT_EQ(again[0].at - sent, RttEstimator::kMinimum);
  EXPECT_EQ(peer.connection.send_window(), 1000U);
}

TEST(TcpLoss, TimeoutsDoubleAndEndInAReset) {
  // RFC 6298, section 5.5; RFC 9293, section 3.8.3.
  ScriptedPeer peer = in_flight(1);
  Time last = peer.now;
  const auto sent = peer.waits(minutes(30));
  ASSERT_EQ(sent.size(), Connection::kMaxRetries + 1U);
  Duration expected = RttEstimator::kMinimum;
  for (const Said& segment : sent) {
    EXPECT_EQ(segment.at - last, expected);
    last = segment.at;
    expected = std::min<Duration>(expected * 2, RttEstimator::kMaximum);
  }
  EXPECT_EQ(sent.back().flags, (TcpFlags{.rst = true, .ack = true}));
  EXPECT_EQ(peer.place(sent.back()), 1000);
  EXPECT_EQ(peer.connection.close_reason(), CloseReason::kTimedOut);
  EXPECT_EQ(peer.connection.deadline(peer.now), std::nullopt);
}

TEST(TcpLoss, AnAcknowledgmentRestartsTheTimer) {
  // RFC 6298, section 5.3.
  ScriptedPeer peer = in_flight(2);
  EXPECT_TRUE(peer.waits(milliseconds(150)).empty());
  peer.gives(peer.ack(1000));
  EXPECT_TRUE(peer.waits(milliseconds(150)).empty());
  EXPECT_EQ(peer.waits(seconds(1)).size(), 2U);
}

TEST(TcpLoss, AnAcknowledgmentOfNewDataEndsTheBackoff) {
  ScriptedPeer peer = in_flight(2);
  peer.waits(seconds(2));
  peer.gives(peer.ack(2000));
  const Time sent = peer.now;
  EXPECT_EQ(peer.sends(1000).size(), 1U);
  const auto again = peer.waits(seconds(1));
  ASSERT_FALSE(again.empty());
  EXPECT_LE(again[0].at - sent, milliseconds(300));
}

TEST(TcpLoss, AfterATimeoutEverythingIsSentAgainSlowly) {
  ScriptedPeer peer = in_flight(5);
  ASSERT_EQ(peer.waits(milliseconds(250)).size(), 1U);
  peer.gives(peer.ack(1000));
  const auto next = peer.hears();
  ASSERT_EQ(next.size(), 1U) << "slow start: two segments now";
  EXPECT_EQ(peer.place(next[0]), 1000);
  EXPECT_EQ(next[0].length, 2000U);
  peer.gives(peer.ack(5000));
  EXPECT_TRUE(peer.waits(seconds(2)).empty());
}

TEST(TcpLoss, AfterATimeoutTheScoreboardIsTrustedOnce) {
  ScriptedPeer peer = in_flight(4, with_sack());
  peer.gives(duplicate(peer, 0, {peer.sack(1000, 2000)}));
  ASSERT_EQ(peer.waits(milliseconds(250)).size(), 1U);
  // A peer may take back what it acknowledged selectively (RFC 2018, section 8).
  ASSERT_EQ(peer.waits(milliseconds(500)).size(), 1U);
  peer.gives(peer.ack(1000));
  const auto next = peer.hears();
  ASSERT_FALSE(next.empty());
  EXPECT_EQ(peer.place(next[0]), 1000);
}

TEST(TcpLoss, TheTimeoutFollowsTheMeasuredRoundTrip) {
  // RFC 6298, section 2: SRTT + 4 RTTVAR, after one measurement 3 R.
  ScriptedPeer peer = ScriptedPeer::opening();
  peer.connection.admit();
  peer.hears();
  peer.now += milliseconds(300);
  peer.gives(peer.ack(0));
  EXPECT_EQ(peer.connection.smoothed_round_trip(), milliseconds(300));
  const Time sent = peer.now;
  peer.sends(100);
  EXPECT_EQ(peer.waits(seconds(2)).at(0).at - sent, milliseconds(900));
}

TEST(TcpLoss, WhatWasSentTwiceIsNotMeasured) {
  // Karn's rule (RFC 6298, section 3).
  ScriptedPeer peer = in_flight(1);
  const Duration before = peer.connection.smoothed_round_trip();
  peer.waits(seconds(3));
  peer.gives(peer.ack(1000));
  EXPECT_EQ(peer.connection.smoothed_round_trip(), before);
}

TEST(TcpLoss, TimestampsMeasureWhatWasSentTwice) {
  // RFC 7323, section 4.
  Opening opening;
  opening.peer_options.timestamps = TcpTimestamps{1, 0};
  ScriptedPeer peer = ScriptedPeer::established(opening);
  const auto sent = peer.sends(100);
  const auto again = peer.waits(seconds(1));
  ASSERT_FALSE(again.empty());
  peer.now = again[0].at + milliseconds(80);
  peer.timestamps->echo = again[0].options.timestamps->value;
  const Duration before = peer.connection.smoothed_round_trip();
  peer.gives(peer.ack(100));
  EXPECT_NE(peer.connection.smoothed_round_trip(), before);
  EXPECT_LE(peer.connection.smoothed_round_trip(), milliseconds(80));
}

TEST(TcpLoss, ABlockThatGoesRoundTheWholeCircleIsNoneOfOurs) {
  Opening opening;
  opening.peer_options.sack_permitted = true;
  ScriptedPeer peer = ScriptedPeer::established(opening);
  peer.sends(3000);
  Segment forged = peer.ack(0);
  forged.options.sack_count = 1;
  forged.options.sack.at(0) = peer.sack(0x60000000, 0xa0000000);
  peer.gives(forged);
  EXPECT_TRUE(peer.hears().empty());
}

RC_GTEST_PROP(TcpLossProperty, NoBlockMakesAConnectionSendWhatItDoesNotHave, ()) {
  Opening opening;
  opening.peer_options.sack_permitted = true;
  ScriptedPeer peer = ScriptedPeer::established(opening);
  constexpr std::uint32_t kQueued = 3000;
  peer.sends(kQueued);
  const auto edge = rc::gen::oneOf(
      rc::gen::inRange<std::uint32_t>(0, kQueued + 10), rc::gen::arbitrary<std::uint32_t>(),
      rc::gen::element<std::uint32_t>(0x40000000, 0x60000000, 0x7fffffff, 0x80000000, 0x80000bb8,
                                      0xa0000000, 0xc0000000, 0xffffffff));
  for (int i = 0; i < 5; ++i) {
    Segment forged = peer.ack(0);
    forged.options.sack_count = 2;
    forged.options.sack.at(0) = peer.sack(*edge, *edge);
    forged.options.sack.at(1) = peer.sack(*edge, *edge);
    peer.gives(forged);
    for (const Said& segment : peer.waits(milliseconds(300))) {
      RC_ASSERT(segment.offset + segment.length <= kQueued);
    }
  }
}

TEST(TcpLoss, SlowStartDoublesTheWindow) {
  // RFC 5681, section 3.1, from RFC 6928's ten segments.
  ScriptedPeer peer = ScriptedPeer::established();
  EXPECT_EQ(peer.connection.send_window(), 10000U);
  EXPECT_EQ(peer.sends(60000).at(0).length, 10000U);
  peer.gives(peer.ack(10000));
  EXPECT_EQ(peer.connection.send_window(), 20000U);
}

TEST(TcpLoss, ABatchOfAcknowledgmentsGrowsTheWindowByAllOfThem) {
  ScriptedPeer peer = in_flight(10);
  for (std::uint32_t i = 1; i <= 10; ++i) peer.gives(peer.ack(i * 1000));
  EXPECT_EQ(peer.connection.send_window(), 20000U);
}

TEST(TcpLoss, AWindowThatIsNotUsedDoesNotGrow) {
  ScriptedPeer peer = ScriptedPeer::established();
  for (std::uint32_t i = 1; i <= 20; ++i) {
    peer.sends(1000);
    peer.gives(peer.ack(i * 1000));
  }
  EXPECT_EQ(peer.connection.send_window(), 10000U);
}

TEST(TcpLoss, AFinishMayBeWhatWasLost) {
  ScriptedPeer peer = in_flight(4);
  peer.connection.finish();
  ASSERT_EQ(peer.hears().size(), 1U);
  peer.gives(peer.ack(4000));
  const auto again = peer.waits(milliseconds(400));
  ASSERT_FALSE(again.empty());
  EXPECT_TRUE(again[0].flags.fin);
  EXPECT_EQ(again[0].length, 0U);
  EXPECT_EQ(peer.place(again[0]), 4000);
}

}  // namespace
}  // namespace sluice::tcp
