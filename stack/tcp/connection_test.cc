// Opening a connection: RFC 9293, sections 3.5 and 3.10.7; options of RFC 7323 and RFC 2018.

#include <gtest/gtest.h>

#include "stack/tcp/scripted_peer.h"

namespace sluice::tcp {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using Verdict = Arrival::Verdict;

constexpr TcpFlags kSyn{.syn = true};
constexpr TcpFlags kSynAck{.syn = true, .ack = true};
constexpr TcpFlags kAck{.ack = true};
constexpr TcpFlags kRstAck{.rst = true, .ack = true};

// A SYN has come and was answered.
ScriptedPeer answered(const Opening& opening = {}) {
  ScriptedPeer peer = ScriptedPeer::opening(opening);
  peer.connection.admit();
  EXPECT_EQ(peer.hears().size(), 1U);
  return peer;
}

// Our SYN was sent.
ScriptedPeer calling(const Opening& opening = {}) {
  ScriptedPeer peer = ScriptedPeer::called(opening);
  EXPECT_EQ(peer.hears().size(), 1U);
  return peer;
}

TEST(TcpOpening, ASynIsAnsweredOnceAdmitted) {
  ScriptedPeer peer = ScriptedPeer::opening();
  EXPECT_EQ(peer.connection.state(), State::kSynReceived);
  peer.connection.admit();
  const auto answer = peer.hears();
  ASSERT_EQ(answer.size(), 1U);
  EXPECT_EQ(answer[0].flags, kSynAck);
  EXPECT_EQ(peer.place(answer[0]), -1);
  EXPECT_EQ(peer.acknowledged(answer[0]), 0);
  EXPECT_EQ(answer[0].window, 10000);
  EXPECT_EQ(answer[0].length, 0U);

  EXPECT_EQ(peer.gives(peer.ack(0)).verdict, Verdict::kAccepted);
  EXPECT_EQ(peer.connection.state(), State::kEstablished);
  EXPECT_TRUE(peer.connection.synchronized());
  EXPECT_TRUE(peer.hears().empty());
}

TEST(TcpOpening, OurSynIsAnsweredAndAcknowledged) {
  ScriptedPeer peer = ScriptedPeer::called();
  const auto syn = peer.hears();
  ASSERT_EQ(syn.size(), 1U);
  EXPECT_EQ(syn[0].flags, kSyn);
  EXPECT_EQ(peer.place(syn[0]), -1);
  EXPECT_EQ(syn[0].acknowledgment, Sequence(0)) << "a SYN without ACK says nothing there";

  const Arrival arrival = peer.gives(peer.syn_ack());
  EXPECT_EQ(arrival.verdict, Verdict::kAccepted);
  EXPECT_EQ(arrival.acknowledged, 0U) << "the SYN is no byte of the send queue";
  EXPECT_EQ(peer.connection.state(), State::kEstablished);
  EXPECT_EQ(peer.connection.expected(), peer.peer_number(0));
  const auto answer = peer.hears();
  ASSERT_EQ(answer.size(), 1U);
  EXPECT_EQ(answer[0].flags, kAck);
  EXPECT_EQ(peer.place(answer[0]), 0);
  EXPECT_EQ(peer.acknowledged(answer[0]), 0);
}

TEST(TcpOpening, DataQueuedDuringTheHandshakeGoesOutWithItsLastAcknowledgment) {
  ScriptedPeer peer = calling();
  EXPECT_TRUE(peer.sends(500).empty());
  peer.gives(peer.syn_ack());
  const auto sent = peer.hears();
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(peer.place(sent[0]), 0);
  EXPECT_EQ(sent[0].length, 500U);
  EXPECT_EQ(peer.acknowledged(sent[0]), 0);
}

TEST(TcpOpening, DataMayComeWithTheAcknowledgmentOfOurSyn) {
  ScriptedPeer peer = answered();
  const Arrival arrival = peer.gives(peer.data(0, 300));
  EXPECT_EQ(arrival.verdict, Verdict::kAccepted);
  EXPECT_EQ(peer.connection.state(), State::kEstablished);
  EXPECT_EQ(arrival.payload.size(), 300U);
}

TEST(TcpOpening, AHeldSynIsNotAnsweredHoweverOftenItComes) {
  ScriptedPeer peer = ScriptedPeer::opening();
  EXPECT_TRUE(peer.hears().empty());
  EXPECT_EQ(peer.connection.deadline(peer.now), std::nullopt);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(peer.gives(peer.syn()).verdict, Verdict::kDropped);
    EXPECT_TRUE(peer.waits(seconds(1)).empty());
  }
  peer.connection.admit();
  EXPECT_EQ(peer.hears().size(), 1U);
}

TEST(TcpOpening, NothingElseMovesAHeldSyn) {
  ScriptedPeer peer = ScriptedPeer::opening();
  peer.gives(peer.ack(0));
  peer.gives(peer.data(0, 10));
  peer.gives(peer.rst(5));
  peer.gives(peer.data(20000, 10));
  EXPECT_EQ(peer.connection.state(), State::kSynReceived);
  EXPECT_TRUE(peer.hears().empty());
}

TEST(TcpOpening, ARefusedSynIsAnsweredByAReset) {
  ScriptedPeer peer = ScriptedPeer::opening();
  peer.connection.abort();
  EXPECT_EQ(peer.connection.close_reason(), CloseReason::kAborted);
  const auto sent = peer.hears();
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].flags, kRstAck);
  EXPECT_EQ(peer.acknowledged(sent[0]), 0) << "a SYN is refused by what it can verify";
  EXPECT_EQ(sent[0].window, 0);
  EXPECT_EQ(sent[0].options, TcpOptions());
  EXPECT_EQ(peer.connection.deadline(peer.now), std::nullopt);
}

TEST(TcpOpening, AHeldSynCanBeWithdrawn) {
  ScriptedPeer peer = ScriptedPeer::opening();
  peer.gives(peer.rst(0));
  EXPECT_EQ(peer.connection.close_reason(), CloseReason::kReset);
  EXPECT_TRUE(peer.hears().empty());
}

TEST(TcpOpening, AnAnsweredSynIsAnsweredAgain) {
  ScriptedPeer peer = answered();
  EXPECT_EQ(peer.gives(peer.syn()).verdict, Verdict::kDropped);
  const auto again = peer.hears();
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(again[0].flags, kSynAck);
  EXPECT_EQ(peer.place(again[0]), -1);
}

TEST(TcpOpening, AnAbortAfterTheAnswerResetsAnEstablishedPeer) {
  // The peer's ACK may be under way: it is established, and takes a reset only at the number it
  // expects (RFC 9293, section 3.10.7.4).
  ScriptedPeer peer = answered();
  peer.connection.abort();
  const auto sent = peer.hears();
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].flags, kRstAck);
  EXPECT_EQ(peer.place(sent[0]), 0);
}

TEST(TcpOpening, AbortBeforeOurSynIsSentIsSilent) {
  ScriptedPeer peer = ScriptedPeer::called();
  peer.connection.abort();
  EXPECT_TRUE(peer.hears().empty());
  EXPECT_TRUE(peer.connection.closed());
}

TEST(TcpOpening, AnUnacceptableAcknowledgmentInSynReceivedIsReset) {
  ScriptedPeer peer = answered();
  EXPECT_EQ(peer.gives(peer.ack(1)).verdict, Verdict::kReset);
  Segment old = peer.ack(0);
  old.acknowledgment = peer.our_number(0) - 1;
  EXPECT_EQ(peer.gives(old).verdict, Verdict::kReset);
  EXPECT_EQ(peer.connection.state(), State::kSynReceived);
}

TEST(TcpOpening, AnUnacceptableAcknowledgmentInSynSentIsReset) {
  ScriptedPeer peer = calling();
  Segment wrong = peer.syn_ack();
  wrong.acknowledgment = peer.our_number(1);
  EXPECT_EQ(peer.gives(wrong).verdict, Verdict::kReset);
  wrong.acknowledgment = peer.our_number(0) - 1;
  EXPECT_EQ(peer.gives(wrong).verdict, Verdict::kReset);
  wrong.flags.rst = true;
  EXPECT_EQ(peer.gives(wrong).verdict, Verdict::kDropped) << "a reset is not answered";
  EXPECT_EQ(peer.connection.state(), State::kSynSent);
}

TEST(TcpOpening, OurSynIsRefusedByAResetThatAcknowledgesIt) {
  ScriptedPeer peer = calling();
  peer.gives(peer.rst(0));
  EXPECT_EQ(peer.connection.state(), State::kSynSent) << "anybody could have sent that";
  Segment refusal = peer.ack(0);
  refusal.flags = kRstAck;
  EXPECT_EQ(peer.gives(refusal).verdict, Verdict::kAccepted);
  EXPECT_EQ(peer.connection.close_reason(), CloseReason::kRefused);
  EXPECT_TRUE(peer.hears().empty());
}

TEST(TcpOpening, WhatIsNoSynInSynSentIsIgnored) {
  ScriptedPeer peer = calling();
  EXPECT_EQ(peer.gives(peer.ack(0)).verdict, Verdict::kDropped);
  Segment bare = peer.ack(0);
  bare.flags = {};
  EXPECT_EQ(peer.gives(bare).verdict, Verdict::kDropped);
  EXPECT_EQ(peer.connection.state(), State::kSynSent);
  EXPECT_TRUE(peer.hears().empty());
}

TEST(TcpOpening, BothSidesMayOpenAtOnce) {
  // RFC 9293, figure 8.
  ScriptedPeer peer = calling();
  EXPECT_EQ(peer.gives(peer.syn()).verdict, Verdict::kAccepted);
  EXPECT_EQ(peer.connection.state(), State::kSynReceived);
  const auto answer = peer.hears();
  ASSERT_EQ(answer.size(), 1U);
  EXPECT_EQ(answer[0].flags, kSynAck);
  EXPECT_EQ(peer.place(answer[0]), -1);
  EXPECT_EQ(peer.acknowledged(answer[0]), 0);

  EXPECT_EQ(peer.gives(peer.syn_ack()).verdict, Verdict::kAccepted);
  EXPECT_EQ(peer.connection.state(), State::kEstablished);
  const auto sent = peer.sends(10);
  ASSERT_FALSE(sent.empty());
  EXPECT_EQ(peer.place(sent[0]), 0);
  EXPECT_EQ(sent[0].length, 10U);
}

TEST(TcpOpening, TheWindowOfASimultaneousSynIsNotScaled) {
  Opening opening;
  opening.peer_options.window_scale = 4;
  opening.peer_window = 3000;
  ScriptedPeer peer = calling(opening);
  peer.gives(peer.syn());
  peer.hears();
  peer.gives(peer.syn_ack());
  EXPECT_EQ(peer.connection.send_window(), 3000U);
}

TEST(TcpOpening, TwoConnectionsThatOpenAtOnceMeet) {
  const Parameters left_parameters{.initial_sequence = Sequence(1)};
  const Parameters right_parameters{.initial_sequence = Sequence(0xffffffff)};
  Time now = Time{} + hours(1);
  Connection left = Connection::to_guest(now, left_parameters);
  Connection right = Connection::to_guest(now, right_parameters);
  for (int turn = 0; turn < 6; ++turn) {
    std::vector<Segment> to_left;
    std::vector<Segment> to_right;
    const auto collect = [&](Connection& from, std::vector<Segment>& into) {
      while (const auto sent = from.next(now, 0)) {
        into.push_back(
            {sent->sequence, sent->acknowledgment, sent->flags, sent->window, sent->options, {}});
      }
    };
    collect(left, to_right);
    collect(right, to_left);
    now += milliseconds(10);
    for (const Segment& segment : to_left) left.on_segment(now, segment);
    for (const Segment& segment : to_right) right.on_segment(now, segment);
  }
  EXPECT_EQ(left.state(), State::kEstablished);
  EXPECT_EQ(right.state(), State::kEstablished);
}

TEST(TcpOpening, ASimultaneousOpenCanBeRefused) {
  ScriptedPeer peer = calling();
  peer.gives(peer.syn());
  peer.hears();
  peer.gives(peer.rst(0));
  EXPECT_EQ(peer.connection.close_reason(), CloseReason::kRefused);
}

TEST(TcpOpening, ResetsInSynReceivedFollowRfc5961) {
  ScriptedPeer peer = answered();
  peer.gives(peer.rst(10000 + 1));
  EXPECT_TRUE(peer.hears().empty()) << "outside the window: nothing";
  peer.gives(peer.rst(100));
  const auto challenge = peer.hears();
  ASSERT_EQ(challenge.size(), 1U) << "in the window, but not exact: a challenge";
  EXPECT_EQ(challenge[0].flags, kAck);
  EXPECT_EQ(peer.place(challenge[0]), 0);
  peer.gives(peer.rst(0));
  EXPECT_EQ(peer.connection.close_reason(), CloseReason::kReset);
}

TEST(TcpOpening, AnUnacceptableSegmentInSynReceivedIsAnswered) {
  // RFC 9293, section 3.10.7.4, first check.
  ScriptedPeer peer = answered();
  EXPECT_EQ(peer.gives(peer.data(20000, 10)).verdict, Verdict::kDropped);
  const auto answer = peer.hears();
  ASSERT_EQ(answer.size(), 1U);
  EXPECT_EQ(answer[0].flags, kAck);
  EXPECT_EQ(peer.acknowledged(answer[0]), 0);
}

TEST(TcpOpening, SegmentsAreAsLargeAsTheSmallerSideTakes) {
  Opening opening;
  opening.peer_options.maximum_segment_size = 700;
  EXPECT_EQ(ScriptedPeer::established(opening).connection.maximum_payload(), 700U);
  opening.peer_options.maximum_segment_size = 9000;
  EXPECT_EQ(ScriptedPeer::established(opening).connection.maximum_payload(), 1000U);
  // RFC 9293, section 3.7.1: what a peer that says nothing takes.
  opening.peer_options.maximum_segment_size.reset();
  EXPECT_EQ(ScriptedPeer::established(opening).connection.maximum_payload(), 536U);
  opening.peer_options.maximum_segment_size = 1;
  EXPECT_EQ(ScriptedPeer::established(opening).connection.maximum_payload(), 64U);
}

TEST(TcpOpening, TimestampsTakeRoomFromThePayload) {
  Opening opening;
  opening.peer_options.timestamps = TcpTimestamps{1, 0};
  ScriptedPeer peer = ScriptedPeer::established(opening);
  EXPECT_EQ(peer.connection.maximum_payload(), 988U);
  const auto sent = peer.sends(5000);
  ASSERT_FALSE(sent.empty());
  EXPECT_EQ(sent[0].segment_size, 988);
}

TEST(TcpOpening, OptionsAreTakenUpWhenOffered) {
  Opening opening;
  opening.peer_options.window_scale = 3;
  opening.peer_options.sack_permitted = true;
  opening.peer_options.timestamps = TcpTimestamps{4711, 0};
  ScriptedPeer peer = ScriptedPeer::opening(opening);
  peer.connection.admit();
  const auto answer = peer.hears();
  ASSERT_EQ(answer.size(), 1U);
  EXPECT_EQ(answer[0].options.maximum_segment_size, 1000);
  EXPECT_EQ(answer[0].options.window_scale, 7);
  EXPECT_TRUE(answer[0].options.sack_permitted);
  ASSERT_TRUE(answer[0].options.timestamps);
  EXPECT_EQ(answer[0].options.timestamps->echo, 4711U);
  // Milliseconds beyond the connection's own offset (RFC 7323, section 5.4).
  EXPECT_EQ(answer[0].options.timestamps->value, 3'600'000U + 7);
}

TEST(TcpOpening, OptionsThatWereNotOfferedAreNotTakenUp) {
  ScriptedPeer peer = ScriptedPeer::opening();
  peer.connection.admit();
  const auto answer = peer.hears();
  ASSERT_EQ(answer.size(), 1U);
  EXPECT_EQ(answer[0].options, TcpOptions{.maximum_segment_size = 1000});
}

TEST(TcpOpening, OurSynOffersAllOptions) {
  ScriptedPeer peer = ScriptedPeer::called();
  const auto syn = peer.hears();
  ASSERT_EQ(syn.size(), 1U);
  EXPECT_EQ(syn[0].options.maximum_segment_size, 1000);
  EXPECT_EQ(syn[0].options.window_scale, 7);
  EXPECT_TRUE(syn[0].options.sack_permitted);
  ASSERT_TRUE(syn[0].options.timestamps);
  EXPECT_EQ(syn[0].options.timestamps->echo, 0U);
}

TEST(TcpOpening, AnAnswerWithoutOptionsLeavesThemOut) {
  ScriptedPeer peer = calling();
  peer.gives(peer.syn_ack());
  const auto sent = peer.sends(100);
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_FALSE(sent[0].options.timestamps);
  EXPECT_EQ(sent[0].window, 10000) << "without window scaling";
}

TEST(TcpOpening, WindowsAreScaledOnlyWhenBothSidesSaySo) {
  Opening opening;
  opening.ours.receive_space = 1U << 20;
  opening.peer_options.window_scale = 2;
  ScriptedPeer peer = ScriptedPeer::opening(opening);
  peer.connection.admit();
  EXPECT_EQ(peer.hears().at(0).window, 65535) << "never in a SYN (RFC 7323, section 2.2)";
  EXPECT_EQ(peer.connection.send_window(), 10000U) << "the congestion window is smaller";
  peer.window = 2000;
  peer.gives(peer.ack(0));
  EXPECT_EQ(peer.connection.send_window(), 8000U);
  const auto sent = peer.sends(10);
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].window, (1U << 20) >> 7);

  opening.peer_options.window_scale.reset();
  peer = ScriptedPeer::opening(opening);
  peer.connection.admit();
  peer.hears();
  peer.window = 2000;
  peer.gives(peer.ack(0));
  EXPECT_EQ(peer.connection.send_window(), 2000U);
  EXPECT_EQ(peer.sends(10).at(0).window, 65535);
}

TEST(TcpOpening, ALostSynIsSentAgainWithBackoffAndThenGivenUp) {
  ScriptedPeer peer = ScriptedPeer::called();
  const auto sent = peer.waits(minutes(10));
  ASSERT_EQ(sent.size(), 1U + Connection::kMaxSynRetries);
  Duration expected = seconds(1);  // RFC 6298, section 2.1
  for (std::size_t i = 1; i < sent.size(); ++i) {
    EXPECT_EQ(sent[i].flags, kSyn);
    EXPECT_EQ(sent[i].at - sent[i - 1].at, expected);
    expected = std::min<Duration>(expected * 2, seconds(60));
  }
  EXPECT_EQ(peer.connection.close_reason(), CloseReason::kTimedOut);
  EXPECT_EQ(peer.connection.deadline(peer.now), std::nullopt);
}

TEST(TcpOpening, ALostAnswerIsSentAgainWithBackoffAndThenGivenUp) {
  ScriptedPeer peer = ScriptedPeer::opening();
  peer.connection.admit();
  const auto sent = peer.waits(minutes(10));
  ASSERT_EQ(sent.size(), 1U + Connection::kMaxSynRetries);
  for (const Said& segment : sent) EXPECT_EQ(segment.flags, kSynAck);
  EXPECT_EQ(sent[1].at - sent[0].at, seconds(1));
  EXPECT_EQ(sent[2].at - sent[1].at, seconds(2));
  EXPECT_EQ(peer.connection.close_reason(), CloseReason::kTimedOut);
}

TEST(TcpOpening, AfterALostSynTheFirstTimeoutForDataIsThreeSeconds) {
  // RFC 6298, section 5.7: nothing was measured, and one second has just proved too short.
  ScriptedPeer peer = calling();
  EXPECT_EQ(peer.waits(milliseconds(1500)).size(), 1U);
  peer.gives(peer.syn_ack());
  peer.hears();
  peer.sends(100);
  const auto again = peer.waits(seconds(4));
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(peer.place(again[0]), 0);
  EXPECT_EQ(again[0].at, peer.now - seconds(1));
}

TEST(TcpOpening, TheHandshakeMeasuresTheRoundTrip) {
  ScriptedPeer peer = calling();
  peer.now += milliseconds(40);
  peer.gives(peer.syn_ack());
  EXPECT_EQ(peer.connection.smoothed_round_trip(), milliseconds(40));
}

TEST(TcpOpening, AnAnswerToASynSentTwiceMeasuresNothing) {
  // Karn's rule (RFC 6298, section 3).
  ScriptedPeer peer = calling();
  peer.waits(milliseconds(1500));
  peer.gives(peer.syn_ack());
  EXPECT_EQ(peer.connection.smoothed_round_trip(), Duration::zero());
}

TEST(TcpOpening, FinishDuringTheHandshakeFollowsIt) {
  ScriptedPeer peer = answered();
  peer.connection.enqueue(100);
  peer.connection.finish();
  EXPECT_TRUE(peer.hears().empty());
  peer.gives(peer.ack(0));
  const auto sent = peer.hears();
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].length, 100U);
  EXPECT_TRUE(sent[0].flags.fin);
  EXPECT_EQ(peer.connection.state(), State::kFinWait1);
}

}  // namespace
}  // namespace sluice::tcp
