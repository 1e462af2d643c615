#include "nat/datagram_flows.h"

#include <gtest/gtest.h>

#include "stack/wire/icmpv4.h"
#include "tests/sim/sim.h"

namespace sluice {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr Endpoint kGuest{kGuestAddress, 5000};
constexpr Endpoint kServer{IpAddress::v4(192, 0, 2, 1), 123};
constexpr Endpoint kOther{IpAddress::v4(192, 0, 2, 2), 456};
constexpr IpAddress kGatewayAddress = IpAddress::v4(10, 0, 2, 2);
constexpr IpAddress kLoopback = IpAddress::v4(127, 0, 0, 1);

TEST(UdpFlows, CarryDatagramsBothWays) {
  Sim sim;
  sim.from_guest(udp_frame(kGuest, kServer, "question"));
  const SocketId socket = sim.host.last();
  ASSERT_EQ(sim.host.at(socket).sent_datagrams.size(), 1U);
  EXPECT_EQ(sim.host.at(socket).sent_datagrams[0].peer, kServer);
  EXPECT_EQ(sim.host.at(socket).sent_datagrams[0].payload, "question");
  sim.host.say_datagram(socket, kServer, "answer");
  sim.settle();
  const auto seen = sim.take_seen();
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].ip->source, kServer.address);
  EXPECT_EQ(seen[0].udp->source_port, kServer.port);
  EXPECT_EQ(seen[0].udp->destination_port, kGuest.port);
  EXPECT_EQ(seen[0].payload, "answer");
}

TEST(UdpFlows, MapAGuestsEndpointToOneSocketWhateverItTalksTo) {
  Sim sim;
  sim.from_guest(udp_frame(kGuest, kServer, "a"));
  sim.from_guest(udp_frame(kGuest, kOther, "b"));
  EXPECT_EQ(sim.host.opened(), 1U);
  sim.from_guest(udp_frame({kGuestAddress, 5001}, kServer, "c"));
  EXPECT_EQ(sim.host.opened(), 2U);
}

TEST(UdpFlows, LetInOnlyAddressesThatTheGuestHasSentTo) {
  Sim sim;
  sim.from_guest(udp_frame(kGuest, kServer, "a"));
  sim.host.say_datagram(sim.host.last(), kOther, "unasked");
  sim.settle();
  EXPECT_TRUE(sim.take_seen().empty());
  EXPECT_EQ(sim.dropped(Drop::kFiltered), 1U);
  sim.host.say_datagram(sim.host.last(), {kServer.address, 9999}, "from another port");
  sim.settle();
  EXPECT_EQ(sim.take_seen().size(), 1U);
}

TEST(UdpFlows, TheGatewayIsTheHostsLoopbackBothWays) {
  Sim sim;
  sim.from_guest(udp_frame(kGuest, {kGatewayAddress, 7}, "ping"));
  const SocketId socket = sim.host.last();
  EXPECT_EQ(sim.host.at(socket).sent_datagrams.at(0).peer, (Endpoint{kLoopback, 7}));
  sim.host.say_datagram(socket, {kLoopback, 7}, "pong");
  sim.settle();
  const auto seen = sim.take_seen();
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].ip->source, kGatewayAddress);
}

TEST(UdpFlows, EndWhenTheyAreUnusedAndNotBefore) {
  Sim sim;
  sim.from_guest(udp_frame(kGuest, kServer, "a"));
  sim.run_for(minutes(4));
  sim.from_guest(udp_frame(kGuest, kServer, "b"));
  sim.run_for(minutes(4));
  EXPECT_EQ(sim.host.open(), 1U);
  sim.run_for(minutes(2));
  EXPECT_EQ(sim.host.open(), 0U);
}

TEST(UdpFlows, OfNameQueriesEndSoonAfterTheAnswer) {
  Sim sim;
  const Endpoint names{kServer.address, 53};
  sim.from_guest(udp_frame(kGuest, names, "query"));
  sim.run_for(seconds(20));
  EXPECT_EQ(sim.host.open(), 1U) << "a slow answer is waited for";
  sim.host.say_datagram(sim.host.last(), names, "answer");
  sim.run_for(seconds(11));
  EXPECT_EQ(sim.host.open(), 0U);
}

TEST(UdpFlows, TheLeastRecentlyUsedGivesWay) {
  NatConfig config;
  config.limits.udp_flows = 3;
  Sim sim(config);
  for (std::uint16_t port = 1; port <= 3; ++port) {
    sim.from_guest(udp_frame({kGuestAddress, port}, kServer, "x"));
  }
  sim.from_guest(udp_frame({kGuestAddress, 1}, kServer, "still here"));
  sim.from_guest(udp_frame({kGuestAddress, 4}, kServer, "new"));
  EXPECT_TRUE(sim.host.at(static_cast<SocketId>(0)).is_open);
  EXPECT_FALSE(sim.host.at(static_cast<SocketId>(1)).is_open);
  EXPECT_EQ(sim.host.open(), 3U);
}

TEST(UdpFlows, PeersAreBounded) {
  NatConfig config;
  config.limits.datagram_peers = 10;
  Sim sim(config);
  for (std::uint32_t i = 1; i <= 1000; ++i) {
    sim.from_guest(udp_frame(kGuest, {IpAddress::v4(0xc0000200 + i), 9}, "x"));
  }
  EXPECT_EQ(sim.host.at(sim.host.last()).sent_datagrams.size(), 1000U);
  sim.host.say_datagram(sim.host.last(), {IpAddress::v4(0xc0000200 + 1), 9}, "forgotten");
  sim.host.say_datagram(sim.host.last(), {IpAddress::v4(0xc0000200 + 1000), 9}, "remembered");
  sim.settle();
  const auto seen = sim.take_seen();
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].payload, "remembered");
}

TEST(UdpFlows, ErrorsOfTheHostReachTheGuestAsIcmp) {
  Sim sim;
  sim.from_guest(udp_frame(kGuest, {kGatewayAddress, 9}, "x"));
  sim.host.report(sim.host.last(),
                  {.destination = {kLoopback, 9},
                   .error = std::errc::connection_refused,
                   .reporter = kLoopback,
                   .icmp_type = static_cast<std::uint8_t>(IcmpType::kUnreachable),
                   .icmp_code = static_cast<std::uint8_t>(UnreachableCode::kPort)});
  sim.settle();
  const auto seen = sim.take_seen();
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].ip->source, kGatewayAddress);
  EXPECT_EQ(seen[0].icmp->type, IcmpType::kUnreachable);
  EXPECT_EQ(seen[0].icmp->code, static_cast<std::uint8_t>(UnreachableCode::kPort));
  const auto quoted = Ipv4View::parse(as_bytes(seen[0].payload));
  ASSERT_TRUE(quoted);
  EXPECT_EQ(quoted->header().source, kGuestAddress);
  EXPECT_EQ(quoted->header().destination, kGatewayAddress);
  EXPECT_EQ(load_big<std::uint16_t>(quoted->payload(), 0), kGuest.port);
  EXPECT_EQ(load_big<std::uint16_t>(quoted->payload(), 2), 9);
}

TEST(UdpFlows, ErrorsOfIpv6ReachTheGuestInItsOwnWords) {
  struct Case {
    std::uint8_t type;
    std::uint8_t code;
    std::uint32_t mtu;
    IcmpType told;
    std::uint8_t told_code;
    std::uint32_t rest;
  };
  const Endpoint caller{*IpAddress::parse("2001:db8::7"), 7777};
  for (const Case& each :
       {Case{1, 4, 0, IcmpType::kUnreachable, 3, 0}, Case{1, 1, 0, IcmpType::kUnreachable, 13, 0},
        Case{1, 0, 0, IcmpType::kUnreachable, 1, 0},
        Case{2, 0, 1400, IcmpType::kUnreachable, 4, 1380},
        Case{3, 0, 0, IcmpType::kTimeExceeded, 0, 0}}) {
    Sim sim;
    sim.nat.add_host_forward(
        {.listen = {.protocol = ListenAddress::Protocol::kUdp, .local = Endpoint{kLoopback, 0}},
         .guest = kGuest});
    sim.host.say_datagram(sim.host.last(), caller, "hello");
    sim.settle();
    sim.take_seen();
    sim.host.report(sim.host.last(), {.destination = caller,
                                      .error = std::errc::host_unreachable,
                                      .reporter = *IpAddress::parse("2001:db8::1"),
                                      .icmp_type = each.type,
                                      .icmp_code = each.code,
                                      .mtu = each.mtu});
    sim.settle();
    const auto seen = sim.take_seen();
    ASSERT_EQ(seen.size(), 1U);
    EXPECT_EQ(seen[0].ip->source, kGatewayAddress);
    EXPECT_EQ(seen[0].icmp->type, each.told);
    EXPECT_EQ(seen[0].icmp->code, each.told_code);
    EXPECT_EQ(seen[0].icmp->rest, each.rest);
  }
}

TEST(UdpFlows, APathMtuOfTheOutsideIsToldToTheGuest) {
  Sim sim;
  sim.from_guest(udp_frame(kGuest, kServer, "x"));
  sim.host.report(sim.host.last(),
                  {.destination = kServer,
                   .error = std::errc::message_size,
                   .reporter = kOther.address,
                   .icmp_type = static_cast<std::uint8_t>(IcmpType::kUnreachable),
                   .icmp_code = static_cast<std::uint8_t>(UnreachableCode::kFragmentationNeeded),
                   .mtu = 1400});
  sim.settle();
  const auto seen = sim.take_seen();
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].ip->source, kOther.address);
  EXPECT_EQ(seen[0].icmp->rest, 1400U);
}

TEST(UdpFlows, TheTimeToLiveIsOneHopLess) {
  Sim sim;
  sim.from_guest(udp_frame(kGuest, kServer, "x", 5));
  EXPECT_EQ(sim.host.at(sim.host.last()).sent_datagrams.at(0).ttl, 4);
}

TEST(UdpFlows, AForwardedPortLeadsToTheGuestAndItsAnswersBack) {
  NatConfig config;
  config.policy.restricted = true;
  Sim sim(config);
  sim.nat.add_host_forward(
      {.listen = {.protocol = ListenAddress::Protocol::kUdp, .local = Endpoint{kLoopback, 0}},
       .guest = {IpAddress(), kGuest.port}});
  const SocketId socket = sim.host.last();
  const Endpoint peer{IpAddress::v4(127, 0, 0, 5), 7777};
  sim.host.say_datagram(socket, peer, "hello");
  sim.settle();
  auto seen = sim.take_seen();
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].ip->source, kGatewayAddress);
  EXPECT_EQ(seen[0].udp->destination_port, kGuest.port);
  sim.from_guest(udp_frame(kGuest, {kGatewayAddress, 7777}, "yes?"));
  ASSERT_EQ(sim.host.at(socket).sent_datagrams.size(), 1U);
  EXPECT_EQ(sim.host.at(socket).sent_datagrams[0].peer, peer);
  EXPECT_EQ(sim.host.opened(), 1U);
  sim.from_guest(udp_frame(kGuest, {kGatewayAddress, 7778}, "nobody asked"));
  EXPECT_EQ(sim.host.at(socket).sent_datagrams.size(), 1U);
  EXPECT_EQ(sim.host.opened(), 1U) << "restricted";
}

TEST(UdpFlows, CallersOfAForwardThatLookAlikeAreToldApart) {
  Sim sim;
  sim.nat.add_host_forward(
      {.listen = {.protocol = ListenAddress::Protocol::kUdp, .local = Endpoint{kLoopback, 0}},
       .guest = kGuest});
  const SocketId socket = sim.host.last();
  const std::array<Endpoint, 3> callers{Endpoint{IpAddress::v4(127, 0, 0, 5), 7777},
                                        Endpoint{IpAddress::v4(127, 0, 0, 6), 7777},
                                        Endpoint{*IpAddress::parse("2001:db8::1"), 7777}};
  for (int round = 0; round < 2; ++round) {
    for (const Endpoint& caller : callers) {
      sim.host.say_datagram(socket, caller, "hello");
      sim.settle();
      const auto seen = sim.take_seen();
      ASSERT_EQ(seen.size(), 1U);
      EXPECT_EQ(seen[0].ip->source, kGatewayAddress);
      sim.from_guest(udp_frame(kGuest, {kGatewayAddress, seen[0].udp->source_port}, "yes?"));
      EXPECT_EQ(sim.host.at(socket).sent_datagrams.back().peer, caller);
    }
  }
  EXPECT_EQ(sim.host.at(socket).sent_datagrams.size(), 6U);
}

TEST(UdpFlows, AnsweringKeepsACallerRemembered) {
  NatConfig config;
  config.policy.restricted = true;
  Sim sim(config);
  sim.nat.add_host_forward(
      {.listen = {.protocol = ListenAddress::Protocol::kUdp, .local = Endpoint{kLoopback, 0}},
       .guest = kGuest});
  const SocketId socket = sim.host.last();
  sim.host.say_datagram(socket, {kLoopback, 7777}, "tell me everything");
  sim.settle();
  for (int i = 0; i < 5; ++i) {
    sim.run_for(DatagramFlows::kUdpIdle - seconds(1));
    sim.from_guest(udp_frame(kGuest, {kGatewayAddress, 7777}, "more"));
  }
  EXPECT_EQ(sim.host.at(socket).sent_datagrams.size(), 5U);
}

TEST(UdpFlows, WhoWroteToAForwardLongAgoIsNotAnsweredAnyMore) {
  NatConfig config;
  config.policy.restricted = true;
  Sim sim(config);
  sim.nat.add_host_forward(
      {.listen = {.protocol = ListenAddress::Protocol::kUdp, .local = Endpoint{kLoopback, 0}},
       .guest = kGuest});
  const SocketId socket = sim.host.last();
  sim.host.say_datagram(socket, {kLoopback, 7777}, "hello");
  sim.settle();
  sim.run_for(DatagramFlows::kUdpIdle + seconds(1));
  sim.from_guest(udp_frame(kGuest, {kGatewayAddress, 7777}, "late"));
  EXPECT_TRUE(sim.host.at(socket).sent_datagrams.empty());
}

TEST(UdpFlows, WhoeverWritesToAForwardDisplacesNobodyTheGuestHasWrittenTo) {
  NatConfig config;
  config.limits.datagram_peers = 4;
  Sim sim(config);
  sim.from_guest(udp_frame(kGuest, kServer, "question"));
  const SocketId mapping = sim.host.last();
  sim.nat.add_host_forward(
      {.listen = {.protocol = ListenAddress::Protocol::kUdp, .local = Endpoint{kLoopback, 0}},
       .guest = {kGuest.address, 4321}});
  const SocketId forward = sim.host.last();
  for (std::uint16_t port = 1; port <= 20; ++port) {
    sim.host.say_datagram(forward, {IpAddress::v4(198, 51, 100, 1), port}, "noise");
  }
  sim.settle();
  EXPECT_EQ(sim.take_seen().size(), 20U);
  sim.host.say_datagram(mapping, kServer, "answer");
  sim.settle();
  EXPECT_EQ(sim.take_seen().size(), 1U);
}

TEST(UdpFlows, ARemovedForwardIsClosed) {
  Sim sim;
  const ListenAddress listen{ListenAddress::Protocol::kUdp, Endpoint{kLoopback, 0}};
  const std::uint16_t port = sim.nat.add_host_forward({listen, kGuest});
  EXPECT_FALSE(sim.nat.remove_host_forward(listen)) << "that is not where it listens";
  EXPECT_TRUE(
      sim.nat.remove_host_forward({ListenAddress::Protocol::kUdp, Endpoint{kLoopback, port}}));
  EXPECT_EQ(sim.host.open(), 0U);
}

TEST(UdpFlows, SeveralDatagramsInOneFrameAreCutAtTheirSize) {
  Sim sim;
  sim.from_guest(udp_frame(kGuest, kServer, "aaaabbbbcc"), {.checksum = ChecksumState::kVerified,
                                                            .segmentation = Segmentation::kUdp,
                                                            .segment_size = 4});
  const auto& sent = sim.host.at(sim.host.last()).sent_datagrams;
  ASSERT_EQ(sent.size(), 3U);
  EXPECT_EQ(sent[0].payload, "aaaa");
  EXPECT_EQ(sent[2].payload, "cc");
}

TEST(UdpFlows, OneFrameIsNotThousandsOfDatagrams) {
  Sim sim;
  sim.from_guest(udp_frame(kGuest, kServer, std::string(129, 'x')),
                 {.checksum = ChecksumState::kVerified,
                  .segmentation = Segmentation::kUdp,
                  .segment_size = 1});
  EXPECT_EQ(sim.host.opened(), 0U);
  EXPECT_EQ(sim.dropped(Drop::kMalformed), 1U);
}

TEST(UdpFlows, ARunOfEqualDatagramsReachesTheGuestInOneFrame) {
  Sim sim({}, {.checksum = true, .udp_segmentation = true});
  sim.from_guest(udp_frame(kGuest, kServer, "x"));
  Endpoint other = kServer;
  other.port = 9999;
  for (const char* const text : {"aaaa", "bbbb", "cc", "dddd"}) {
    sim.host.say_datagram(sim.host.last(), kServer, text);
  }
  sim.host.say_datagram(sim.host.last(), other, "eeee");
  sim.settle();
  const auto seen = sim.take_seen();
  ASSERT_EQ(seen.size(), 3U);
  EXPECT_EQ(seen[0].payload, "aaaabbbbcc");
  EXPECT_EQ(seen[0].offload.segmentation, Segmentation::kUdp);
  EXPECT_EQ(seen[0].offload.segment_size, 4U);
  EXPECT_EQ(seen[1].payload, "dddd");
  EXPECT_EQ(seen[2].udp->source_port, 9999U);
}

TEST(UdpFlows, LargeDatagramsReachTheGuestInFragments) {
  Sim sim;
  sim.from_guest(udp_frame(kGuest, kServer, "x"));
  sim.host.say_datagram(sim.host.last(), kServer, std::string(4000, 'y'));
  sim.settle();
  const auto seen = sim.take_seen();
  ASSERT_EQ(seen.size(), 3U);
  EXPECT_TRUE(seen[0].ip->more_fragments);
  EXPECT_FALSE(seen[2].ip->more_fragments);
}

TEST(EchoFlows, CarryPingsOutAndRepliesBack) {
  Sim sim;
  sim.from_guest(echo_frame(kGuestAddress, kServer.address, 77, 3, "abcdefgh", 9));
  const SocketId socket = sim.host.last();
  EXPECT_EQ(sim.host.at(socket).datagram_kind, DatagramKind::kEcho);
  ASSERT_EQ(sim.host.at(socket).sent_datagrams.size(), 1U);
  EXPECT_EQ(sim.host.at(socket).sent_datagrams[0].sequence, 3);
  EXPECT_EQ(sim.host.at(socket).sent_datagrams[0].ttl, 8);
  sim.host.say_datagram(socket, {kServer.address, 0}, "abcdefgh", 3);
  sim.settle();
  const auto seen = sim.take_seen();
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].icmp->type, IcmpType::kEchoReply);
  EXPECT_EQ(seen[0].icmp->echo_identifier(), 77);
  EXPECT_EQ(seen[0].icmp->echo_sequence(), 3);
  EXPECT_EQ(seen[0].payload, "abcdefgh");
}

TEST(EchoFlows, TheGatewayAnswersItself) {
  Sim sim;
  sim.from_guest(echo_frame(kGuestAddress, kGatewayAddress, 1, 2, "x"));
  EXPECT_EQ(sim.host.opened(), 0U);
  const auto seen = sim.take_seen();
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].icmp->type, IcmpType::kEchoReply);
}

TEST(EchoFlows, AHostWithoutPingSocketsSaysSo) {
  Sim sim;
  sim.host.open_error = std::errc::permission_denied;
  sim.from_guest(echo_frame(kGuestAddress, kServer.address, 1, 2, "x"));
  const auto seen = sim.take_seen();
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].icmp->code,
            static_cast<std::uint8_t>(UnreachableCode::kAdministrativelyProhibited));
}

TEST(EchoFlows, TimeExceededOnTheWayIsToldWithTheQuestion) {
  Sim sim;
  sim.from_guest(echo_frame(kGuestAddress, kServer.address, 77, 3, "x", 3));
  sim.host.report(sim.host.last(), {.destination = {kServer.address, 0},
                                    .reporter = kOther.address,
                                    .icmp_type = static_cast<std::uint8_t>(IcmpType::kTimeExceeded),
                                    .sequence = 3});
  sim.settle();
  const auto seen = sim.take_seen();
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].ip->source, kOther.address);
  EXPECT_EQ(seen[0].icmp->type, IcmpType::kTimeExceeded);
  const auto quoted = Ipv4View::parse(as_bytes(seen[0].payload));
  ASSERT_TRUE(quoted);
  EXPECT_EQ(load_big<std::uint16_t>(quoted->payload(), 4), 77);
  EXPECT_EQ(load_big<std::uint16_t>(quoted->payload(), 6), 3);
}

}  // namespace
}  // namespace sluice
