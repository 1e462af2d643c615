// Closing a connection, and what ends one that is silent: RFC 9293, sections 3.6, 3.8.4 and 3.10.7.

#include <gtest/gtest.h>

#include "stack/tcp/scripted_peer.h"

namespace sluice::tcp {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using Verdict = Arrival::Verdict;

constexpr TcpFlags kAck{.ack = true};
constexpr TcpFlags kFinAck{.fin = true, .ack = true};
constexpr TcpFlags kRstAck{.rst = true, .ack = true};

// We have finished: the FIN is sent, not acknowledged.
ScriptedPeer finishing() {
  ScriptedPeer peer = ScriptedPeer::established();
  peer.connection.finish();
  EXPECT_EQ(peer.hears().size(), 1U);
  EXPECT_EQ(peer.connection.state(), State::kFinWait1);
  return peer;
}

// Our FIN is acknowledged.
ScriptedPeer half_closed() {
  ScriptedPeer peer = finishing();
  peer.gives(peer.ack(1));
  EXPECT_EQ(peer.connection.state(), State::kFinWait2);
  peer.acknowledges = 1;
  return peer;
}

// Both have finished, we first.
ScriptedPeer waiting() {
  ScriptedPeer peer = half_closed();
  peer.gives(peer.fin(0));
  EXPECT_EQ(peer.connection.state(), State::kTimeWait);
  EXPECT_EQ(peer.hears().size(), 1U);
  peer.sent = 1;
  return peer;
}

// The peer has finished.
ScriptedPeer left() {
  ScriptedPeer peer = ScriptedPeer::established();
  peer.gives(peer.fin(0));
  EXPECT_EQ(peer.connection.state(), State::kCloseWait);
  EXPECT_EQ(peer.hears().size(), 1U);
  peer.sent = 1;
  return peer;
}

TEST(TcpClosing, WeFinishFirst) {
  // RFC 9293, figure 12, left side.
  ScriptedPeer peer = ScriptedPeer::established();
  peer.connection.finish();
  const auto fin = peer.hears();
  ASSERT_EQ(fin.size(), 1U);
  EXPECT_EQ(fin[0].flags, kFinAck);
  EXPECT_EQ(peer.place(fin[0]), 0);
  EXPECT_EQ(peer.connection.state(), State::kFinWait1);
  EXPECT_FALSE(peer.connection.finish_acknowledged());

  const Arrival arrival = peer.gives(peer.ack(1));
  EXPECT_EQ(arrival.acknowledged, 0U) << "the FIN is no byte of the send queue";
  EXPECT_EQ(peer.connection.state(), State::kFinWait2);
  EXPECT_TRUE(peer.connection.finish_acknowledged());
  EXPECT_TRUE(peer.hears().empty());

  peer.acknowledges = 1;
  peer.gives(peer.fin(0));
  EXPECT_EQ(peer.connection.state(), State::kTimeWait);
  EXPECT_TRUE(peer.connection.peer_finished());
  const auto last = peer.hears();
  ASSERT_EQ(last.size(), 1U);
  EXPECT_EQ(last[0].flags, kAck);
  EXPECT_EQ(peer.place(last[0]), 1);
  EXPECT_EQ(peer.acknowledged(last[0]), 1);
}

TEST(TcpClosing, ThePeerFinishesFirst) {
  // RFC 9293, figure 12, right side.
  ScriptedPeer peer = ScriptedPeer::established();
  EXPECT_EQ(peer.gives(peer.fin(0)).verdict, Verdict::kAccepted);
  EXPECT_EQ(peer.connection.state(), State::kCloseWait);
  const auto answer = peer.hears();
  ASSERT_EQ(answer.size(), 1U);
  EXPECT_EQ(answer[0].flags, kAck);
  EXPECT_EQ(peer.acknowledged(answer[0]), 1);

  peer.connection.finish();
  EXPECT_EQ(peer.hears().at(0).flags, kFinAck);
  EXPECT_EQ(peer.connection.state(), State::kLastAck);
  peer.sent = 1;
  peer.gives(peer.ack(1));
  EXPECT_TRUE(peer.connection.closed());
  EXPECT_EQ(peer.connection.close_reason(), CloseReason::kNone);
  EXPECT_EQ(peer.connection.deadline(peer.now), std::nullopt);
}

TEST(TcpClosing, BothFinishAtOnce) {
  // RFC 9293, figure 13.
  ScriptedPeer peer = finishing();
  peer.gives(peer.fin(0));
  EXPECT_EQ(peer.connection.state(), State::kClosing);
  const auto answer = peer.hears();
  ASSERT_EQ(answer.size(), 1U);
  EXPECT_EQ(answer[0].flags, kAck);
  EXPECT_EQ(peer.place(answer[0]), 1);
  EXPECT_EQ(peer.acknowledged(answer[0]), 1);
  peer.sent = 1;
  peer.gives(peer.ack(1));
  EXPECT_EQ(peer.connection.state(), State::kTimeWait);
  peer.waits(Connection::kTimeWait);
  EXPECT_TRUE(peer.connection.closed());
}

TEST(TcpClosing, OneSegmentMayAcknowledgeOurFinishAndFinish) {
  ScriptedPeer peer = finishing();
  peer.acknowledges = 1;
  peer.gives(peer.fin(0));
  EXPECT_EQ(peer.connection.state(), State::kTimeWait);
  EXPECT_EQ(peer.hears().size(), 1U);
}

TEST(TcpClosing, FinishFollowsWhatIsQueued) {
  ScriptedPeer peer = ScriptedPeer::established();
  peer.window = 1500;
  peer.gives(peer.ack(0));
  peer.connection.enqueue(2500);
  peer.connection.finish();
  const auto first = peer.hears();
  ASSERT_EQ(first.size(), 1U);
  EXPECT_EQ(first[0].length, 1000U);
  EXPECT_FALSE(first[0].flags.fin);
  EXPECT_EQ(peer.connection.state(), State::kEstablished);
  peer.window = 60000;
  EXPECT_EQ(peer.gives(peer.ack(1000)).acknowledged, 1000U);
  const auto rest = peer.hears();
  ASSERT_EQ(rest.size(), 1U);
  EXPECT_EQ(rest[0].length, 1500U) << "two segments, cut by the link";
  EXPECT_TRUE(rest[0].flags.fin);
  EXPECT_TRUE(rest[0].flags.psh);
  EXPECT_EQ(peer.gives(peer.ack(2501)).acknowledged, 1500U);
  EXPECT_EQ(peer.connection.state(), State::kFinWait2);
  EXPECT_EQ(peer.connection.queued(), 0U);
}

TEST(TcpClosing, AnAcknowledgmentOfTheDataIsNoneOfTheFinish) {
  ScriptedPeer peer = ScriptedPeer::established();
  peer.connection.enqueue(100);
  peer.connection.finish();
  peer.hears();
  EXPECT_EQ(peer.gives(peer.ack(100)).acknowledged, 100U);
  EXPECT_EQ(peer.connection.state(), State::kFinWait1);
  EXPECT_EQ(peer.gives(peer.ack(101)).acknowledged, 0U);
  EXPECT_EQ(peer.connection.state(), State::kFinWait2);
}

TEST(TcpClosing, TheFinishIsOneNumberOfTheWindow) {
  ScriptedPeer peer = ScriptedPeer::established();
  peer.window = 100;
  peer.gives(peer.ack(0));
  peer.connection.enqueue(100);
  peer.connection.finish();
  const auto sent = peer.hears();
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].length, 100U);
  EXPECT_FALSE(sent[0].flags.fin);
  peer.gives(peer.ack(100));
  EXPECT_EQ(peer.hears().at(0).flags, kFinAck);
}

TEST(TcpClosing, ALostFinishIsSentAgain) {
  ScriptedPeer peer = finishing();
  const auto again = peer.waits(seconds(1));
  ASSERT_FALSE(again.empty());
  EXPECT_EQ(again[0].flags, kFinAck);
  EXPECT_EQ(peer.place(again[0]), 0);
  EXPECT_EQ(again[0].length, 0U);
  peer.gives(peer.ack(1));
  EXPECT_EQ(peer.connection.state(), State::kFinWait2);
}

TEST(TcpClosing, DataComesInAfterWeHaveFinished) {
  ScriptedPeer peer = half_closed();
  EXPECT_EQ(peer.gives_taken(peer.data(0, 1000)).payload.size(), 1000U);
  EXPECT_EQ(peer.gives_taken(peer.data(1000, 1000)).payload.size(), 1000U);
  const auto answer = peer.hears();
  ASSERT_EQ(answer.size(), 1U);
  EXPECT_EQ(peer.acknowledged(answer[0]), 2000);
  peer.gives(peer.fin(2000));
  EXPECT_EQ(peer.connection.state(), State::kTimeWait);
}

TEST(TcpClosing, DataGoesOutAfterThePeerHasFinished) {
  ScriptedPeer peer = left();
  const auto sent = peer.sends(700);
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].length, 700U);
  EXPECT_EQ(peer.acknowledged(sent[0]), 1);
  EXPECT_EQ(peer.gives(peer.ack(700)).acknowledged, 700U);
  EXPECT_EQ(peer.connection.state(), State::kCloseWait);
}

TEST(TcpClosing, AFinishBeforeMissingDataWaitsForIt) {
  ScriptedPeer peer = ScriptedPeer::established();
  Segment last = peer.data(500, 500);
  last.flags.fin = true;
  peer.gives_taken(last);
  EXPECT_EQ(peer.connection.state(), State::kEstablished);
  EXPECT_EQ(peer.acknowledged(peer.hears().at(0)), 0);
  peer.gives_taken(peer.data(0, 500));
  EXPECT_EQ(peer.connection.state(), State::kCloseWait);
  EXPECT_TRUE(peer.connection.peer_finished());
  EXPECT_EQ(peer.acknowledged(peer.hears().at(0)), 1001);
}

TEST(TcpClosing, AFinishIsOverOnlyWhenItsDataIsTaken) {
  ScriptedPeer peer = ScriptedPeer::established();
  Segment last = peer.data(0, 500);
  last.flags.fin = true;
  peer.gives(last);
  EXPECT_FALSE(peer.connection.peer_finished());
  peer.connection.received(peer.now, 200);
  EXPECT_FALSE(peer.connection.peer_finished());
  EXPECT_EQ(peer.waits(seconds(1)).size(), 1U);
  const Arrival rest = peer.gives(last);
  EXPECT_EQ(rest.payload.size(), 300U);
  peer.connection.received(peer.now, 300);
  EXPECT_TRUE(peer.connection.peer_finished());
}

TEST(TcpClosing, AFinishBehindTheWindowDoesNotCount) {
  Opening opening;
  opening.ours.receive_space = 500;
  ScriptedPeer peer = ScriptedPeer::established(opening);
  Segment last = peer.data(0, 600);
  last.flags.fin = true;
  EXPECT_EQ(peer.gives_taken(last).payload.size(), 500U);
  EXPECT_FALSE(peer.connection.peer_finished());
  EXPECT_EQ(peer.acknowledged(peer.hears().at(0)), 500);
  peer.connection.set_receive_space(5000);
  peer.hears();
  last = peer.data(500, 100);
  last.flags.fin = true;
  EXPECT_EQ(peer.gives_taken(last).payload.size(), 100U);
  EXPECT_TRUE(peer.connection.peer_finished());
}

TEST(TcpClosing, ARepeatedFinishIsAcknowledgedAgain) {
  ScriptedPeer peer = left();
  EXPECT_EQ(peer.gives(peer.fin(0)).verdict, Verdict::kDropped);
  const auto answer = peer.hears();
  ASSERT_EQ(answer.size(), 1U);
  EXPECT_EQ(peer.acknowledged(answer[0]), 1);
  EXPECT_EQ(peer.connection.state(), State::kCloseWait);
}

TEST(TcpClosing, DataAfterTheFinishIsIgnored) {
  ScriptedPeer peer = left();
  EXPECT_TRUE(peer.gives(peer.data(1, 100)).payload.empty());
  peer.hears();
  EXPECT_EQ(peer.acknowledged(peer.sends(10).at(0)), 1);
}

TEST(TcpClosing, DataThatReachesPastAFinishStillToComeIsCutThere) {
  ScriptedPeer peer = ScriptedPeer::established();
  peer.gives(peer.fin(700));
  EXPECT_EQ(peer.gives_taken(peer.data(500, 500)).payload.size(), 200U);
  EXPECT_EQ(peer.gives_taken(peer.data(0, 600)).payload.size(), 600U);
  EXPECT_TRUE(peer.connection.peer_finished());
  EXPECT_FALSE(peer.connection.has_gaps());
  EXPECT_EQ(peer.acknowledged(peer.hears().at(0)), 701);
}

TEST(TcpClosing, AFinishBelowDataThatHasComeIsALie) {
  ScriptedPeer peer = ScriptedPeer::established();
  peer.gives_taken(peer.data(600, 300));
  peer.gives(peer.fin(700));
  peer.gives_taken(peer.data(0, 600));
  EXPECT_FALSE(peer.connection.peer_finished());
  peer.gives(peer.fin(900));
  EXPECT_TRUE(peer.connection.peer_finished());
}

TEST(TcpClosing, TimeWaitLastsTwoSegmentLifetimes) {
  ScriptedPeer peer = waiting();
  EXPECT_TRUE(peer.waits(seconds(59)).empty());
  EXPECT_EQ(peer.connection.state(), State::kTimeWait);
  EXPECT_TRUE(peer.waits(seconds(1)).empty());
  EXPECT_TRUE(peer.connection.closed());
  EXPECT_EQ(peer.connection.close_reason(), CloseReason::kNone);
}

TEST(TcpClosing, AFinishInTimeWaitIsAcknowledgedAndBeginsItAnew) {
  // RFC 9293, section 3.10.7.4, eighth check.
  ScriptedPeer peer = waiting();
  peer.waits(seconds(50));
  peer.gives(peer.fin(0));
  const auto answer = peer.hears();
  ASSERT_EQ(answer.size(), 1U);
  EXPECT_EQ(answer[0].flags, kAck);
  EXPECT_EQ(peer.acknowledged(answer[0]), 1);
  peer.waits(seconds(50));
  EXPECT_EQ(peer.connection.state(), State::kTimeWait);
  peer.waits(seconds(10));
  EXPECT_TRUE(peer.connection.closed());
}

TEST(TcpClosing, ANewSynInTimeWaitIsAReasonToForget) {
  // RFC 9293, section 3.6.1 (MAY-2).
  ScriptedPeer peer = waiting();
  Segment syn = peer.syn();
  syn.sequence = peer.peer_number(1);
  EXPECT_EQ(peer.gives(syn).verdict, Verdict::kReopen);
  syn.sequence = peer.peer_number(1'000'000);
  EXPECT_EQ(peer.gives(syn).verdict, Verdict::kReopen);
}

TEST(TcpClosing, AnOldSynInTimeWaitIsNot) {
  ScriptedPeer peer = waiting();
  EXPECT_EQ(peer.gives(peer.syn()).verdict, Verdict::kDropped);
  EXPECT_EQ(peer.hears().at(0).flags, kAck);
  Segment answer = peer.syn_ack();
  answer.sequence = peer.peer_number(1000);
  EXPECT_EQ(peer.gives(answer).verdict, Verdict::kDropped) << "a SYN|ACK opens nothing";
  EXPECT_EQ(peer.connection.state(), State::kTimeWait);
}

TEST(TcpClosing, AResetInTimeWaitEndsItWithoutAnError) {
  // Both sides have finished: there is nothing left that it could take back.
  ScriptedPeer peer = waiting();
  peer.gives(peer.rst(1));
  EXPECT_TRUE(peer.connection.closed());
  EXPECT_EQ(peer.connection.close_reason(), CloseReason::kNone);
}

TEST(TcpClosing, AnAbortInTimeWaitIsSilent) {
  ScriptedPeer peer = waiting();
  peer.connection.abort();
  EXPECT_TRUE(peer.hears().empty());
  EXPECT_TRUE(peer.connection.closed());
}

TEST(TcpClosing, AnAbortResetsThePeer) {
  ScriptedPeer peer = ScriptedPeer::established();
  peer.sends(300);
  peer.connection.abort();
  const auto sent = peer.hears();
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].flags, kRstAck);
  EXPECT_EQ(peer.place(sent[0]), 300);
  EXPECT_EQ(peer.connection.close_reason(), CloseReason::kAborted);
  EXPECT_EQ(peer.connection.deadline(peer.now), std::nullopt);
}

TEST(TcpClosing, AClosedConnectionSaysNothing) {
  ScriptedPeer peer = ScriptedPeer::established();
  peer.connection.abort();
  peer.hears();
  EXPECT_EQ(peer.gives(peer.data(0, 10)).verdict, Verdict::kDropped);
  peer.connection.abort();
  peer.connection.finish();
  EXPECT_TRUE(peer.waits(hours(3)).empty());
}

TEST(TcpClosing, AFinishThatNobodyAcknowledgesIsGivenUp) {
  ScriptedPeer peer = finishing();
  const auto sent = peer.waits(minutes(20));
  ASSERT_EQ(sent.size(), Connection::kMaxRetries + 1U);
  EXPECT_EQ(sent.back().flags, kRstAck);
  EXPECT_EQ(peer.connection.close_reason(), CloseReason::kTimedOut);
}

TEST(TcpClosing, ASilentPeerIsAskedAfterTwoHoursAndThenGivenUp) {
  ScriptedPeer peer = ScriptedPeer::established();
  EXPECT_TRUE(peer.waits(hours(2) - seconds(1)).empty());
  const auto probes = peer.waits(minutes(20));
  ASSERT_EQ(probes.size(), Connection::kMaxKeepAlives + 1U);
  EXPECT_EQ(probes[0].flags, kAck);
  EXPECT_EQ(peer.place(probes[0]), -1) << "left of what the peer expects, so that it must answer";
  EXPECT_EQ(probes[0].length, 0U);
  for (std::size_t i = 1; i < probes.size(); ++i) {
    EXPECT_EQ(probes[i].at - probes[i - 1].at, Connection::kKeepAliveInterval);
  }
  EXPECT_EQ(probes.back().flags, kRstAck);
  EXPECT_EQ(peer.connection.close_reason(), CloseReason::kTimedOut);
}

TEST(TcpClosing, APeerThatAnswersIsLeftInPeace) {
  ScriptedPeer peer = ScriptedPeer::established();
  for (int i = 0; i < 12; ++i) {
    const auto probes = peer.waits(hours(2));
    ASSERT_EQ(probes.size(), 1U);
    peer.gives(peer.ack(0));
    EXPECT_TRUE(peer.hears().empty());
  }
  EXPECT_EQ(peer.connection.state(), State::kEstablished);
}

TEST(TcpClosing, AKeepAliveOfThePeerIsAnswered) {
  ScriptedPeer peer = ScriptedPeer::established();
  peer.gives_taken(peer.data(0, 10));
  peer.waits(seconds(1));
  Segment probe = peer.data(9, 0);
  peer.gives(probe);
  ASSERT_EQ(peer.hears().size(), 1U);
  probe = peer.data(9, 1);  // with a byte of garbage (RFC 9293, section 3.8.4)
  EXPECT_TRUE(peer.gives(probe).payload.empty());
  const auto answer = peer.hears();
  ASSERT_EQ(answer.size(), 1U);
  EXPECT_EQ(peer.acknowledged(answer[0]), 10);
}

TEST(TcpClosing, AHalfClosedConnectionIsAskedSooner) {
  ScriptedPeer ours = half_closed();
  EXPECT_TRUE(ours.waits(minutes(2) - seconds(1)).empty());
  EXPECT_EQ(ours.waits(seconds(1)).size(), 1U);
  ours.gives(ours.ack(1));
  EXPECT_EQ(ours.connection.state(), State::kFinWait2);
  EXPECT_EQ(ours.waits(minutes(20)).size(), Connection::kMaxKeepAlives + 1U);
  EXPECT_EQ(ours.connection.close_reason(), CloseReason::kTimedOut);

  ScriptedPeer theirs = left();
  EXPECT_TRUE(theirs.waits(minutes(2) - seconds(1)).empty());
  EXPECT_EQ(theirs.waits(minutes(20)).size(), Connection::kMaxKeepAlives + 1U);
  EXPECT_EQ(theirs.connection.close_reason(), CloseReason::kTimedOut);
}

}  // namespace
}  // namespace sluice::tcp
