// What flows keep: one budget for all of them, and something left for one more.

#include <gtest/gtest.h>

#include "nat/tcp_flows.h"
#include "tests/sim/guest_tcp.h"
#include "tests/sim/sim.h"

namespace sluice {
namespace {

using std::chrono::seconds;

constexpr Endpoint kServer{IpAddress::v4(192, 0, 2, 1), 80};

// So many guests, each connected to kServer from a port of its own.
std::vector<std::unique_ptr<GuestTcp>> connected(Sim& sim, std::uint16_t count) {
  std::vector<std::unique_ptr<GuestTcp>> guests;
  for (std::uint16_t port = 1; port <= count; ++port) {
    guests.push_back(std::make_unique<GuestTcp>(sim, port, kServer));
  }
  sim.settle();
  return guests;
}

TEST(FlowBuffers, TheBudgetForBuffersBoundsAllFlowsTogetherAndEveryByteStillArrives) {
  NatConfig config;
  config.limits.buffer_bytes = std::size_t{256} << 10;
  Sim sim(config);
  const std::string bytes = varied_text(300000);
  const auto guests = connected(sim, 20);
  for (std::size_t i = 0; i < guests.size(); ++i) {
    sim.host.make_room(static_cast<SocketId>(i), 0);
    sim.host.say(static_cast<SocketId>(i), bytes);
    guests[i]->write(bytes);
  }
  sim.run_for(seconds(10));
  for (std::size_t i = 0; i < guests.size(); ++i) {
    sim.host.make_room(static_cast<SocketId>(i), SIZE_MAX);
  }
  sim.run_for(seconds(600));
  for (std::size_t i = 0; i < guests.size(); ++i) {
    EXPECT_EQ(guests[i]->received(), bytes) << i;
    EXPECT_EQ(sim.host.at(static_cast<SocketId>(i)).sent, bytes) << i;
  }
}

TEST(FlowBuffers, HostsThatTakeNothingLeaveBuffersForTheRest) {
  NatConfig config;
  config.limits.buffer_bytes = std::size_t{1} << 20;
  Sim sim(config);
  const auto guests = connected(sim, 20);
  // All of them have been offered much while nothing is kept yet.
  for (std::size_t i = 0; i < guests.size(); ++i) {
    sim.host.make_room(static_cast<SocketId>(i), 0);
    guests[i]->write(varied_text(300000));
  }
  sim.run_for(seconds(10));
  GuestTcp late(sim, 4000, kServer);
  sim.settle();
  sim.host.say(sim.host.last(), varied_text(50000));
  late.write(varied_text(50000));
  sim.run_for(seconds(1));
  EXPECT_EQ(late.received(), varied_text(50000));
  EXPECT_EQ(sim.host.newest().sent, varied_text(50000));
}

TEST(FlowBuffers, WhatAFullLinkHasNoRoomForWaitsAndNothingIsLost) {
  Sim sim;
  const auto guests = connected(sim, 3);
  constexpr std::size_t kRoom = 4;
  sim.link.set_room(kRoom);
  const std::string bytes = varied_text(300000);
  for (std::size_t i = 0; i < guests.size(); ++i) {
    sim.host.say(static_cast<SocketId>(i), bytes);
  }
  sim.run_for(seconds(30));
  for (const auto& guest : guests) EXPECT_EQ(guest->received(), bytes);
  EXPECT_EQ(sim.link.most(), kRoom);
}

TEST(FlowBuffers, AFlowThatFinishesOnAFullLinkFinishesWhenThereIsRoom) {
  Sim sim;
  const auto guests = connected(sim, 1);
  sim.link.set_room(0);
  sim.host.say(SocketId{0}, "last words");
  sim.host.finish(SocketId{0});
  sim.run_for(seconds(5));
  EXPECT_EQ(guests[0]->received(), "");
  EXPECT_LE(sim.link.most(), 1U);
  sim.link.set_room(SIZE_MAX);
  sim.nat.on_frames(sim.now, {});
  sim.run_for(seconds(5));
  EXPECT_EQ(guests[0]->received(), "last words");
  EXPECT_TRUE(guests[0]->peer_finished());
}

TEST(FlowBuffers, AFewBytesTakeTheSmallestBuffers) {
  NatConfig config;
  config.limits.buffer_bytes = 100 * std::size_t{16} << 10;
  Sim sim(config);
  const auto guests = connected(sim, 100);
  // Nothing is acknowledged, so that every byte needs its place.
  sim.loses = [] { return true; };
  for (std::size_t i = 0; i < guests.size(); ++i) sim.host.say(static_cast<SocketId>(i), "x");
  sim.settle();
  EXPECT_EQ(sim.dropped(Drop::kMemoryLimit), 0U);
}

TEST(FlowBuffers, WhatWaitsBehindGapsLeavesBuffersForTheRest) {
  NatConfig config;
  config.limits.buffer_bytes = std::size_t{1} << 20;
  Sim sim(config);
  const std::string bytes = varied_text(12000);
  std::vector<std::unique_ptr<GuestTcp>> guests;
  for (std::uint16_t port = 1; port <= 80; ++port) {
    guests.push_back(std::make_unique<GuestTcp>(sim, port, kServer));
    sim.settle();
    // The first segment is lost, and so is whatever would bring it again.
    int passed = 0;
    sim.loses = [&passed] { return passed++ == 0 || passed > 9; };
    guests.back()->write(bytes);
    sim.settle();
    sim.loses = [] { return false; };
    EXPECT_EQ(sim.host.at(sim.host.last()).sent.size(), 0U);
  }
  EXPECT_GT(sim.dropped(Drop::kMemoryLimit), 0U);
  GuestTcp late(sim, 99, kServer);
  sim.settle();
  sim.host.say(sim.host.last(), bytes);
  late.write(bytes);
  sim.settle();
  EXPECT_TRUE(late.received() == bytes);
  EXPECT_TRUE(sim.host.at(sim.host.last()).sent == bytes);
}

}  // namespace
}  // namespace sluice
