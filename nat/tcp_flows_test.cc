#include "nat/tcp_flows.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <random>

#include "stack/wire/icmpv4.h"
#include "tests/sim/guest_tcp.h"
#include "tests/sim/sim.h"

namespace sluice {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Endpoint kServer{IpAddress::v4(192, 0, 2, 1), 80};
constexpr Endpoint kGateway{IpAddress::v4(10, 0, 2, 2), 80};

TEST(TcpFlows, ConnectsAndCarriesBothWays) {
  Sim sim;
  GuestTcp guest(sim, 4000, kServer);
  sim.settle();
  ASSERT_TRUE(guest.established());
  EXPECT_EQ(std::get<Endpoint>(sim.host.at(sim.host.last()).target), kServer);
  guest.write("question");
  sim.settle();
  EXPECT_EQ(sim.host.at(sim.host.last()).sent, "question");
  sim.host.say(sim.host.last(), "answer");
  sim.settle();
  EXPECT_EQ(guest.received(), "answer");
}

TEST(TcpFlows, TheGatewayLeadsToTheHostsLoopback) {
  Sim sim;
  GuestTcp guest(sim, 4000, kGateway);
  sim.settle();
  EXPECT_EQ(std::get<Endpoint>(sim.host.at(sim.host.last()).target),
            (Endpoint{IpAddress::v4(127, 0, 0, 1), 80}));
}

TEST(TcpFlows, ASynIsNotAnsweredBeforeTheHostHasConnected) {
  Sim sim;
  sim.host.set_behaviour(kServer, {SimHost::Manner::kSilent});
  GuestTcp guest(sim, 4000, kServer);
  sim.run_for(seconds(5));
  EXPECT_FALSE(guest.established());
  EXPECT_FALSE(guest.closed());
  EXPECT_EQ(sim.host.opened(), 1U) << "a repeated SYN is the same connection";
  sim.run_for(std::chrono::minutes(10));
  EXPECT_EQ(sim.host.open(), 0U) << "not even the host waits for ever";
}

TEST(TcpFlows, RefusedStaysRefused) {
  Sim sim;
  sim.host.set_behaviour(kServer, {SimHost::Manner::kFail, std::errc::connection_refused});
  GuestTcp guest(sim, 4000, kServer);
  sim.settle();
  ASSERT_TRUE(guest.closed());
  EXPECT_EQ(guest.close_reason(), tcp::CloseReason::kRefused);
  EXPECT_EQ(sim.host.open(), 0U);
}

TEST(TcpFlows, APortOfAVirtualHostThatNothingIsBoundToRefuses) {
  Sim sim;
  const IpAddress server = IpAddress::v4(10, 0, 2, 100);
  sim.nat.add_guest_forward({.server = {server, 80}, .target = kServer});
  const Endpoint elsewhere[] = {{server, 81}, {IpAddress::v4(10, 0, 2, 3), 81}};
  for (const Endpoint& closed : elsewhere) {
    GuestTcp guest(sim, 4000, closed);
    sim.settle();
    ASSERT_TRUE(guest.closed()) << closed.to_string();
    EXPECT_EQ(guest.close_reason(), tcp::CloseReason::kRefused);
  }
  EXPECT_EQ(sim.host.opened(), 0U);
}

TEST(TcpFlows, UnreachableIsToldByIcmpThatQuotesTheSyn) {
  Sim sim;
  sim.host.set_behaviour(kServer, {SimHost::Manner::kFail, std::errc::host_unreachable});
  GuestTcp guest(sim, 4000, kServer);
  sim.settle();
  EXPECT_FALSE(guest.closed());
  const auto seen = sim.take_seen();
  ASSERT_EQ(seen.size(), 1U);
  ASSERT_TRUE(seen[0].icmp);
  EXPECT_EQ(seen[0].icmp->type, IcmpType::kUnreachable);
  EXPECT_EQ(seen[0].icmp->code, static_cast<std::uint8_t>(UnreachableCode::kHost));
  const auto quoted = Ipv4View::parse(as_bytes(seen[0].payload));
  ASSERT_TRUE(quoted);
  EXPECT_EQ(quoted->header().destination, kServer.address);
  EXPECT_EQ(load_big<std::uint16_t>(quoted->payload(), 0), 4000);
  EXPECT_EQ(load_big<std::uint16_t>(quoted->payload(), 2), 80);
  EXPECT_EQ(load_big<std::uint32_t>(quoted->payload(), 4), 0xfffffff0);
}

TEST(TcpFlows, SilenceStaysSilence) {
  Sim sim;
  sim.host.set_behaviour(kServer, {SimHost::Manner::kFail, std::errc::timed_out});
  GuestTcp guest(sim, 4000, kServer);
  sim.settle();
  EXPECT_FALSE(guest.closed());
  EXPECT_TRUE(sim.take_seen().empty());
  EXPECT_EQ(sim.host.open(), 0U);
}

TEST(TcpFlows, ResetsArePassedOnBothWays) {
  Sim sim;
  GuestTcp first(sim, 4000, kServer);
  sim.settle();
  sim.host.fail(sim.host.last(), std::errc::connection_reset);
  sim.settle();
  ASSERT_TRUE(first.closed());
  EXPECT_EQ(first.close_reason(), tcp::CloseReason::kReset);

  GuestTcp second(sim, 4001, kServer);
  sim.settle();
  const SocketId socket = sim.host.last();
  second.reset();
  sim.settle();
  EXPECT_FALSE(sim.host.at(socket).is_open);
  EXPECT_EQ(sim.host.at(socket).closed_by, CloseMode::kReset);
}

TEST(TcpFlows, WhatCameBeforeAResetIsDelivered) {
  Sim sim;
  GuestTcp guest(sim, 4000, kServer);
  sim.settle();
  sim.host.say(sim.host.last(), "last words");
  sim.host.fail(sim.host.last(), std::errc::connection_reset);
  sim.settle();
  EXPECT_EQ(guest.received(), "last words");
  EXPECT_TRUE(guest.closed());
}

TEST(TcpFlows, AGuestThatHasFinishedStillReceives) {
  Sim sim;
  GuestTcp guest(sim, 4000, kServer);
  sim.settle();
  const SocketId socket = sim.host.last();
  guest.write("request");
  guest.finish();
  sim.settle();
  EXPECT_TRUE(sim.host.at(socket).shut_down);
  EXPECT_TRUE(sim.host.at(socket).is_open);
  sim.host.say(socket, "reply");
  sim.settle();
  EXPECT_EQ(guest.received(), "reply");
  sim.host.finish(socket);
  sim.settle();
  EXPECT_TRUE(guest.peer_finished());
  EXPECT_FALSE(sim.host.at(socket).is_open);
  EXPECT_EQ(sim.host.at(socket).closed_by, CloseMode::kGraceful);
}

TEST(TcpFlows, AHostThatHasFinishedStillReceives) {
  Sim sim;
  GuestTcp guest(sim, 4000, kServer);
  sim.settle();
  const SocketId socket = sim.host.last();
  sim.host.finish(socket);
  sim.settle();
  EXPECT_TRUE(guest.peer_finished());
  guest.write("afterwards");
  guest.finish();
  sim.settle();
  EXPECT_EQ(sim.host.at(socket).sent, "afterwards");
  EXPECT_TRUE(sim.host.at(socket).shut_down);
}

TEST(TcpFlows, WhatAStreamRefusesIsKeptAndTheWindowCloses) {
  Sim sim;
  GuestTcp guest(sim, 4000, kServer);
  sim.settle();
  const SocketId socket = sim.host.last();
  sim.host.make_room(socket, 1000);
  const std::string bytes = varied_text(4U << 20);
  guest.write(bytes);
  sim.run_for(seconds(2));
  EXPECT_EQ(sim.host.at(socket).sent.size(), 1000U);
  EXPECT_GT(sim.nat.undelivered_bytes(), 10'000U);
  sim.host.make_room(socket, SIZE_MAX);
  sim.run_for(seconds(30));
  EXPECT_EQ(sim.host.at(socket).sent, bytes);
  EXPECT_EQ(sim.nat.undelivered_bytes(), 0U);
}

TEST(TcpFlows, AFinishOvertakesNothingThatIsKept) {
  Sim sim;
  GuestTcp guest(sim, 4000, kServer);
  sim.settle();
  const SocketId socket = sim.host.last();
  sim.host.make_room(socket, 10);
  guest.write(varied_text(5000));
  guest.finish();
  sim.host.finish(socket);
  sim.run_for(seconds(1));
  EXPECT_FALSE(sim.host.at(socket).shut_down);
  sim.host.make_room(socket, SIZE_MAX);
  sim.settle();
  EXPECT_EQ(sim.host.at(socket).sent, varied_text(5000));
  EXPECT_TRUE(sim.host.at(socket).shut_down);
}

TEST(TcpFlows, APortMayBeUsedAgainWhileASlowHostTakesTheRest) {
  for (const bool guest_first : {true, false}) {
    Sim sim;
    auto first = std::make_unique<GuestTcp>(sim, 4000, kServer);
    sim.settle();
    const SocketId slow = sim.host.last();
    sim.host.make_room(slow, 10);
    first->write(varied_text(5000));
    if (guest_first) first->finish();
    sim.settle();
    sim.host.finish(slow);
    sim.settle();
    if (!guest_first) first->finish();
    sim.settle();
    first.reset();
    GuestTcp second(sim, 4000, kServer, 1U << 20);
    sim.settle();
    EXPECT_TRUE(second.established()) << guest_first;
    EXPECT_NE(sim.host.last(), slow);
    sim.host.make_room(slow, SIZE_MAX);
    sim.settle();
    EXPECT_EQ(sim.host.at(slow).sent, varied_text(5000)) << guest_first;
    EXPECT_EQ(sim.host.at(slow).closed_by, CloseMode::kGraceful);
    second.write("again");
    sim.settle();
    EXPECT_EQ(sim.host.newest().sent, "again");
  }
}

TEST(TcpFlows, AGuestThatStopsReadingHoldsNoMoreThanItsWindow) {
  Sim sim;
  GuestTcp guest(sim, 4000, kServer);
  guest.set_space(0);
  GuestTcp other(sim, 4001, kServer);
  sim.settle();
  const auto reading = static_cast<SocketId>(1);
  sim.host.say(static_cast<SocketId>(0), varied_text(1U << 20));
  sim.run_for(seconds(60));
  EXPECT_LT(guest.received().size(), 200000U);
  EXPECT_GT(sim.host.at(static_cast<SocketId>(0)).incoming.size(), 500000U);
  sim.host.say(reading, "goes on");
  sim.settle();
  EXPECT_EQ(other.received(), "goes on");
  guest.set_space(1U << 20);
  sim.run_for(seconds(120));
  EXPECT_EQ(guest.received(), varied_text(1U << 20));
}

TEST(TcpFlows, LargeFramesLeaveAsOneWhereTheLinkCutsThem) {
  Sim sim({}, {.checksum = true, .tcp4_segmentation = true});
  sim.from_guest(tcp_frame(kGuestAddress, kServer.address,
                           {.source_port = 4000,
                            .destination_port = kServer.port,
                            .sequence = 99,
                            .flags = {.syn = true},
                            .window = 65535},
                           {.maximum_segment_size = 1460, .window_scale = 7}, {}));
  const auto answer = sim.take_seen();
  ASSERT_EQ(answer.size(), 1U);
  sim.from_guest(tcp_frame(kGuestAddress, kServer.address,
                           {.source_port = 4000,
                            .destination_port = kServer.port,
                            .sequence = 100,
                            .acknowledgment = answer[0].tcp->sequence + 1,
                            .flags = {.ack = true},
                            .window = 65535},
                           {}, {}));
  sim.host.say(sim.host.last(), varied_text(100000));
  sim.settle();
  const auto seen = sim.take_seen();
  ASSERT_EQ(seen.size(), 1U) << "an initial window in one frame";
  EXPECT_EQ(seen[0].offload.segmentation, Segmentation::kTcp4);
  EXPECT_EQ(seen[0].offload.segment_size, 1460);
  EXPECT_EQ(seen[0].payload.size(), 14600U);
}

TEST(TcpFlows, TheHostIsReadWhenThereIsRoomWorthIt) {
  Sim sim({}, {.checksum = true, .tcp4_segmentation = true});
  const auto send = [&](std::uint32_t sequence, std::uint32_t acknowledgment, TcpFlags flags,
                        const TcpOptions& options) {
    sim.from_guest(tcp_frame(kGuestAddress, kServer.address,
                             {.source_port = 4000,
                              .destination_port = kServer.port,
                              .sequence = sequence,
                              .acknowledgment = acknowledgment,
                              .flags = flags,
                              .window = 65535},
                             options, {}));
  };
  send(99, 0, {.syn = true}, {.maximum_segment_size = 1460, .window_scale = 7});
  const std::uint32_t first = sim.take_seen().at(0).tcp->sequence + 1;
  send(100, first, {.ack = true}, {});
  const SocketId socket = sim.host.last();
  sim.host.say(socket, varied_text(100000));
  sim.settle();
  // An acknowledgment of little makes little room, and its bytes would be a frame of their own.
  unsigned reads = 0;
  for (std::uint32_t acknowledged = 100; acknowledged <= 14600; acknowledged += 100) {
    const std::size_t unread = sim.host.at(socket).incoming.size();
    ASSERT_GT(unread, 20000U);
    send(100, first + acknowledged, {.ack = true}, {});
    const std::size_t read = unread - sim.host.at(socket).incoming.size();
    if (read == 0) continue;
    EXPECT_GE(read, 2048U) << acknowledged;
    ++reads;
  }
  EXPECT_GE(reads, 3U);
}

TEST(TcpFlows, ASegmentOfNoConnectionIsReset) {
  Sim sim;
  sim.from_guest(tcp_frame(kGuestAddress, kServer.address,
                           {.source_port = 1,
                            .destination_port = 2,
                            .sequence = 5,
                            .acknowledgment = 77,
                            .flags = {.ack = true}},
                           {}, {}));
  const auto seen = sim.take_seen();
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_TRUE(seen[0].tcp->flags.rst);
  EXPECT_EQ(seen[0].tcp->sequence, 77U);
  EXPECT_EQ(sim.dropped(Drop::kNoFlow), 1U);
}

TEST(TcpFlows, AConnectionFromOutsideReachesTheGuest) {
  Sim sim;
  GuestTcp guest(sim, 22);
  const std::uint16_t port =
      sim.nat.add_host_forward({.listen = {.local = Endpoint{IpAddress::v4(127, 0, 0, 1), 0}},
                                .guest = {kGuestAddress, 22}});
  EXPECT_NE(port, 0);
  const SocketId listener = sim.host.last();
  sim.host.knock(listener, Endpoint{IpAddress::v4(198, 51, 100, 7), 5555});
  sim.settle();
  ASSERT_TRUE(guest.established());
  EXPECT_EQ(guest.remote(), (Endpoint{IpAddress::v4(198, 51, 100, 7), 5555}));
  guest.write("SSH-2.0");
  sim.settle();
  EXPECT_EQ(sim.host.at(sim.host.last()).sent, "SSH-2.0");
}

TEST(TcpFlows, PeersThatLookAlikeGetPortsOfTheirOwn) {
  Sim sim;
  sim.nat.add_host_forward({.listen = {.local = Endpoint{IpAddress::v4(127, 0, 0, 1), 0}},
                            .guest = {kGuestAddress, 22}});
  const SocketId listener = sim.host.last();
  sim.host.knock(listener, Endpoint{IpAddress::v4(127, 0, 0, 1), 5555});
  sim.host.knock(listener, Endpoint{IpAddress::v4(127, 0, 0, 2), 5555});
  sim.host.knock(listener, std::nullopt);
  sim.settle();
  const auto seen = sim.take_seen();
  ASSERT_EQ(seen.size(), 3U);
  for (const SeenFrame& frame : seen) EXPECT_EQ(frame.ip->source, IpAddress::v4(10, 0, 2, 2));
  EXPECT_EQ(seen[0].tcp->source_port, 5555);
  EXPECT_NE(seen[1].tcp->source_port, 5555);
  EXPECT_NE(seen[2].tcp->source_port, seen[1].tcp->source_port);
}

TEST(TcpFlows, AGuestWhoRefusesAForwardedConnectionResetsThePeer) {
  Sim sim;
  sim.nat.add_host_forward({.listen = {.local = Endpoint{IpAddress::v4(127, 0, 0, 1), 0}},
                            .guest = {kGuestAddress, 22}});
  sim.host.knock(sim.host.last(), Endpoint{IpAddress::v4(127, 0, 0, 1), 5555});
  sim.settle();
  const auto seen = sim.take_seen();
  ASSERT_EQ(seen.size(), 1U);
  sim.from_guest(tcp_frame(kGuestAddress, seen[0].ip->source,
                           {.source_port = 22,
                            .destination_port = 5555,
                            .acknowledgment = seen[0].tcp->sequence + 1,
                            .flags = {.rst = true, .ack = true}},
                           {}, {}));
  EXPECT_FALSE(sim.host.at(sim.host.last()).is_open);
  EXPECT_EQ(sim.host.at(sim.host.last()).closed_by, CloseMode::kReset);
}

TEST(TcpFlows, AGuestForwardLeadsWhereTheUserSaidEvenWhenRestricted) {
  NatConfig config;
  config.policy.restricted = true;
  Sim sim(config);
  const Endpoint at{IpAddress::v4(10, 0, 2, 100), 1234};
  sim.nat.add_guest_forward({at, Command{"cat"}});
  GuestTcp guest(sim, 4000, at);
  sim.settle();
  EXPECT_TRUE(guest.established());
  EXPECT_EQ(std::get<Command>(sim.host.at(sim.host.last()).target).line, "cat");
}

TEST(TcpFlows, RestrictedOpensNoSocketWhateverTheDestination) {
  NatConfig config;
  config.policy.restricted = true;
  Sim sim(config);
  std::uint16_t port = 1000;
  for (const char* const address :
       {"192.0.2.1", "10.0.2.2", "10.0.2.3", "10.0.2.200", "127.0.0.1", "0.0.0.0",
        "255.255.255.255", "10.0.2.255", "224.0.0.1", "240.0.0.1", "169.254.169.254"}) {
    GuestTcp guest(sim, ++port, {*IpAddress::parse(address), 80});
    sim.run_for(seconds(3));
    EXPECT_FALSE(guest.established()) << address;
  }
  EXPECT_EQ(sim.host.opened(), 0U);
}

TEST(TcpFlows, AConnectionThatTheHostLostInSilenceGetsNoAnswersAnyMore) {
  Sim sim;
  GuestTcp guest(sim, 4000, kServer);
  sim.settle();
  sim.host.fail(sim.host.last(), std::errc::timed_out);
  sim.settle();
  EXPECT_FALSE(guest.closed());
  guest.write("anybody there?");
  sim.run_for(seconds(30));
  EXPECT_FALSE(guest.closed());
  EXPECT_TRUE(sim.take_seen().empty());
}

TEST(TcpFlows, HalfOpenConnectionsBeyondTheLimitDisplaceTheOldest) {
  NatConfig config;
  config.limits.half_open_tcp_flows = 100;
  Sim sim(config);
  sim.host.set_behaviour(kServer, {SimHost::Manner::kSilent});
  for (std::uint16_t port = 1; port <= 10000; ++port) {
    sim.from_guest(tcp_frame(
        kGuestAddress, kServer.address,
        {.source_port = port, .destination_port = kServer.port, .flags = {.syn = true}}, {}, {}));
  }
  EXPECT_EQ(sim.host.open(), 100U);
  EXPECT_EQ(sim.dropped(Drop::kFlowLimit), 9900U);
  GuestTcp guest(sim, 20000, {IpAddress::v4(192, 0, 2, 2), 80});
  sim.settle();
  EXPECT_TRUE(guest.established()) << "others go on";
}

TEST(TcpFlows, FinishedConnectionsGiveWayWhenTheTableIsFull) {
  NatConfig config;
  config.limits.tcp_flows = 10;
  Sim sim(config);
  for (std::uint16_t port = 1; port <= 50; ++port) {
    GuestTcp guest(sim, port, kServer);
    sim.settle();
    ASSERT_TRUE(guest.established()) << port;
    sim.host.finish(sim.host.last());
    sim.settle();
    guest.finish();
    sim.settle();
  }
  EXPECT_EQ(sim.host.open(), 0U);
}

TEST(TcpFlows, APortIsUsedAgainWhenTheTableIsFull) {
  NatConfig config;
  config.limits.tcp_flows = 1;
  Sim sim(config);
  for (std::uint32_t i = 0; i < 3; ++i) {
    GuestTcp guest(sim, 4000, kServer, 1000 * i);
    sim.settle();
    ASSERT_TRUE(guest.established()) << i;
    sim.host.finish(sim.host.last());
    sim.settle();
    guest.finish();
    sim.settle();
    sim.run_for(seconds(1));
  }
  EXPECT_EQ(sim.dropped(Drop::kFlowLimit), 0U);
}

TEST(TcpFlows, ATableFullOfLiveConnectionsTakesNoMore) {
  NatConfig config;
  config.limits.tcp_flows = 3;
  Sim sim(config);
  GuestTcp a(sim, 1, kServer);
  GuestTcp b(sim, 2, kServer);
  GuestTcp c(sim, 3, kServer);
  sim.settle();
  GuestTcp d(sim, 4, kServer);
  sim.settle();
  EXPECT_FALSE(d.established());
  EXPECT_EQ(sim.dropped(Drop::kFlowLimit), 1U);
  a.write("x");
  sim.settle();
  EXPECT_EQ(sim.host.at(static_cast<SocketId>(0)).sent, "x");
}

RC_GTEST_PROP(TcpFlows, EveryByteArrivesOnceAndInOrderOverALossyLink, ()) {
  const auto seed = *rc::gen::arbitrary<unsigned>();
  const auto loss = *rc::gen::inRange(0, 20);
  const bool offloads = *rc::gen::arbitrary<bool>();
  const bool v4 = *rc::gen::arbitrary<bool>();
  const auto up = static_cast<std::size_t>(*rc::gen::inRange(0, 200000));
  const auto down = static_cast<std::size_t>(*rc::gen::inRange(0, 200000));
  Sim sim({}, {.checksum = offloads, .tcp4_segmentation = offloads, .tcp6_segmentation = offloads});
  std::minstd_rand random(seed);
  GuestTcp guest(sim, 4000, v4 ? kServer : Endpoint{*IpAddress::parse("2001:db8::1"), 80});
  sim.settle();
  sim.loses = [&] { return static_cast<int>(random() % 100) < loss; };
  const SocketId socket = sim.host.last();
  guest.write(varied_text(up));
  guest.finish();
  sim.host.say(socket, varied_text(down));
  sim.host.finish(socket);
  sim.run_for(seconds(600));
  RC_ASSERT(sim.host.at(socket).sent == varied_text(up));
  RC_ASSERT(guest.received() == varied_text(down));
  RC_ASSERT(guest.closed());
  RC_ASSERT(!sim.host.at(socket).is_open);
}

}  // namespace
}  // namespace sluice
