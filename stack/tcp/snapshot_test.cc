// A connection that goes on elsewhere.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>

#include "stack/tcp/scripted_peer.h"
#include "stack/tcp/two_machines.h"

namespace sluice::tcp {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// The connection is saved, and what is loaded takes its place.
void move_elsewhere(ScriptedPeer& peer) {
  const auto snapshot = peer.connection.snapshot(peer.now);
  ASSERT_TRUE(snapshot);
  ASSERT_TRUE(snapshot->is_sound());
  peer.connection = Connection::restore(peer.now, *snapshot);
  EXPECT_EQ(peer.connection.snapshot(peer.now), snapshot);
}

TEST(TcpSnapshot, ARestoredConnectionSaysWhereItIsAndGoesOn) {
  ScriptedPeer peer = ScriptedPeer::established();
  peer.gives_taken(peer.data(0, 500));
  peer.hears();
  move_elsewhere(peer);
  const auto said = peer.hears();
  ASSERT_EQ(said.size(), 1U);
  EXPECT_EQ(peer.acknowledged(said[0]), 500);
  EXPECT_EQ(peer.gives_taken(peer.data(500, 100)).payload.size(), 100U);
  EXPECT_EQ(peer.sends(300).size(), 1U);
  peer.gives(peer.ack(300));
  EXPECT_EQ(peer.connection.queued(), 0U);
}

TEST(TcpSnapshot, APositionIsLeftWithAnyStep) {
  ScriptedPeer peer = ScriptedPeer::established();
  auto last = peer.connection.position();
  ASSERT_TRUE(last);
  EXPECT_EQ(peer.connection.position(), last);
  const auto moved = [&] {
    const auto now = peer.connection.position();
    const bool different = now != last;
    last = now;
    return different;
  };
  peer.gives_taken(peer.data(0, 500));
  EXPECT_TRUE(moved());
  EXPECT_EQ(peer.sends(300).size(), 1U);
  EXPECT_TRUE(moved());
  peer.gives(peer.ack(300));
  EXPECT_TRUE(moved());
  // The peer may say something else at that place, should it come back.
  const Arrival arrival = peer.gives(peer.data(600, 100));
  ASSERT_TRUE(peer.connection.keep(arrival.offset, 100));
  EXPECT_FALSE(peer.connection.position());
}

// Else a peer that has gone back would be taken for one of long ago (RFC 7323, section 5).
TEST(TcpSnapshot, ALaterTimestampLeavesThePosition) {
  Opening opening;
  opening.peer_options.timestamps = TcpTimestamps{1, 0};
  ScriptedPeer peer = ScriptedPeer::established(opening);
  const auto before = peer.connection.position();
  peer.gives(peer.ack(0));
  EXPECT_EQ(peer.connection.position(), before);
  ++peer.timestamps->value;
  peer.gives(peer.ack(0));
  EXPECT_NE(peer.connection.position(), before);
}

TEST(TcpSnapshot, AFinishOfEitherSideLeavesThePosition) {
  ScriptedPeer peer = ScriptedPeer::established();
  const auto open = peer.connection.position();
  peer.gives(peer.fin(0));
  const auto half = peer.connection.position();
  EXPECT_NE(half, open);
  peer.connection.finish();
  peer.hears();
  EXPECT_NE(peer.connection.position(), half);
}

TEST(TcpSnapshot, WhatWasOnItsWayIsSentAgain) {
  ScriptedPeer peer = ScriptedPeer::established();
  ASSERT_FALSE(peer.sends(2000).empty());
  move_elsewhere(peer);
  peer.hears();
  EXPECT_EQ(peer.connection.queued(), 2000U);
  const auto said = peer.waits(seconds(5));
  ASSERT_FALSE(said.empty());
  EXPECT_EQ(peer.place(said[0]), 0);
  EXPECT_EQ(said[0].length, 1000U);
}

TEST(TcpSnapshot, AClosedWindowIsAskedAboutAgain) {
  ScriptedPeer peer = ScriptedPeer::established();
  peer.window = 0;
  peer.gives(peer.ack(0));
  EXPECT_TRUE(peer.sends(100).empty());
  move_elsewhere(peer);
  peer.hears();
  EXPECT_FALSE(peer.waits(seconds(10)).empty());
  peer.window = 1000;
  peer.gives(peer.ack(0));
  EXPECT_EQ(peer.hears().size(), 1U);
}

TEST(TcpSnapshot, FinishesAreKept) {
  ScriptedPeer peer = ScriptedPeer::established();
  peer.gives(peer.fin(0));
  peer.sent = 1;
  peer.hears();
  move_elsewhere(peer);
  EXPECT_EQ(peer.connection.state(), State::kCloseWait);
  peer.connection.finish();
  peer.hears();
  move_elsewhere(peer);
  EXPECT_EQ(peer.connection.state(), State::kLastAck);
  peer.gives(peer.ack(1));
  EXPECT_TRUE(peer.connection.closed());

  ScriptedPeer other = ScriptedPeer::established();
  other.connection.finish();
  other.hears();
  move_elsewhere(other);
  EXPECT_EQ(other.connection.state(), State::kFinWait1);
  other.gives(other.ack(1));
  move_elsewhere(other);
  EXPECT_EQ(other.connection.state(), State::kFinWait2);
  EXPECT_EQ(other.connection.queued(), 0U);
}

TEST(TcpSnapshot, TimestampsGoOnFromWhereTheyWere) {
  Opening opening;
  opening.peer_options.timestamps = TcpTimestamps{5, 0};
  ScriptedPeer peer = ScriptedPeer::established(opening);
  peer.timestamps = TcpTimestamps{6, 0};
  const auto before = peer.sends(10);
  ASSERT_EQ(before.size(), 1U);
  const auto snapshot = peer.connection.snapshot(peer.now);
  ASSERT_TRUE(snapshot);
  // Where time is counted from elsewhere.
  peer.now += std::chrono::hours(1000);
  peer.connection = Connection::restore(peer.now, *snapshot);
  const auto after = peer.hears();
  ASSERT_EQ(after.size(), 1U);
  EXPECT_EQ(after[0].options.timestamps->value, before[0].options.timestamps->value);
}

TEST(TcpSnapshot, WhatIsNotOpenHasNone) {
  ScriptedPeer peer = ScriptedPeer::opening();
  EXPECT_FALSE(peer.connection.snapshot(peer.now));
  ScriptedPeer done = ScriptedPeer::established();
  done.connection.finish();
  done.hears();
  done.gives(done.ack(1));
  done.acknowledges = 1;
  done.gives(done.fin(0));
  ASSERT_EQ(done.connection.state(), State::kTimeWait);
  EXPECT_FALSE(done.connection.snapshot(done.now));
  done.connection.end_wait();
  EXPECT_FALSE(done.connection.snapshot(done.now));
}

TEST(TcpSnapshot, WhatNoConnectionGivesIsNotSound) {
  ScriptedPeer peer = ScriptedPeer::established();
  peer.sends(2000);
  const Snapshot sound = *peer.connection.snapshot(peer.now);
  ASSERT_TRUE(sound.is_sound());
  using Change = void (*)(Snapshot&);
  const std::array<Change, 11> changes{
      [](Snapshot& s) { s.una = s.send_end + 1; },
      [](Snapshot& s) { s.nxt = s.send_end + 1; },
      [](Snapshot& s) { s.send_end = s.una + (128U << 20); },
      [](Snapshot& s) { s.advertised = s.expected - 1; },
      [](Snapshot& s) { s.fin_sent = true; },
      [](Snapshot& s) { s.peer_window = UINT32_MAX; },
      [](Snapshot& s) { s.max_peer_window = UINT32_MAX; },
      [](Snapshot& s) { s.peer_scale = 15; },
      [](Snapshot& s) {
        s.scaled = false;
        s.own_scale = 7;
      },
      [](Snapshot& s) { s.own_segment_size = 0; },
      [](Snapshot& s) { s.peer_segment_size = 1; },
  };
  for (std::size_t i = 0; i < changes.size(); ++i) {
    Snapshot changed = sound;
    changes.at(i)(changed);
    EXPECT_FALSE(changed.is_sound()) << i;
  }
}

RC_GTEST_PROP(TcpSnapshot, ATransferSurvivesAnyNumberOfMoves, (std::uint64_t seed)) {
  TwoMachines machines({.loss_percent = 3, .duplicate_percent = 2, .delay_ms = 10, .jitter_ms = 15},
                       {seed, 1});
  constexpr std::size_t kBytes = 100'000;
  for (std::size_t i = 0; i < kBytes; ++i) {
    machines.a.to_send.push_back(static_cast<std::uint8_t>(i * 7 + i / 251));
    machines.b.to_send.push_back(static_cast<std::uint8_t>(i * 5 + i / 241));
  }
  machines.open({.initial_sequence = Sequence(0xffffff00)}, {.initial_sequence = Sequence(7)});
  Random random({seed, 2});
  bool closed = false;
  for (int i = 0; i < 300 && !closed; ++i) {
    closed = machines.run(milliseconds(20 + random.below(500)));
    for (Machine* const machine : {&machines.a, &machines.b}) {
      if (!machine->connection) continue;
      const auto snapshot = machine->connection->snapshot(machines.now);
      if (!snapshot) continue;
      RC_ASSERT(snapshot->is_sound());
      machine->connection = Connection::restore(machines.now, *snapshot);
      machine->aside.clear();
    }
  }
  if (!closed) closed = machines.run(minutes(60));
  RC_ASSERT(machines.a.received == machines.b.to_send);
  RC_ASSERT(machines.b.received == machines.a.to_send);
}

}  // namespace
}  // namespace sluice::tcp
