#include "nat/nat.h"

#include <gtest/gtest.h>

#include "stack/wire/icmpv4.h"
#include "tests/sim/guest_tcp.h"
#include "tests/sim/sim.h"

namespace sluice {
namespace {

constexpr Endpoint kGuest{kGuestAddress, 5000};
constexpr Endpoint kServer{IpAddress::v4(192, 0, 2, 1), 123};
constexpr IpAddress kGatewayAddress = IpAddress::v4(10, 0, 2, 2);

ArpMessage request(const IpAddress& sender, const IpAddress& target) {
  return {.operation = ArpMessage::Operation::kRequest,
          .sender_mac = kGuestMac,
          .sender = sender,
          .target = target};
}

TEST(Ingress, AnswersArpForItsOwnAddressesOnly) {
  Sim sim;
  for (const char* const ours : {"10.0.2.2", "10.0.2.3"}) {
    sim.from_guest(arp_frame(request(kGuestAddress, *IpAddress::parse(ours))));
    const auto seen = sim.take_seen();
    ASSERT_EQ(seen.size(), 1U) << ours;
    EXPECT_EQ(seen[0].arp->operation, ArpMessage::Operation::kReply);
    EXPECT_EQ(seen[0].arp->sender_mac, Network::mac_of(*IpAddress::parse(ours)));
    EXPECT_EQ(seen[0].ethernet.destination, kGuestMac);
  }
  for (const char* const others : {"10.0.2.15", "10.0.2.77", "192.0.2.1", "0.0.0.0"}) {
    sim.from_guest(arp_frame(request(kGuestAddress, *IpAddress::parse(others))));
    EXPECT_TRUE(sim.take_seen().empty()) << others;
  }
}

TEST(Ingress, AnswersAProbeOfAnAddressThatIsItsOwn) {
  Sim sim;
  sim.from_guest(arp_frame(request(IpAddress::v4(0), kGatewayAddress)));
  EXPECT_EQ(sim.take_seen().size(), 1U);
}

TEST(Ingress, LearnsNoGuestUnderAnAddressOfItsOwn) {
  Sim sim;
  sim.from_guest(arp_frame(request(kGatewayAddress, kGuestAddress)));
  EXPECT_EQ(sim.dropped(Drop::kSpoofedSource), 1U);
}

TEST(Ingress, ASourceThatNoGuestHasGetsNowhere) {
  Sim sim;
  for (const char* const source : {"192.0.2.9", "127.0.0.1", "10.0.2.2", "10.0.2.3", "10.0.2.0",
                                   "10.0.2.255", "255.255.255.255", "0.0.0.0", "224.0.0.1"}) {
    sim.from_guest(udp_frame({*IpAddress::parse(source), 1}, kServer, "x"));
    sim.from_guest(echo_frame(*IpAddress::parse(source), kServer.address, 1, 1, "x"));
  }
  EXPECT_EQ(sim.host.opened(), 0U);
  EXPECT_TRUE(sim.take_seen().empty());
  EXPECT_EQ(sim.dropped(Drop::kSpoofedSource), 18U);
}

TEST(Ingress, ADestinationThatIsNoHostGetsNowhere) {
  Sim sim;
  for (const char* const to : {"127.0.0.1", "127.9.9.9", "0.0.0.0", "0.0.0.1", "224.0.0.251",
                               "240.0.0.1", "255.255.255.255", "10.0.2.255"}) {
    sim.from_guest(udp_frame(kGuest, {*IpAddress::parse(to), 99}, "x"));
    sim.from_guest(echo_frame(kGuestAddress, *IpAddress::parse(to), 1, 1, "x"));
  }
  EXPECT_EQ(sim.host.opened(), 0U);
  EXPECT_TRUE(sim.take_seen().empty());
  EXPECT_EQ(sim.dropped(Drop::kMartianDestination), 16U);
}

TEST(Ingress, RestrictedSendsNoDatagramWhateverTheDestination) {
  NatConfig config;
  config.policy.restricted = true;
  Sim sim(config);
  for (const char* const to : {"192.0.2.1", "10.0.2.2", "10.0.2.3", "10.0.2.9", "127.0.0.1",
                               "0.0.0.0", "169.254.1.1", "255.255.255.255", "10.0.2.255"}) {
    sim.from_guest(udp_frame(kGuest, {*IpAddress::parse(to), 99}, "x"));
    sim.from_guest(echo_frame(kGuestAddress, *IpAddress::parse(to), 1, 1, "x"));
  }
  EXPECT_EQ(sim.host.opened(), 0U);
}

TEST(Ingress, WithoutLoopbackTheGatewayLeadsNowhereButAnswers) {
  NatConfig config;
  config.policy.host_loopback = false;
  Sim sim(config);
  sim.from_guest(udp_frame(kGuest, {kGatewayAddress, 99}, "x"));
  EXPECT_EQ(sim.host.opened(), 0U);
  const auto seen = sim.take_seen();
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].icmp->code, static_cast<std::uint8_t>(UnreachableCode::kNet));
  sim.from_guest(echo_frame(kGuestAddress, kGatewayAddress, 1, 1, "x"));
  EXPECT_EQ(sim.take_seen().size(), 1U);
  sim.from_guest(udp_frame(kGuest, kServer, "x"));
  EXPECT_EQ(sim.host.opened(), 1U);
}

TEST(Ingress, FramesForOthersAreNotForUs) {
  Sim sim;
  Octets frame = udp_frame(kGuest, kServer, "x");
  EthernetHeader{MacAddress({2, 0, 0, 0, 0, 9}), kGuestMac, EtherType::kIpv4}.emit(frame);
  sim.from_guest(frame);
  EXPECT_EQ(sim.dropped(Drop::kNotForUs), 1U);
  EXPECT_EQ(sim.host.opened(), 0U);
}

TEST(Ingress, WrongChecksumsAreDroppedUnlessSomebodyBelowVouches) {
  Sim sim;
  Octets frame = udp_frame(kGuest, kServer, "x");
  frame.back() ^= 1;
  sim.from_guest(frame);
  EXPECT_EQ(sim.dropped(Drop::kBadChecksum), 1U);
  EXPECT_EQ(sim.host.opened(), 0U);
  sim.from_guest(frame, {.checksum = ChecksumState::kVerified});
  EXPECT_EQ(sim.host.opened(), 1U);
}

TEST(Ingress, FragmentsArePutTogetherBeforeAnythingIsDecided) {
  Sim sim;
  const Octets datagram = udp_datagram(
      {.source_port = kGuest.port, .destination_port = kServer.port}, Octets(3000, 'z'));
  const Bytes bytes = datagram;
  const Ipv4Header header{.identification = 7,
                          .more_fragments = true,
                          .protocol = IpProtocol::kUdp,
                          .source = kGuestAddress,
                          .destination = kServer.address};
  Ipv4Header last = header;
  last.more_fragments = false;
  last.fragment_offset = 1600;
  sim.from_guest(ip_frame(last, bytes.subspan(1600)));
  EXPECT_EQ(sim.host.opened(), 0U);
  sim.from_guest(ip_frame(header, bytes.first(1600)));
  ASSERT_EQ(sim.host.opened(), 1U);
  EXPECT_EQ(sim.host.at(sim.host.last()).sent_datagrams.at(0).payload, std::string(3000, 'z'));
}

TEST(Ingress, TheGatewayIsAHopOnTheWay) {
  Sim sim;
  sim.from_guest(udp_frame(kGuest, kServer, "x", 1));
  const auto seen = sim.take_seen();
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].icmp->type, IcmpType::kTimeExceeded);
  EXPECT_EQ(seen[0].ip->source, kGatewayAddress);
  EXPECT_EQ(sim.host.opened(), 0U);
  sim.from_guest(udp_frame(kGuest, {kGatewayAddress, 9}, "x", 1));
  EXPECT_EQ(sim.host.opened(), 1U) << "the gateway itself is no further than one hop";
}

TEST(Ingress, WhatAllOnTheLinkGetIsForNoSingleHost) {
  // RFC 1122, section 3.3.6.
  Sim sim;
  Octets frame = udp_frame(kGuest, kServer, "x");
  EthernetHeader{MacAddress::broadcast(), kGuestMac, EtherType::kIpv4}.emit(frame);
  sim.from_guest(frame);
  EXPECT_EQ(sim.dropped(Drop::kMartianDestination), 1U);
  EXPECT_EQ(sim.host.opened(), 0U);
}

TEST(Ingress, NobodyIsKnownUnderAGroupsAddress) {
  Sim sim;
  for (const MacAddress& nobody : {MacAddress::broadcast(), MacAddress({1, 0, 0x5e, 0, 0, 1}),
                                   MacAddress({0, 0, 0, 0, 0, 0})}) {
    ArpMessage message = request(kGuestAddress, kGatewayAddress);
    message.sender_mac = nobody;
    sim.from_guest(arp_frame(message));
  }
  EXPECT_EQ(sim.dropped(Drop::kSpoofedSource), 3U);
  EXPECT_TRUE(sim.take_seen().empty());
  sim.from_guest(udp_frame(kGuest, {kServer.address, 9}, "x", 1));
  EXPECT_EQ(sim.take_seen().at(0).ethernet.destination, kGuestMac);
}

TEST(Ingress, TheLargestDatagramArrivesWhateverTheMtu) {
  NatConfig config;
  config.network.mtu = 68;
  Sim sim(config);
  const Octets datagram = udp_datagram(
      {.source_port = kGuest.port, .destination_port = kServer.port}, Octets(65507, 'z'));
  const Bytes bytes = datagram;
  constexpr std::size_t kPiece = 48;
  for (std::size_t at = 0; at < bytes.size(); at += kPiece) {
    const Bytes piece = bytes.subspan(at, std::min(kPiece, bytes.size() - at));
    sim.from_guest(ip_frame({.identification = 7,
                             .more_fragments = at + piece.size() < bytes.size(),
                             .fragment_offset = static_cast<std::uint16_t>(at),
                             .protocol = IpProtocol::kUdp,
                             .source = kGuestAddress,
                             .destination = kServer.address},
                            piece));
  }
  ASSERT_EQ(sim.host.opened(), 1U);
  EXPECT_EQ(sim.host.at(sim.host.last()).sent_datagrams.at(0).payload, std::string(65507, 'z'));
}

TEST(Ingress, AnUnknownProtocolIsUnreachable) {
  Sim sim;
  sim.from_guest(ip_frame({.protocol = static_cast<IpProtocol>(132),
                           .source = kGuestAddress,
                           .destination = kServer.address},
                          as_bytes("12345678")));
  const auto seen = sim.take_seen();
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].icmp->code, static_cast<std::uint8_t>(UnreachableCode::kProtocol));
}

TEST(Ingress, ErrorsAreNotAnsweredByErrors) {
  Sim sim;
  std::array<std::uint8_t, IcmpHeader::kSize> message{};
  IcmpHeader{.type = IcmpType::kUnreachable, .code = 3}.emit(message);
  sim.from_guest(ip_frame({.ttl = 1,
                           .protocol = IpProtocol::kIcmp,
                           .source = kGuestAddress,
                           .destination = kServer.address},
                          message));
  EXPECT_TRUE(sim.take_seen().empty());
}

TEST(Ingress, AHundredThousandFragmentsThatNeverCompleteLeaveOthersAlone) {
  Sim sim;
  for (std::uint32_t i = 0; i < 100000; ++i) {
    const std::array<std::uint8_t, 64> piece{};
    sim.from_guest(ip_frame({.identification = static_cast<std::uint16_t>(i),
                             .more_fragments = true,
                             .fragment_offset = static_cast<std::uint16_t>(64 * (i % 900)),
                             .protocol = IpProtocol::kUdp,
                             .source = kGuestAddress,
                             .destination = kServer.address},
                            piece));
  }
  EXPECT_GT(sim.dropped(Drop::kReassemblyLimit), 90000U);
  sim.from_guest(udp_frame(kGuest, kServer, "x"));
  EXPECT_EQ(sim.host.opened(), 1U);
}

TEST(Nat, GuestForwardsHaveAddressesOfTheNetworkToThemselves) {
  Sim sim;
  const Endpoint at{IpAddress::v4(10, 0, 2, 100), 80};
  sim.nat.add_guest_forward({at, UnixPath{"/run/x"}});
  EXPECT_THROW(sim.nat.add_guest_forward({at, UnixPath{"/run/y"}}), std::invalid_argument);
  EXPECT_THROW(sim.nat.add_guest_forward({{IpAddress::v4(10, 0, 3, 1), 80}, UnixPath{"/run/y"}}),
               std::invalid_argument);
  sim.from_guest(arp_frame(request(kGuestAddress, at.address)));
  EXPECT_EQ(sim.take_seen().size(), 1U);
}

TEST(Nat, AGuestForwardThatIsRemovedLeavesItsConnections) {
  Sim sim;
  const Endpoint at{IpAddress::v4(10, 0, 2, 100), 80};
  EXPECT_FALSE(sim.nat.remove_guest_forward(at));
  sim.nat.add_guest_forward({at, UnixPath{"/run/x"}});
  sim.nat.add_guest_forward({{at.address, 81}, UnixPath{"/run/y"}});
  GuestTcp guest(sim, 4000, at);
  sim.settle();
  ASSERT_TRUE(guest.established());
  EXPECT_TRUE(sim.nat.remove_guest_forward(at));
  guest.write("still");
  sim.settle();
  EXPECT_EQ(sim.host.newest().sent, "still");
  GuestTcp late(sim, 4001, at);
  sim.settle();
  EXPECT_TRUE(late.closed());
  // The address is the other forward's as long as that is there.
  sim.from_guest(arp_frame(request(kGuestAddress, at.address)));
  EXPECT_EQ(sim.take_seen().size(), 1U);
  EXPECT_TRUE(sim.nat.remove_guest_forward({at.address, 81}));
  sim.from_guest(arp_frame(request(kGuestAddress, at.address)));
  EXPECT_TRUE(sim.take_seen().empty());
  EXPECT_FALSE(sim.nat.remove_guest_forward({at.address, 81}));
}

TEST(Nat, AForwardOfTheGatewaysPortMayGoToo) {
  Sim sim;
  const Endpoint at{IpAddress::v4(10, 0, 2, 2), 80};
  sim.nat.add_guest_forward({at, UnixPath{"/run/x"}});
  EXPECT_TRUE(sim.nat.remove_guest_forward(at));
  sim.from_guest(arp_frame(request(kGuestAddress, at.address)));
  EXPECT_EQ(sim.take_seen().size(), 1U);
}

TEST(Nat, TellsWhatThereIs) {
  Sim sim;
  EXPECT_TRUE(sim.nat.flows(sim.now).empty());
  ASSERT_EQ(sim.nat.neighbors().entries().size(), 1U);
  EXPECT_EQ(sim.nat.neighbors().entries()[0].address, kGuestAddress);
  EXPECT_EQ(sim.nat.neighbors().entries()[0].mac, kGuestMac);

  GuestTcp guest(sim, 4000, kServer);
  sim.settle();
  sim.host.newest().send_room = 2;
  guest.write("four");
  sim.settle();
  const SocketId stream = sim.host.last();
  auto flows = sim.nat.flows(sim.now);
  ASSERT_EQ(flows.size(), 1U);
  EXPECT_EQ(flows[0].protocol, FlowInfo::Protocol::kTcp);
  EXPECT_EQ(flows[0].guest, (Endpoint{kGuestAddress, 4000}));
  EXPECT_EQ(flows[0].remote, kServer);
  EXPECT_EQ(flows[0].socket, stream);
  EXPECT_EQ(flows[0].state, tcp::State::kEstablished);
  EXPECT_FALSE(flows[0].from_outside);
  EXPECT_EQ(flows[0].to_host, 2U);

  sim.from_guest(udp_frame(kGuest, kServer, "x"));
  flows = sim.nat.flows(sim.now);
  ASSERT_EQ(flows.size(), 2U);
  EXPECT_EQ(flows[1].protocol, FlowInfo::Protocol::kUdp);
  EXPECT_EQ(flows[1].remote, kServer);
  EXPECT_EQ(flows[1].left, std::chrono::minutes(5));

  const std::uint16_t port = sim.nat.add_host_forward(
      {.listen = {.local = Endpoint{IpAddress::v4(127, 0, 0, 1), 0}}, .guest = {{}, 22}});
  const auto forwards = sim.nat.host_forwards();
  ASSERT_EQ(forwards.size(), 1U);
  EXPECT_EQ(std::get<Endpoint>(forwards[0].forward.listen.local).port, port);
  EXPECT_EQ(forwards[0].forward.guest, (Endpoint{kGuestAddress, 22}));
  EXPECT_EQ(forwards[0].socket, sim.host.last());
  sim.nat.remove_host_forward({.local = Endpoint{IpAddress::v4(127, 0, 0, 1), port}});
  EXPECT_TRUE(sim.nat.host_forwards().empty());
}

TEST(Nat, TellsWhatFlowsHaveCarriedAndWhereTo) {
  using std::chrono::seconds;
  Sim sim;
  const Endpoint gateway{Network().v4.host, 80};
  GuestTcp guest(sim, 4000, gateway);
  sim.settle();
  sim.host.newest().send_room = 2;
  guest.write("four");
  sim.host.say(sim.host.last(), "eleven here");
  sim.settle();
  sim.run_for(seconds(7));
  auto flows = sim.nat.flows(sim.now);
  ASSERT_EQ(flows.size(), 1U);
  EXPECT_EQ(flows[0].destination, (Endpoint{IpAddress::v4(127, 0, 0, 1), 80}));
  EXPECT_EQ(flows[0].account.to_host, 4U) << "with what the host has not taken yet";
  EXPECT_EQ(flows[0].account.to_guest, 11U);
  EXPECT_GE(sim.now - flows[0].account.moved, seconds(7));
  EXPECT_GE(flows[0].account.moved, flows[0].account.opened);

  sim.from_guest(udp_frame(kGuest, kServer, "question"));
  const auto udp = sim.nat.flows(sim.now).at(1);
  EXPECT_EQ(udp.destination, kServer);
  EXPECT_EQ(udp.account.to_host, 8U);
  EXPECT_EQ(udp.account.opened, sim.now);
}

TEST(Nat, APlaceThatIsTakenAgainBeginsANewAccount) {
  Sim sim;
  {
    GuestTcp guest(sim, 4000, kServer);
    sim.settle();
    guest.write("much");
    sim.settle();
    guest.reset();
    sim.settle();
  }
  GuestTcp other(sim, 4001, kServer);
  sim.settle();
  const auto flows = sim.nat.flows(sim.now);
  ASSERT_EQ(flows.size(), 1U);
  EXPECT_EQ(flows[0].account.to_host, 0U);
}

TEST(Nat, GoesOnOnlyWithStreamsThatAreSound) {
  Sim sim;
  StreamState state;
  state.guest = kGuest;
  state.server = {IpAddress::v4(10, 0, 2, 100), 80};
  state.connection.own_segment_size = state.connection.peer_segment_size = 1000;
  ASSERT_TRUE(state.is_sound());
  // There is no such service.
  EXPECT_EQ(sim.nat.import_stream(sim.now, state), SocketId::kNone);
  // Nor may anybody but a guest have one.
  state.guest.address = kServer.address;
  EXPECT_EQ(sim.nat.import_stream(sim.now, state), SocketId::kNone);
  EXPECT_TRUE(sim.nat.export_streams(sim.now, state.server).empty());
}

TEST(Nat, LittlePayloadOfOneBatchLeavesInOneCall) {
  Sim sim;
  TcpHeader header{.source_port = 4000,
                   .destination_port = kServer.port,
                   .sequence = 100,
                   .flags = {.syn = true},
                   .window = 1000};
  sim.from_guest(tcp_frame(kGuestAddress, kServer.address, header, {}, {}));
  const auto seen = sim.take_seen();
  ASSERT_EQ(seen.size(), 1U);
  ASSERT_TRUE(seen[0].tcp);
  header.flags = {.ack = true};
  header.acknowledgment = seen[0].tcp->sequence + 1;
  ++header.sequence;
  std::vector<Octets> octets;
  std::string sent;
  for (std::size_t i = 0; i < 20; ++i) {
    const std::string text = varied_text(i * 70 + 1);
    octets.push_back(tcp_frame(kGuestAddress, kServer.address, header, {}, as_bytes(text)));
    header.sequence += static_cast<std::uint32_t>(text.size());
    sent += text;
  }
  std::vector<Frame> frames;
  frames.reserve(octets.size());
  for (const Octets& each : octets) frames.push_back({each, {}});
  sim.nat.on_frames(sim.now, frames);
  EXPECT_TRUE(sim.host.newest().sent == sent);
  EXPECT_EQ(sim.host.newest().sends, 1U);
  sim.settle();
  // And is acknowledged at once.
  ASSERT_EQ(sim.take_seen().size(), 1U);
}

TEST(Nat, APortThatIsTakenSaysSo) {
  Sim sim;
  sim.host.open_error = std::errc::address_in_use;
  try {
    sim.nat.add_host_forward(
        {.listen = {.local = Endpoint{IpAddress::v4(127, 0, 0, 1), 8080}}, .guest = kGuest});
    FAIL();
  } catch (const std::system_error& error) {
    const std::string what = error.what();
    EXPECT_NE(what.find("tcp:127.0.0.1:8080"), std::string::npos) << what;
    EXPECT_NE(what.find("another program listens there"), std::string::npos) << what;
  }
}

}  // namespace
}  // namespace sluice
