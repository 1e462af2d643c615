// What the peer sends: payload, windows, acknowledgments of it, and what to refuse. RFC 9293,
// sections 3.8.6 and 3.10.7.4; RFC 5961; RFC 7323, section 5; RFC 2018, section 4.

#include <gtest/gtest.h>

#include "stack/tcp/scripted_peer.h"

namespace sluice::tcp {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Verdict = Arrival::Verdict;

constexpr TcpFlags kAck{.ack = true};

Opening with_space(std::uint32_t bytes) {
  Opening opening;
  opening.ours.receive_space = bytes;
  return opening;
}

Opening with_sack() {
  Opening opening;
  opening.peer_options.sack_permitted = true;
  return opening;
}

Opening with_timestamps(std::uint32_t value) {
  Opening opening;
  opening.peer_options.timestamps = TcpTimestamps{value, 0};
  return opening;
}

std::vector<SackBlock> blocks(const ScriptedPeer& peer, const Outgoing& segment) {
  std::vector<SackBlock> found;
  for (std::uint8_t i = 0; i < segment.options.sack_count; ++i) {
    found.push_back(peer.sacked(segment.options.sack.at(i)));
  }
  return found;
}

// The payload is that of the peer's stream at `place`, whose bytes are the low halves of places.
void expect_bytes(const Arrival& arrival, std::uint32_t place, std::uint32_t size) {
  const auto payload = arrival.payload.to_vector();
  ASSERT_EQ(payload.size(), size);
  for (std::uint32_t i = 0; i < size; ++i) {
    ASSERT_EQ(payload.at(i), static_cast<std::uint8_t>(place + i)) << "at " << i;
  }
}

TEST(TcpInput, PayloadInOrderIsDelivered) {
  ScriptedPeer peer = ScriptedPeer::established();
  for (std::uint32_t place = 0; place < 5000; place += 700) {
    const Arrival arrival = peer.gives_taken(peer.data(place, 700));
    EXPECT_EQ(arrival.verdict, Verdict::kAccepted);
    EXPECT_EQ(arrival.offset, 0U);
    expect_bytes(arrival, place, 700);
    peer.connection.set_receive_space(10000);
  }
  EXPECT_EQ(peer.acknowledged(peer.hears().at(0)), 5600);
}

TEST(TcpInput, PayloadOutOfOrderHasItsOffset) {
  ScriptedPeer peer = ScriptedPeer::established();
  const Arrival arrival = peer.gives_taken(peer.data(2000, 1000));
  EXPECT_EQ(arrival.offset, 2000U);
  expect_bytes(arrival, 2000, 1000);
  EXPECT_TRUE(peer.connection.has_gaps());
}

TEST(TcpInput, PayloadThatOverlapsBringsOnlyWhatIsNew) {
  ScriptedPeer peer = ScriptedPeer::established();
  peer.gives_taken(peer.data(0, 1000));
  const Arrival arrival = peer.gives_taken(peer.data(400, 1000));
  EXPECT_EQ(arrival.offset, 0U);
  expect_bytes(arrival, 1000, 400);
}

TEST(TcpInput, PayloadIsTrimmedToTheWindow) {
  ScriptedPeer peer = ScriptedPeer::established(with_space(2500));
  const Arrival arrival = peer.gives(peer.data(2000, 1000));
  EXPECT_EQ(arrival.offset, 2000U);
  expect_bytes(arrival, 2000, 500);
  EXPECT_EQ(peer.hears().size(), 1U) << "what was cut off is asked for";
}

TEST(TcpInput, PayloadBehindTheWindowIsRefusedAndAnswered) {
  ScriptedPeer peer = ScriptedPeer::established(with_space(2500));
  const Arrival arrival = peer.gives(peer.data(2500, 100));
  EXPECT_EQ(arrival.verdict, Verdict::kDropped);
  EXPECT_TRUE(arrival.payload.empty());
  const auto answer = peer.hears();
  ASSERT_EQ(answer.size(), 1U);
  EXPECT_EQ(peer.acknowledged(answer[0]), 0);
  EXPECT_EQ(answer[0].window, 2500);
}

TEST(TcpInput, OldPayloadIsAcknowledgedAgain) {
  ScriptedPeer peer = ScriptedPeer::established();
  peer.gives_taken(peer.data(0, 1000));
  peer.waits(seconds(1));
  EXPECT_EQ(peer.gives(peer.data(0, 1000)).verdict, Verdict::kDropped);
  EXPECT_EQ(peer.acknowledged(peer.hears().at(0)), 1000);
}

TEST(TcpInput, OldPayloadMayAcknowledgeSomethingNew) {
  ScriptedPeer peer = ScriptedPeer::established();
  peer.gives_taken(peer.data(0, 1000));
  peer.sends(500);
  peer.acknowledges = 500;
  EXPECT_EQ(peer.gives(peer.data(0, 1000)).acknowledged, 500U);
}

TEST(TcpInput, ASegmentWithoutAckIsIgnored) {
  ScriptedPeer peer = ScriptedPeer::established();
  Segment bare = peer.data(0, 100);
  bare.flags = {};
  EXPECT_EQ(peer.gives(bare).verdict, Verdict::kDropped);
  EXPECT_TRUE(peer.hears().empty());
}

TEST(TcpInput, ReceivedTellsWhatFollowsFromTheGaps) {
  ScriptedPeer peer = ScriptedPeer::established();
  peer.gives_taken(peer.data(1000, 1000));
  peer.gives_taken(peer.data(3000, 1000));
  EXPECT_EQ(peer.gives(peer.data(0, 1000)).payload.size(), 1000U);
  EXPECT_EQ(peer.connection.received(peer.now, 1000), 1000U);
  EXPECT_EQ(peer.acknowledged(peer.hears().at(0)), 2000);
  EXPECT_TRUE(peer.connection.has_gaps());
  peer.gives(peer.data(2000, 1000));
  EXPECT_EQ(peer.connection.received(peer.now, 1000), 1000U);
  EXPECT_FALSE(peer.connection.has_gaps());
  EXPECT_EQ(peer.acknowledged(peer.hears().at(0)), 4000);
}

TEST(TcpInput, ReceivedBytesMayCoverPartOfAGapThatWasKept) {
  ScriptedPeer peer = ScriptedPeer::established();
  peer.gives_taken(peer.data(500, 1000));
  EXPECT_EQ(peer.gives(peer.data(0, 800)).payload.size(), 800U);
  EXPECT_EQ(peer.connection.received(peer.now, 800), 700U);
  EXPECT_EQ(peer.acknowledged(peer.hears().at(0)), 1500);
}

TEST(TcpInput, WhatTheOwnerDoesNotTakeComesAgain) {
  ScriptedPeer peer = ScriptedPeer::established();
  peer.gives(peer.data(0, 1000));
  EXPECT_EQ(peer.connection.received(peer.now, 0), 0U);
  EXPECT_EQ(peer.acknowledged(peer.hears().at(0)), 0);
  peer.gives(peer.data(0, 1000));
  peer.connection.received(peer.now, 300);
  expect_bytes(peer.gives(peer.data(0, 1000)), 300, 700);
}

TEST(TcpInput, OutOfOrderPayloadIsAnsweredAtOnceEvenIfItIsNotKept) {
  // RFC 5681, section 4.2: the peer's fast retransmit counts on it.
  ScriptedPeer peer = ScriptedPeer::established();
  for (std::uint32_t i = 1; i <= 3; ++i) {
    peer.gives(peer.data(1000 * i, 1000));
    const auto answer = peer.hears();
    ASSERT_EQ(answer.size(), 1U);
    EXPECT_EQ(peer.acknowledged(answer[0]), 0);
  }
}

TEST(TcpInput, EverySecondSegmentIsAcknowledgedAtOnce) {
  // RFC 9293, section 3.8.6.3.
  ScriptedPeer peer = ScriptedPeer::established();
  peer.gives_taken(peer.data(0, 1000));
  EXPECT_TRUE(peer.hears().empty());
  peer.gives_taken(peer.data(1000, 1000));
  EXPECT_EQ(peer.acknowledged(peer.hears().at(0)), 2000);
  EXPECT_TRUE(peer.waits(seconds(1)).empty());
}

TEST(TcpInput, ASingleSegmentIsAcknowledgedAfterAMoment) {
  ScriptedPeer peer = ScriptedPeer::established();
  peer.gives_taken(peer.data(0, 1000));
  const Time came = peer.now;
  const auto answer = peer.waits(seconds(1));
  ASSERT_EQ(answer.size(), 1U);
  EXPECT_EQ(answer[0].at - came, Connection::kDelayedAck);
  EXPECT_EQ(peer.acknowledged(answer[0]), 1000);
}

TEST(TcpInput, TheDelayCountsFromTheFirstSegmentThatWaits) {
  ScriptedPeer peer = ScriptedPeer::established();
  peer.gives_taken(peer.data(0, 100));
  const Time came = peer.now;
  EXPECT_TRUE(peer.waits(milliseconds(6)).empty());
  peer.gives_taken(peer.data(100, 100));
  const auto answer = peer.waits(seconds(1));
  ASSERT_EQ(answer.size(), 1U);
  EXPECT_EQ(answer[0].at - came, Connection::kDelayedAck);
}

TEST(TcpInput, DataOfOursCarriesTheAcknowledgmentAlong) {
  ScriptedPeer peer = ScriptedPeer::established();
  peer.gives_taken(peer.data(0, 1000));
  EXPECT_EQ(peer.acknowledged(peer.sends(10).at(0)), 1000);
  EXPECT_TRUE(peer.waits(milliseconds(100)).empty());
}

TEST(TcpInput, OneAcknowledgmentAnswersABatch) {
  ScriptedPeer peer = ScriptedPeer::established();
  for (std::uint32_t i = 0; i < 8; ++i) peer.gives_taken(peer.data(1000 * i, 1000));
  const auto answer = peer.hears();
  ASSERT_EQ(answer.size(), 1U);
  EXPECT_EQ(peer.acknowledged(answer[0]), 8000);
}

TEST(TcpInput, TheWindowIsWhatTheOwnerCanKeep) {
  ScriptedPeer peer = ScriptedPeer::established(with_space(4000));
  peer.gives_taken(peer.data(0, 1000));
  peer.gives_taken(peer.data(1000, 1000));
  EXPECT_EQ(peer.hears().at(0).window, 2000);
  peer.gives_taken(peer.data(2000, 1000));
  peer.gives_taken(peer.data(3000, 1000));
  const auto answer = peer.hears();
  EXPECT_EQ(answer.at(0).window, 0);
  EXPECT_EQ(peer.acknowledged(answer.at(0)), 4000);
}

TEST(TcpInput, TheWindowsRightEdgeNeverMovesLeft) {
  // RFC 9293, section 3.8.6: "shrinking the window" is strongly discouraged.
  ScriptedPeer peer = ScriptedPeer::established(with_space(4000));
  peer.connection.set_receive_space(0);
  EXPECT_EQ(peer.sends(10).at(0).window, 4000);
  expect_bytes(peer.gives_taken(peer.data(0, 4000)), 0, 4000);
  EXPECT_EQ(peer.hears().at(0).window, 0);
}

TEST(TcpInput, AZeroWindowTakesNothingButAcknowledgments) {
  ScriptedPeer peer = ScriptedPeer::established(with_space(1000));
  peer.gives_taken(peer.data(0, 1000));
  EXPECT_EQ(peer.waits(seconds(1)).at(0).window, 0);
  peer.sends(100);
  peer.acknowledges = 100;
  const Arrival arrival = peer.gives(peer.data(1000, 1));
  EXPECT_TRUE(arrival.payload.empty());
  EXPECT_EQ(arrival.acknowledged, 100U);
  const auto answer = peer.hears();
  ASSERT_EQ(answer.size(), 1U) << "a probe is answered (RFC 9293, section 3.8.6.1)";
  EXPECT_EQ(answer[0].window, 0);
  EXPECT_EQ(peer.acknowledged(answer[0]), 1000);
}

TEST(TcpInput, AWindowThatOpensIsAnnounced) {
  ScriptedPeer peer = ScriptedPeer::established(with_space(1000));
  peer.gives_taken(peer.data(0, 1000));
  peer.waits(seconds(1));
  peer.connection.set_receive_space(5000);
  const auto update = peer.hears();
  ASSERT_EQ(update.size(), 1U);
  EXPECT_EQ(update[0].flags, kAck);
  EXPECT_EQ(update[0].window, 5000);
  peer.connection.set_receive_space(5000);
  EXPECT_TRUE(peer.hears().empty()) << "once";
}

TEST(TcpInput, AWindowOpensOnlyByStepsWorthASegment) {
  // RFC 9293, section 3.8.6.2.2.
  ScriptedPeer peer = ScriptedPeer::established(with_space(4000));
  peer.gives_taken(peer.data(0, 4000));
  peer.hears();
  peer.connection.set_receive_space(100);
  EXPECT_TRUE(peer.hears().empty());
  peer.connection.set_receive_space(999);
  EXPECT_TRUE(peer.hears().empty());
  peer.connection.set_receive_space(1000);
  EXPECT_EQ(peer.hears().at(0).window, 1000);
  peer.connection.set_receive_space(1500);
  EXPECT_EQ(peer.sends(1).at(0).window, 1000) << "not by less than a segment either";
}

TEST(TcpInput, AWindowThatIsOpenNeedsNoAnnouncement) {
  ScriptedPeer peer = ScriptedPeer::established();
  peer.connection.set_receive_space(12000);
  EXPECT_TRUE(peer.hears().empty());
  EXPECT_EQ(peer.sends(1).at(0).window, 12000);
}

TEST(TcpInput, AGapIsReportedBySelectiveAcknowledgment) {
  ScriptedPeer peer = ScriptedPeer::established(with_sack());
  peer.gives_taken(peer.data(1000, 500));
  auto answer = peer.hears();
  ASSERT_EQ(answer.size(), 1U);
  EXPECT_EQ(peer.acknowledged(answer[0]), 0);
  EXPECT_EQ(blocks(peer, answer[0]), (std::vector<SackBlock>{{1000, 1500}}));
  peer.gives_taken(peer.data(1500, 500));
  EXPECT_EQ(blocks(peer, peer.hears().at(0)), (std::vector<SackBlock>{{1000, 2000}}));
  peer.gives_taken(peer.data(0, 1000));
  answer = peer.hears();
  EXPECT_EQ(peer.acknowledged(answer.at(0)), 2000);
  EXPECT_TRUE(blocks(peer, answer.at(0)).empty());
}

TEST(TcpInput, TheBlockThatGrewLastComesFirst) {
  // RFC 2018, section 4.
  ScriptedPeer peer = ScriptedPeer::established(with_sack());
  peer.gives_taken(peer.data(1000, 500));
  peer.gives_taken(peer.data(5000, 500));
  peer.gives_taken(peer.data(3000, 500));
  auto reported = blocks(peer, peer.hears().at(0));
  ASSERT_EQ(reported.size(), 3U);
  EXPECT_EQ(reported[0], (SackBlock{3000, 3500}));
  peer.gives_taken(peer.data(5500, 500));
  reported = blocks(peer, peer.hears().at(0));
  ASSERT_EQ(reported.size(), 3U);
  EXPECT_EQ(reported[0], (SackBlock{5000, 6000}));
}

TEST(TcpInput, AsManyBlocksAsFitAreReported) {
  for (const bool timestamps : {false, true}) {
    Opening opening = with_sack();
    if (timestamps) opening.peer_options.timestamps = TcpTimestamps{1, 0};
    ScriptedPeer peer = ScriptedPeer::established(opening);
    for (std::uint32_t i = 1; i <= 6; ++i) peer.gives_taken(peer.data(1000 * i, 100));
    const auto answer = peer.hears();
    ASSERT_EQ(answer.size(), 1U);
    EXPECT_EQ(answer[0].options.sack_count, timestamps ? 3 : 4);
    EXPECT_LE(answer[0].options.size(), TcpOptions::kMaxSize);
    EXPECT_EQ(blocks(peer, answer[0]).at(0), (SackBlock{6000, 6100}));
  }
}

TEST(TcpInput, WhatWasNotKeptIsNotReported) {
  ScriptedPeer peer = ScriptedPeer::established(with_sack());
  peer.gives(peer.data(1000, 500));
  EXPECT_TRUE(blocks(peer, peer.hears().at(0)).empty());
  ScriptedPeer without = ScriptedPeer::established();
  without.gives_taken(without.data(1000, 500));
  EXPECT_EQ(without.hears().at(0).options.sack_count, 0) << "nor what the peer can't read";
}

TEST(TcpInput, ManyGapsAreKeptAndMoreAreRefused) {
  ScriptedPeer peer = ScriptedPeer::established();
  std::uint32_t kept = 0;
  for (std::uint32_t i = 1; i <= 100; ++i) {
    const Arrival arrival = peer.gives(peer.data(i * 20, 10));
    if (peer.connection.keep(arrival.offset, 10)) ++kept;
  }
  EXPECT_EQ(kept, RangeSet::kCapacity);
  EXPECT_EQ(peer.gives(peer.data(0, 20)).payload.size(), 20U);
  EXPECT_EQ(peer.connection.received(peer.now, 20), 10U);
}

TEST(TcpInput, TimestampsAreEchoed) {
  // RFC 7323, section 4.3: the echo is that of the segment that begins what we acknowledge.
  ScriptedPeer peer = ScriptedPeer::established(with_timestamps(100));
  peer.timestamps->value = 110;
  peer.gives_taken(peer.data(0, 500));
  peer.timestamps->value = 120;
  peer.gives_taken(peer.data(500, 500));
  auto answer = peer.waits(seconds(1));
  ASSERT_EQ(answer.size(), 1U);
  EXPECT_EQ(answer[0].options.timestamps->echo, 110U);
  // A segment behind a gap is not echoed.
  peer.timestamps->value = 130;
  peer.gives_taken(peer.data(1500, 500));
  EXPECT_EQ(peer.hears().at(0).options.timestamps->echo, 110U);
  peer.timestamps->value = 140;
  peer.gives_taken(peer.data(1000, 500));
  EXPECT_EQ(peer.hears().at(0).options.timestamps->echo, 140U);
}

TEST(TcpInput, TheTimestampOfASegmentThatIsSentAgainIsEchoed) {
  // Its acknowledgment was lost, and the peer measures from when it sent it last.
  ScriptedPeer peer = ScriptedPeer::established(with_timestamps(100));
  peer.timestamps->value = 110;
  peer.gives_taken(peer.data(0, 500));
  EXPECT_EQ(peer.waits(seconds(1)).at(0).options.timestamps->echo, 110U);
  peer.timestamps->value = 9000;
  peer.gives(peer.data(0, 500));
  EXPECT_EQ(peer.hears().at(0).options.timestamps->echo, 9000U);
  // One that lies farther back than a window reaches is none of ours.
  peer.timestamps->value = 0x70000000;
  Segment old = peer.data(0, 500);
  old.sequence = old.sequence - 0x10000000;
  peer.gives(old);
  peer.timestamps->value = 9001;
  peer.gives_taken(peer.data(500, 500));
  EXPECT_EQ(peer.waits(seconds(1)).at(0).options.timestamps->echo, 9001U);
}

TEST(TcpInput, ASegmentWithAnOldTimestampIsRefused) {
  // PAWS (RFC 7323, section 5.3).
  ScriptedPeer peer = ScriptedPeer::established(with_timestamps(100));
  peer.timestamps->value = 200;
  peer.gives_taken(peer.data(0, 1000));
  peer.waits(seconds(1));
  peer.timestamps->value = 199;
  const Arrival arrival = peer.gives(peer.data(1000, 1000));
  EXPECT_EQ(arrival.verdict, Verdict::kDropped);
  EXPECT_TRUE(arrival.payload.empty());
  EXPECT_EQ(peer.acknowledged(peer.hears().at(0)), 1000);
  peer.timestamps->value = 200;
  EXPECT_EQ(peer.gives(peer.data(1000, 1000)).payload.size(), 1000U) << "the same is not older";
}

TEST(TcpInput, TimestampsWrap) {
  ScriptedPeer peer = ScriptedPeer::established(with_timestamps(0xfffffff0));
  peer.timestamps->value = 5;
  EXPECT_EQ(peer.gives_taken(peer.data(0, 100)).verdict, Verdict::kAccepted);
  peer.timestamps->value = 0xfffffff8;
  EXPECT_EQ(peer.gives(peer.data(100, 100)).verdict, Verdict::kDropped);
}

TEST(TcpInput, AfterTwentyFourDaysOfSilenceATimestampMeansNothing) {
  // RFC 7323, section 5.5.
  ScriptedPeer peer = ScriptedPeer::established(with_timestamps(100));
  peer.now += hours(24 * 25);
  peer.timestamps->value = 50;
  EXPECT_EQ(peer.gives(peer.data(0, 100)).verdict, Verdict::kAccepted);
}

TEST(TcpInput, AResetIsNotJudgedByItsTimestamp) {
  // RFC 7323, section 5.2.
  ScriptedPeer peer = ScriptedPeer::established(with_timestamps(100));
  peer.timestamps->value = 50;
  peer.gives(peer.rst(0));
  EXPECT_EQ(peer.connection.close_reason(), CloseReason::kReset);
}

TEST(TcpInput, AResetAtTheExactNumberResets) {
  // RFC 5961, section 3.2.
  ScriptedPeer peer = ScriptedPeer::established();
  EXPECT_EQ(peer.gives(peer.rst(0)).verdict, Verdict::kAccepted);
  EXPECT_TRUE(peer.connection.closed());
  EXPECT_EQ(peer.connection.close_reason(), CloseReason::kReset);
  EXPECT_TRUE(peer.hears().empty());
}

TEST(TcpInput, AResetInTheWindowIsChallenged) {
  ScriptedPeer peer = ScriptedPeer::established();
  EXPECT_EQ(peer.gives(peer.rst(1)).verdict, Verdict::kDropped);
  const auto challenge = peer.hears();
  ASSERT_EQ(challenge.size(), 1U);
  EXPECT_EQ(challenge[0].flags, kAck);
  EXPECT_EQ(peer.acknowledged(challenge[0]), 0);
  EXPECT_EQ(peer.connection.state(), State::kEstablished);
}

TEST(TcpInput, AResetOutsideTheWindowIsIgnored) {
  ScriptedPeer peer = ScriptedPeer::established();
  peer.gives(peer.rst(10001));
  Segment old = peer.rst(0);
  old.sequence = peer.peer_number(0) - 1;
  peer.gives(old);
  EXPECT_EQ(peer.connection.state(), State::kEstablished);
  EXPECT_TRUE(peer.hears().empty());
}

TEST(TcpInput, ASynInAConnectionIsChallenged) {
  // RFC 5961, section 4.2: wherever it lies.
  for (const std::uint32_t place : {0U, 500U, 0xffffffffU, 50000U}) {
    ScriptedPeer peer = ScriptedPeer::established();
    Segment syn = peer.syn();
    syn.sequence = peer.peer_number(place);
    EXPECT_EQ(peer.gives(syn).verdict, Verdict::kDropped);
    const auto challenge = peer.hears();
    ASSERT_EQ(challenge.size(), 1U) << place;
    EXPECT_EQ(challenge[0].flags, kAck);
    EXPECT_EQ(peer.place(challenge[0]), 0);
    EXPECT_EQ(peer.connection.state(), State::kEstablished);
  }
}

TEST(TcpInput, ChallengesAreFew) {
  // RFC 5961, section 7.
  ScriptedPeer peer = ScriptedPeer::established();
  std::size_t challenges = 0;
  for (int i = 0; i < 1000; ++i) {
    peer.gives(peer.rst(100));
    challenges += peer.waits(milliseconds(5)).size();
  }
  EXPECT_GE(challenges, 9U);
  EXPECT_LE(challenges, 11U);
}

TEST(TcpInput, AnAcknowledgmentOfWhatWasNeverSentIsRefused) {
  ScriptedPeer peer = ScriptedPeer::established();
  peer.sends(500);
  peer.acknowledges = 501;
  const Arrival arrival = peer.gives(peer.data(0, 100));
  EXPECT_EQ(arrival.verdict, Verdict::kDropped);
  EXPECT_EQ(arrival.acknowledged, 0U);
  EXPECT_TRUE(arrival.payload.empty());
  EXPECT_EQ(peer.hears().size(), 1U) << "it is answered (RFC 9293, section 3.10.7.4)";
}

TEST(TcpInput, AnAcknowledgmentOfTheDistantPastIsRefused) {
  // RFC 5961, section 5: SND.UNA - MAX.SND.WND at the least.
  Opening opening;
  opening.peer_window = 3000;
  ScriptedPeer peer = ScriptedPeer::established(opening);
  for (std::uint32_t i = 1; i <= 5; ++i) {
    peer.sends(1000);
    peer.gives(peer.ack(i * 1000));
  }
  peer.acknowledges = 2000;
  EXPECT_EQ(peer.gives_taken(peer.data(0, 100)).payload.size(), 100U);
  peer.acknowledges = 1999;
  EXPECT_EQ(peer.gives(peer.data(100, 100)).verdict, Verdict::kDropped);
}

TEST(TcpInput, AnOldAcknowledgmentTakesNothingBack) {
  ScriptedPeer peer = ScriptedPeer::established();
  peer.sends(1000);
  EXPECT_EQ(peer.gives(peer.ack(1000)).acknowledged, 1000U);
  peer.window = 1;
  EXPECT_EQ(peer.gives(peer.ack(500)).acknowledged, 0U);
  EXPECT_GT(peer.connection.send_window(), 1U) << "nor does its window count";
}

TEST(TcpInput, AnOlderSegmentDoesNotSetTheWindow) {
  // SND.WL1 and SND.WL2 (RFC 9293, section 3.10.7.4).
  ScriptedPeer peer = ScriptedPeer::established();
  peer.gives_taken(peer.data(0, 100));
  peer.window = 5000;
  peer.gives_taken(peer.data(100, 100));
  Segment reordered = peer.data(0, 200);
  reordered.window = 100;
  peer.gives(reordered);
  EXPECT_EQ(peer.connection.send_window(), 5000U);
}

}  // namespace
}  // namespace sluice::tcp
