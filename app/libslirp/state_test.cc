#include "app/libslirp/state.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <utility>

namespace sluice {
namespace {

constexpr IpAddress kGuest = IpAddress::v4(10, 0, 2, 15);
constexpr MacAddress kMac({0x52, 0x54, 0, 0x12, 0x34, 0x56});

SavedState some_state() {
  SavedState state;
  state.leases.push_back({kGuest, {1, 2, 3}, kMac, std::chrono::hours(20)});
  state.leases.push_back({IpAddress::v4(10, 0, 2, 16), {9}, kMac, std::nullopt});
  state.neighbors.push_back({kGuest, kMac});
  SavedState::Stream stream;
  stream.state.guest = {kGuest, 4000};
  stream.state.server = {IpAddress::v4(10, 0, 2, 100), 1234};
  tcp::Snapshot& connection = stream.state.connection;
  connection.una = 0xffffffff;
  connection.nxt = 1;
  connection.send_end = 4;
  connection.expected = 7;
  connection.advertised = 70;
  connection.own_segment_size = 1460;
  connection.peer_segment_size = 1460;
  connection.scaled = connection.sack = true;
  connection.own_scale = 7;
  stream.state.to_guest = {1, 2, 3, 4, 5};
  stream.state.to_host = {6, 7};
  stream.unsaid = {8};
  state.streams.push_back(stream);
  state.positions.push_back({{kGuest, 4001},
                             {IpAddress::v4(192, 0, 2, 1), 80},
                             {.una = 1, .nxt = 0xffffffff, .expected = 3, .recent_timestamp = 4}});
  return state;
}

std::optional<SavedState> parse(Bytes stream) {
  return parse_state([&](MutableBytes into) {
    if (into.size() > stream.size()) return false;
    copy_bytes(stream.first(into.size()), into);
    stream = stream.subspan(into.size());
    return true;
  });
}

TEST(LibslirpState, IsReadAsItWasWritten) {
  const SavedState state = some_state();
  const auto read = parse(emit_state(state));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->leases, state.leases);
  ASSERT_EQ(read->neighbors.size(), 1U);
  EXPECT_EQ(read->neighbors[0].address, kGuest);
  EXPECT_EQ(read->neighbors[0].mac, kMac);
  ASSERT_EQ(read->streams.size(), 1U);
  const StreamState& stream = read->streams[0].state;
  EXPECT_EQ(stream.guest, state.streams[0].state.guest);
  EXPECT_EQ(stream.server, state.streams[0].state.server);
  EXPECT_EQ(stream.connection, state.streams[0].state.connection);
  EXPECT_EQ(stream.to_guest, state.streams[0].state.to_guest);
  EXPECT_EQ(stream.to_host, state.streams[0].state.to_host);
  EXPECT_EQ(read->streams[0].unsaid, state.streams[0].unsaid);
  ASSERT_EQ(read->positions.size(), 1U);
  EXPECT_EQ(read->positions[0].guest, state.positions[0].guest);
  EXPECT_EQ(read->positions[0].remote, state.positions[0].remote);
  EXPECT_EQ(read->positions[0].position, state.positions[0].position);
}

TEST(LibslirpState, CutShortItIsRefused) {
  const std::vector<std::uint8_t> stream = emit_state(some_state());
  for (std::size_t size = 0; size < stream.size(); ++size) {
    EXPECT_FALSE(parse(Bytes(stream).first(size))) << size;
  }
}

TEST(LibslirpState, WithAnyBitWrongItIsRefused) {
  const std::vector<std::uint8_t> stream = emit_state(some_state());
  for (std::size_t bit = 0; bit < 8 * stream.size(); ++bit) {
    std::vector<std::uint8_t> damaged = stream;
    damaged[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    EXPECT_FALSE(parse(damaged)) << bit;
  }
}

TEST(LibslirpState, WhatIsNotSoundIsRefusedWhateverItsChecksum) {
  using Change = void (*)(SavedState&);
  const std::array<Change, 10> changes{
      [](SavedState& s) { s.streams[0].state.connection.una = 9; },
      [](SavedState& s) { s.streams[0].state.to_guest.pop_back(); },
      [](SavedState& s) { s.streams[0].state.guest.port = 0; },
      [](SavedState& s) { s.streams[0].state.stream_finished = true; },
      [](SavedState& s) { s.leases[0].identifier.clear(); },
      [](SavedState& s) { s.leases[0].identifier.resize(256); },
      [](SavedState& s) { s.leases[0].left = Duration::max(); },
      [](SavedState& s) {
        s.streams[0].state.guest.address = IpAddress::v6({0xfe, 0xc0});
      },
      [](SavedState& s) {
        s.positions[0].guest.address = IpAddress::v6({0xfe, 0xc0});
      },
      [](SavedState& s) { s.positions[0].guest.port = 0; },
  };
  for (std::size_t i = 0; i < changes.size(); ++i) {
    SavedState state = some_state();
    changes.at(i)(state);
    EXPECT_FALSE(parse(emit_state(state))) << i;
  }
}

RC_GTEST_PROP(LibslirpState, AnythingElseIsRefused, (const std::vector<std::uint8_t>& noise)) {
  RC_ASSERT(!parse(noise));
}

}  // namespace
}  // namespace sluice
