// A whole Nat with a guest of IPv6.

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "nat/nat.h"
#include "stack/wire/icmpv4.h"
#include "stack/wire/icmpv6.h"
#include "stack/wire/ndp.h"
#include "tests/sim/guest_tcp.h"
#include "tests/sim/sim.h"

namespace sluice {
namespace {

using std::chrono::seconds;

IpAddress ip(std::string_view text) {
  return *IpAddress::parse(text);
}

constexpr Endpoint kServer{
    IpAddress::v6({0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}), 80};

Icmpv6Type type_of(const SeenFrame& frame) {
  return static_cast<Icmpv6Type>(frame.icmp->type.octet());
}

// The only frame that the guest has got.
SeenFrame only(Sim& sim) {
  const std::vector<SeenFrame> seen = sim.take_seen();
  EXPECT_EQ(seen.size(), 1U);
  return seen.empty() ? SeenFrame{} : seen[0];
}

template <typename Message>
Octets octets_of(const Message& message) {
  Octets octets(message.size());
  message.emit(octets);
  return octets;
}

// The same packet, whole behind a fragment header (RFC 6946).
Octets as_fragment(const Octets& frame) {
  const Bytes packet = Bytes(frame).subspan(EthernetHeader::kSize);
  const auto header = Ipv6Header::parse(packet);
  const Bytes message = packet.subspan(Ipv6Header::kSize);
  const IpHeader whole{.protocol = header->next_header,
                       .hop_limit = header->hop_limit,
                       .source = header->source,
                       .destination = header->destination,
                       .identification = 1};
  Octets dressed(EthernetHeader::kSize + whole.fragment_size() + message.size());
  copy_bytes(Bytes(frame).first(EthernetHeader::kSize), dressed);
  const MutableBytes into = MutableBytes(dressed).subspan(EthernetHeader::kSize);
  whole.emit_fragment(into, message.size(), 0, false);
  copy_bytes(message, into.subspan(whole.fragment_size()));
  return dressed;
}

TEST(Ipv6, ARouterSolicitationIsAnsweredWithAllThatAGuestNeeds) {
  NatConfig config;
  config.network.mtu = 1400;
  config.domain_search = {"lab.example", "example"};
  Sim sim(config);
  sim.from_guest(ndp_frame(kGuestOnLink, IpAddress::all_routers(), RouterSolicitation{kGuestMac}));
  const SeenFrame seen = only(sim);
  EXPECT_EQ(seen.ethernet.destination, kGuestMac);
  EXPECT_EQ(seen.ethernet.source, kRouterMac);
  EXPECT_EQ(seen.source, kRouter6);
  EXPECT_EQ(seen.destination, kGuestOnLink);
  EXPECT_EQ(seen.ip6->hop_limit, 255);
  const auto told = RouterAdvertisement::parse(seen.icmp_message);
  ASSERT_TRUE(told);
  EXPECT_GT(told->lifetime, 0);
  EXPECT_EQ(told->source_link_address, kRouterMac);
  EXPECT_EQ(told->mtu, 1400U);
  ASSERT_EQ(told->prefixes.size(), 1U);
  EXPECT_EQ(told->prefixes[0].prefix.to_string(), "fec0::/64");
  EXPECT_TRUE(told->prefixes[0].on_link && told->prefixes[0].autonomous && !told->managed);
  ASSERT_EQ(told->dns_servers.size(), 1U);
  EXPECT_EQ(told->dns_servers[0].servers, std::vector{kDns6});
  ASSERT_EQ(told->dns_search_lists.size(), 1U);
  EXPECT_EQ(told->dns_search_lists[0].names, config.domain_search);
}

TEST(Ipv6, ARestrictedNetworkHasNoWayOut) {
  NatConfig config;
  config.policy.restricted = true;
  Sim sim(config);
  sim.from_guest(ndp_frame(IpAddress(), IpAddress::all_routers(), RouterSolicitation{}));
  const SeenFrame seen = only(sim);
  EXPECT_EQ(seen.destination, IpAddress::all_nodes());
  EXPECT_EQ(seen.ethernet.destination, IpAddress::all_nodes().multicast_mac());
  const auto told = RouterAdvertisement::parse(seen.icmp_message);
  ASSERT_TRUE(told);
  EXPECT_EQ(told->lifetime, 0);
  EXPECT_TRUE(told->dns_servers.empty());
}

TEST(Ipv6, TheRouterAdvertisesItselfAgainBeforeItIsForgotten) {
  Sim sim;
  sim.run_for(seconds(3600));
  EXPECT_TRUE(sim.take_seen().empty()) << "nobody has asked for IPv6";
  sim.from_guest(ndp_frame(kGuestOnLink, IpAddress::all_routers(), RouterSolicitation{kGuestMac}));
  sim.take_seen();
  sim.run_for(seconds(3600));
  const auto seen = sim.take_seen();
  EXPECT_GE(seen.size(), 6U);
  EXPECT_LE(seen.size(), 18U);
  for (const SeenFrame& frame : seen) EXPECT_EQ(frame.destination, IpAddress::all_nodes());
}

TEST(Ipv6, ManyDomainsStillFitIntoOnePacket) {
  NatConfig config;
  config.domain_search.assign(32, std::string(63, 'a') + "." + std::string(63, 'b') + ".example");
  Sim sim(config);
  sim.from_guest(ndp_frame(kGuestOnLink, IpAddress::all_routers(), RouterSolicitation{kGuestMac}));
  const auto told = RouterAdvertisement::parse(only(sim).icmp_message);
  ASSERT_TRUE(told);
  ASSERT_EQ(told->dns_search_lists.size(), 1U);
  EXPECT_GT(told->dns_search_lists[0].names.size(), 4U);
}

TEST(Ipv6, NeighborsFindOurAddressesAndNoOthers) {
  Sim sim;
  for (const IpAddress& ours : {kHost6, kDns6, kRouter6}) {
    sim.from_guest(
        ndp_frame(kGuestAddress6, ours.solicited_node(), NeighborSolicitation{ours, kGuestMac}));
    const SeenFrame seen = only(sim);
    EXPECT_EQ(seen.destination, kGuestAddress6);
    const auto answer = NeighborAdvertisement::parse(seen.icmp_message);
    ASSERT_TRUE(answer);
    EXPECT_TRUE(answer->solicited && answer->override_existing);
    EXPECT_EQ(answer->target, ours);
    EXPECT_EQ(answer->target_link_address, Network::mac_of(ours));
  }
  const IpAddress nobody = ip("fec0::77");
  sim.from_guest(
      ndp_frame(kGuestAddress6, nobody.solicited_node(), NeighborSolicitation{nobody, kGuestMac}));
  EXPECT_TRUE(sim.take_seen().empty());
}

TEST(Ipv6, WhoeverWantsOneOfOurAddressesIsToldThatItIsTaken) {
  Sim sim;
  sim.from_guest(ndp_frame(IpAddress(), kHost6.solicited_node(), NeighborSolicitation{kHost6, {}}));
  const SeenFrame seen = only(sim);
  EXPECT_EQ(seen.destination, IpAddress::all_nodes());
  const auto answer = NeighborAdvertisement::parse(seen.icmp_message);
  ASSERT_TRUE(answer);
  EXPECT_FALSE(answer->solicited);
  sim.from_guest(ndp_frame(IpAddress(), kGuestAddress6.solicited_node(),
                           NeighborSolicitation{kGuestAddress6, {}}));
  EXPECT_TRUE(sim.take_seen().empty()) << "the guest may have what it asks for";
}

// The rules that a message has to keep to (RFC 4861, sections 6.1.1, 7.1.1 and 7.1.2; RFC 6980).
TEST(Ipv6, DiscoveryThatIsNotValidIsNotBelieved) {
  constexpr MacAddress kOther({0x52, 0x54, 0, 1, 2, 3});
  const IpAddress nobody;
  const IpAddress routers = IpAddress::all_routers();
  const IpAddress nodes = IpAddress::all_nodes();
  const IpAddress group = kHost6.solicited_node();
  const NeighborSolicitation question{kHost6, kGuestMac};
  const NeighborAdvertisement news{
      .override_existing = true, .target = kGuestAddress6, .target_link_address = kOther};
  NeighborAdvertisement answer = news;
  answer.solicited = true;
  NeighborAdvertisement broadcast = news;
  broadcast.target_link_address = MacAddress::broadcast();
  NeighborAdvertisement zero = news;
  zero.target_link_address = MacAddress();
  Octets other_code = octets_of(question);
  other_code[1] = 1;
  Octets short_message = octets_of(NeighborSolicitation{kHost6, {}});
  short_message.pop_back();

  const std::vector<std::pair<const char*, Octets>> cases{
      {"solicits routers from nowhere, and says where it is",
       ndp_frame(nobody, routers, RouterSolicitation{kGuestMac})},
      {"is a router's neighbor everywhere",
       ndp_frame(kGuestOnLink, routers, RouterSolicitation{MacAddress::broadcast()})},
      {"is nobody's neighbor", ndp_frame(kGuestOnLink, routers, RouterSolicitation{MacAddress()})},
      {"asks from nowhere, and says where it is", ndp_frame(nobody, group, question)},
      {"asks from nowhere, and not the link",
       ndp_frame(nobody, kHost6, NeighborSolicitation{kHost6, {}})},
      {"asks, and is everywhere",
       ndp_frame(kGuestAddress6, group, NeighborSolicitation{kHost6, MacAddress::broadcast()})},
      {"has passed a router", icmpv6_frame(kGuestAddress6, group, octets_of(question), 254)},
      {"has another code", icmpv6_frame(kGuestAddress6, group, other_code)},
      {"is cut short", icmpv6_frame(kGuestAddress6, group, short_message)},
      {"is a fragment", as_fragment(ndp_frame(kGuestAddress6, group, question))},
      {"is told to many as an answer", ndp_frame(kGuestAddress6, nodes, answer)},
      {"is at the broadcast address", ndp_frame(kGuestAddress6, nodes, broadcast)},
      {"is at no address", ndp_frame(kGuestAddress6, nodes, zero)},
      {"advertises in a fragment", as_fragment(ndp_frame(kGuestAddress6, kHost6, news))},
  };
  for (const auto& [name, frame] : cases) {
    Sim sim;
    sim.from_guest(frame);
    EXPECT_TRUE(sim.take_seen().empty()) << name;
    EXPECT_EQ(sim.dropped(Drop::kMalformed), 1U) << name;
    sim.from_guest(echo_frame(kGuestAddress6, kHost6, 7, 1, "ping"));
    EXPECT_EQ(only(sim).ethernet.destination, kGuestMac) << name;
  }
}

TEST(Ipv6, ThereIsNoOtherRouter) {
  Sim sim;
  sim.from_guest(ndp_frame(kGuestOnLink, IpAddress::all_nodes(), RouterAdvertisement{}));
  EXPECT_EQ(sim.dropped(Drop::kSpoofedSource), 1U);
}

// RFC 4861, section 6.2.6.
TEST(Ipv6, TheWholeLinkIsAdvertisedToEveryThreeSecondsAtMost) {
  Sim sim;
  const auto solicit = [&sim] {
    sim.from_guest(ndp_frame(IpAddress(), IpAddress::all_routers(), RouterSolicitation{}));
    return sim.take_seen().size();
  };
  EXPECT_EQ(solicit(), 1U);
  EXPECT_EQ(solicit(), 0U);
  sim.run_for(seconds(2));
  EXPECT_EQ(solicit(), 0U);
  sim.run_for(seconds(2));
  EXPECT_EQ(sim.take_seen().size(), 1U) << "who asked too early is answered then";
  sim.run_for(seconds(3));
  EXPECT_EQ(solicit(), 1U);
}

// RFC 4862, section 5.5.3: guests make addresses of their own with 64 bits only.
TEST(Ipv6, AddressesOfAPrefixOfAnotherLengthComeFromDhcp) {
  NatConfig config;
  config.network.v6 = {{ip("fec0::"), 96}, ip("fec0::2"), ip("fec0::3")};
  Sim sim(config);
  sim.from_guest(ndp_frame(kGuestOnLink, IpAddress::all_routers(), RouterSolicitation{kGuestMac}));
  const auto told = RouterAdvertisement::parse(only(sim).icmp_message);
  ASSERT_TRUE(told);
  EXPECT_TRUE(told->managed);
  ASSERT_EQ(told->prefixes.size(), 1U);
  EXPECT_TRUE(told->prefixes[0].on_link && !told->prefixes[0].autonomous);
}

TEST(Ipv6, NothingBehindTheHeaderIsNoError) {
  Sim sim;
  sim.from_guest(packet_frame({.protocol = IpProtocol::kNoNextHeader,
                               .source = kGuestAddress6,
                               .destination = kServer.address},
                              {}));
  EXPECT_TRUE(sim.take_seen().empty());
  EXPECT_EQ(sim.dropped(Drop::kUnknownProtocol), 0U);
}

TEST(Ipv6, PingsOfOurAddressesAreAnswered) {
  Sim sim;
  for (const IpAddress& ours : {kHost6, kDns6, kRouter6, IpAddress::all_nodes()}) {
    sim.from_guest(echo_frame(kGuestAddress6, ours, 7, 1, "ping"));
    const SeenFrame seen = only(sim);
    EXPECT_EQ(type_of(seen), Icmpv6Type::kEchoReply);
    EXPECT_EQ(seen.source, ours.is_multicast() ? kRouter6 : ours);
    EXPECT_EQ(seen.payload, "ping");
  }
}

TEST(Ipv6, PingsOfOthersGoThroughTheHost) {
  Sim sim;
  sim.from_guest(echo_frame(kGuestAddress6, kServer.address, 7, 1, "ping"));
  auto& socket = sim.host.newest();
  ASSERT_EQ(socket.sent_datagrams.size(), 1U);
  EXPECT_EQ(socket.datagram_kind, DatagramKind::kEcho);
  EXPECT_EQ(socket.sent_datagrams[0].peer.address, kServer.address);
  EXPECT_EQ(socket.sent_datagrams[0].ttl, 63);
  sim.host.say_datagram(sim.host.last(), {kServer.address, 0}, "ping", 1);
  sim.settle();
  const SeenFrame seen = only(sim);
  EXPECT_EQ(type_of(seen), Icmpv6Type::kEchoReply);
  EXPECT_EQ(seen.icmp->rest, IcmpHeader::echo_rest(7, 1));
  EXPECT_EQ(seen.source, kServer.address);
}

TEST(Ipv6, TcpConnectsAndCarriesBothWays) {
  Sim sim;
  GuestTcp guest(sim, 4000, kServer);
  sim.settle();
  ASSERT_TRUE(guest.established());
  EXPECT_EQ(std::get<Endpoint>(sim.host.newest().target), kServer);
  guest.write("question");
  sim.settle();
  EXPECT_EQ(sim.host.newest().sent, "question");
  sim.host.say(sim.host.last(), "answer");
  sim.settle();
  EXPECT_EQ(guest.received(), "answer");
}

// RFC 9293, section 3.7.1.
TEST(Ipv6, AGuestThatTellsNoSegmentSizeGetsWhatEveryLinkTakes) {
  Sim sim;
  TcpHeader header{.source_port = 4000,
                   .destination_port = kServer.port,
                   .sequence = 100,
                   .flags = {.syn = true},
                   .window = 60000};
  sim.from_guest(tcp_frame(kGuestAddress6, kServer.address, header, {}, {}));
  header.acknowledgment = only(sim).tcp->sequence + 1;
  header.flags = {.ack = true};
  ++header.sequence;
  sim.from_guest(tcp_frame(kGuestAddress6, kServer.address, header, {}, {}));
  sim.host.say(sim.host.last(), varied_text(3000));
  sim.settle();
  const auto seen = sim.take_seen();
  ASSERT_FALSE(seen.empty());
  EXPECT_EQ(seen[0].payload.size(), 1220U);
}

TEST(Ipv6, TheGatewayLeadsToTheHostsLoopback) {
  Sim sim;
  GuestTcp guest(sim, 4000, {kHost6, 80});
  sim.settle();
  EXPECT_EQ(std::get<Endpoint>(sim.host.newest().target), (Endpoint{ip("::1"), 80}));
  GuestTcp other(sim, 4001, {kRouter6, 80});
  sim.settle();
  EXPECT_EQ(std::get<Endpoint>(sim.host.newest().target), (Endpoint{ip("::1"), 80}));
}

// ::1 and the host's other names for itself, and IPv4 in the clothes of IPv6.
TEST(Ipv6, NoSpellingOfTheHostsLoopbackLeadsThereButTheGateway) {
  NatConfig config;
  config.policy.host_loopback = false;
  Sim sim(config);
  for (const char* const text :
       {"::1", "::", "::127.0.0.1", "::10.0.0.1", "fec0::2", "fe80::2", "fec0::77", "ff02::1"}) {
    GuestTcp guest(sim, 4000, {ip(text), 80});
    sim.settle();
    EXPECT_EQ(sim.host.opened(), 0U) << text;
    sim.from_guest(udp_frame({kGuestAddress6, 4000}, {ip(text), 80}, "x"));
    EXPECT_EQ(sim.host.opened(), 0U) << text;
  }
}

TEST(Ipv6, AnAddressThatHoldsIpv4IsNoneOfAPacket) {
  Sim sim;
  // An IpAddress can't hold it as one of IPv6, so it is written into the frame.
  Octets frame = udp_frame({kGuestAddress6, 4000}, {ip("::1"), 80}, "x");
  constexpr std::size_t kDestination = 14 + 24;
  frame[kDestination + 10] = frame[kDestination + 11] = 0xff;
  frame[kDestination + 12] = 127;
  sim.from_guest(frame);
  EXPECT_EQ(sim.host.opened(), 0U);
  EXPECT_EQ(sim.dropped(Drop::kMalformed), 1U);
}

TEST(Ipv6, AHostWithoutIpv6IsUnreachableAtOnce) {
  Sim sim;
  sim.host.open_error = std::errc::network_unreachable;
  GuestTcp guest(sim, 4000, kServer);
  sim.settle();
  SeenFrame seen = only(sim);
  EXPECT_EQ(type_of(seen), Icmpv6Type::kUnreachable);
  EXPECT_EQ(seen.icmp->code, static_cast<std::uint8_t>(Icmpv6UnreachableCode::kNoRoute));
  sim.from_guest(udp_frame({kGuestAddress6, 4000}, kServer, "x"));
  seen = only(sim);
  EXPECT_EQ(type_of(seen), Icmpv6Type::kUnreachable);
  const auto quoted = Ipv6View::parse(as_bytes(seen.payload));
  ASSERT_TRUE(quoted);
  EXPECT_EQ(quoted->header().destination, kServer.address);
}

TEST(Ipv6, DatagramsGoBothWays) {
  Sim sim;
  sim.from_guest(udp_frame({kGuestAddress6, 4000}, kServer, "question", 64));
  auto& socket = sim.host.newest();
  EXPECT_EQ(socket.is_v4, false);
  ASSERT_EQ(socket.sent_datagrams.size(), 1U);
  EXPECT_EQ(socket.sent_datagrams[0].peer, kServer);
  EXPECT_EQ(socket.sent_datagrams[0].ttl, 63);
  sim.host.say_datagram(sim.host.last(), kServer, "answer");
  sim.settle();
  const SeenFrame seen = only(sim);
  EXPECT_EQ(seen.source, kServer.address);
  EXPECT_EQ(seen.destination, kGuestAddress6);
  EXPECT_EQ(seen.payload, "answer");
}

TEST(Ipv6, ADatagramWithoutAChecksumIsNotTaken) {
  Sim sim;
  Octets frame = udp_frame({kGuestAddress6, 4000}, kServer, "x");
  store_big(MutableBytes(frame), 14 + 40 + UdpHeader::kChecksumOffset, std::uint16_t{0});
  sim.from_guest(frame);
  EXPECT_EQ(sim.host.opened(), 0U);
  EXPECT_EQ(sim.dropped(Drop::kBadChecksum), 1U);
}

void expect_fragments_both_ways(std::size_t payload) {
  Sim sim;
  const std::string text = varied_text(payload);
  const Octets datagram = udp_datagram(
      {.source_port = 4000,
       .destination_port = 80,
       .checksum = transport_checksum(
           kGuestAddress6, kServer.address, IpProtocol::kUdp,
           udp_datagram({.source_port = 4000, .destination_port = 80}, as_bytes(text)))},
      as_bytes(text));
  const IpHeader header{.protocol = IpProtocol::kUdp,
                        .source = kGuestAddress6,
                        .destination = kServer.address,
                        .identification = 77};
  constexpr std::size_t kPart = 1448;
  for (std::size_t at = 0; at < datagram.size(); at += kPart) {
    const std::size_t size = std::min(kPart, datagram.size() - at);
    Octets frame(14 + header.fragment_size() + size);
    EthernetHeader{kRouterMac, kGuestMac, EtherType::kIpv6}.emit(frame);
    const MutableBytes packet = MutableBytes(frame).subspan(14);
    header.emit_fragment(packet, size, at, at + size < datagram.size());
    copy_bytes(Bytes(datagram).subspan(at, size), packet.subspan(header.fragment_size()));
    sim.from_guest(frame);
  }
  ASSERT_EQ(sim.host.opened(), 1U);
  ASSERT_EQ(sim.host.newest().sent_datagrams.size(), 1U);
  EXPECT_EQ(sim.host.newest().sent_datagrams[0].payload, text);

  sim.host.say_datagram(sim.host.last(), kServer, text);
  sim.settle();
  std::string whole(datagram.size(), '\0');
  const auto seen = sim.take_seen();
  EXPECT_EQ(seen.size(), (datagram.size() + kPart - 1) / kPart);
  for (const SeenFrame& frame : seen) {
    ASSERT_TRUE(frame.fragment6);
    EXPECT_LE(frame.payload.size(), 1500U - 48);
    whole.replace(frame.fragment6->offset, frame.payload.size(), frame.payload);
  }
  EXPECT_EQ(whole.substr(UdpHeader::kSize), text);
  EXPECT_EQ(transport_checksum(kServer.address, kGuestAddress6, IpProtocol::kUdp, as_bytes(whole)),
            0);
}

TEST(Ipv6, LargeDatagramsComeAndGoInFragments) {
  expect_fragments_both_ways(20000);
}

// The length of the payload does not count the header (RFC 8200, section 3).
TEST(Ipv6, TheLargestDatagramComesAndGoes) {
  expect_fragments_both_ways(65535 - UdpHeader::kSize);
}

TEST(Ipv6, ErrorsOfTheNetworkArePassedOnAsTheyCame) {
  Sim sim;
  sim.from_guest(udp_frame({kGuestAddress6, 4000}, kServer, "x"));
  const IpAddress reporter = ip("2001:db8::99");
  sim.host.report(
      sim.host.last(),
      {.destination = kServer, .reporter = reporter, .icmp_type = 2, .icmp_code = 0, .mtu = 1380});
  sim.settle();
  const SeenFrame seen = only(sim);
  EXPECT_EQ(type_of(seen), Icmpv6Type::kPacketTooBig);
  EXPECT_EQ(seen.icmp->rest, 1380U);
  EXPECT_EQ(seen.source, reporter);
}

TEST(Ipv6, AnUnknownNextHeaderIsAParameterProblem) {
  Sim sim;
  sim.from_guest(packet_frame(
      {.protocol = IpProtocol{99}, .source = kGuestAddress6, .destination = kServer.address},
      as_bytes("what is this")));
  const SeenFrame seen = only(sim);
  EXPECT_EQ(type_of(seen), Icmpv6Type::kParameterProblem);
  EXPECT_EQ(seen.icmp->code, static_cast<std::uint8_t>(Icmpv6ProblemCode::kUnrecognizedNextHeader));
  EXPECT_EQ(seen.icmp->rest, 6U);
}

TEST(Ipv6, ALinkLocalSourceGoesNoFurtherThanTheLink) {
  Sim sim;
  sim.from_guest(udp_frame({kGuestOnLink, 4000}, kServer, "x"));
  EXPECT_EQ(sim.host.opened(), 0U);
  const SeenFrame seen = only(sim);
  EXPECT_EQ(type_of(seen), Icmpv6Type::kUnreachable);
  EXPECT_EQ(seen.icmp->code, static_cast<std::uint8_t>(Icmpv6UnreachableCode::kBeyondScope));
}

TEST(Ipv6, TheGatewayAnswersAsWhomItWasAsked) {
  Sim sim;
  const auto ask = [&sim](const IpAddress& gateway) {
    sim.from_guest(udp_frame({kGuestOnLink, 4000}, {gateway, 80}, "x"));
    sim.host.say_datagram(sim.host.last(), {ip("::1"), 80}, "answer");
    sim.settle();
    return only(sim).source;
  };
  EXPECT_EQ(ask(kRouter6), kRouter6);
  EXPECT_EQ(ask(kHost6), kHost6);
  sim.from_guest(udp_frame({kGuestOnLink, 4000}, {kRouter6, 80}, "x"));
  sim.host.report(sim.host.last(),
                  {.destination = {ip("::1"), 80}, .error = std::errc::connection_refused});
  sim.settle();
  const SeenFrame seen = only(sim);
  EXPECT_EQ(seen.source, kRouter6);
  EXPECT_EQ(type_of(seen), Icmpv6Type::kUnreachable);
}

TEST(Ipv6, AGuestThatIsNotKnownYetIsAskedFor) {
  Sim sim;
  sim.nat.add_host_forward(
      {.listen = {.local = Endpoint{ip("::1"), 8080}}, .guest = {kGuestAddress6, 80}});
  sim.host.knock(sim.host.last(), Endpoint{ip("2001:db8::5"), 5000});
  sim.settle();
  const SeenFrame question = only(sim);
  EXPECT_EQ(question.destination, kGuestAddress6.solicited_node());
  const auto solicitation = NeighborSolicitation::parse(question.icmp_message);
  ASSERT_TRUE(solicitation);
  EXPECT_EQ(solicitation->target, kGuestAddress6);
  GuestTcp guest(sim, 80);
  sim.from_guest(ndp_frame(
      kGuestAddress6, kRouter6,
      NeighborAdvertisement{
          .solicited = true, .target = kGuestAddress6, .target_link_address = kGuestMac}));
  EXPECT_TRUE(guest.established());
  EXPECT_EQ(guest.remote(), (Endpoint{ip("2001:db8::5"), 5000}));
}

TEST(Ipv6, AForwardLeadsFromOneFamilyToTheOther) {
  Sim sim;
  sim.from_guest(echo_frame(kGuestAddress6, kHost6, 7, 1, ""));
  sim.take_seen();
  sim.nat.add_host_forward(
      {.listen = {.local = Endpoint{ip("127.0.0.1"), 8080}}, .guest = {kGuestAddress6, 80}});
  sim.host.knock(sim.host.last(), Endpoint{ip("192.0.2.7"), 5000});
  GuestTcp guest(sim, 80);
  sim.settle();
  EXPECT_TRUE(guest.established());
  EXPECT_EQ(guest.remote().address, kHost6);
}

TEST(Ipv6, AGuestForwardLeadsWhereTheUserSaid) {
  NatConfig config;
  config.policy.restricted = true;
  Sim sim(config);
  sim.nat.add_guest_forward({.server = {ip("fec0::7"), 7}, .target = Command{"cat"}});
  sim.from_guest(ndp_frame(kGuestAddress6, ip("fec0::7").solicited_node(),
                           NeighborSolicitation{ip("fec0::7"), kGuestMac}));
  EXPECT_EQ(type_of(only(sim)), Icmpv6Type::kNeighborAdvertisement);
  GuestTcp guest(sim, 4000, {ip("fec0::7"), 7});
  sim.settle();
  EXPECT_TRUE(guest.established());
  EXPECT_EQ(std::get<Command>(sim.host.newest().target).line, "cat");
}

TEST(Ipv6, AFamilyThatIsOffIsNotThere) {
  NatConfig config;
  config.network.has_v6 = false;
  Sim sim(config);
  sim.from_guest(echo_frame(kGuestAddress6, kHost6, 7, 1, ""));
  EXPECT_TRUE(sim.take_seen().empty());
  EXPECT_EQ(sim.dropped(Drop::kNotForUs) + sim.dropped(Drop::kUnknownProtocol), 1U);
  config.network.has_v6 = true;
  config.network.has_v4 = false;
  Sim other(config);
  other.from_guest(echo_frame(kGuestAddress, config.network.v4.host, 7, 1, ""));
  EXPECT_TRUE(other.take_seen().empty());
  other.from_guest(echo_frame(kGuestAddress6, kHost6, 7, 1, ""));
  EXPECT_EQ(other.take_seen().size(), 1U);
}

TEST(Ipv6, LargeFramesLeaveAsOneWhereTheLinkCutsThem) {
  Sim sim({}, {.checksum = true, .tcp6_segmentation = true});
  sim.from_guest(tcp_frame(kGuestAddress6, kServer.address,
                           {.source_port = 4000,
                            .destination_port = kServer.port,
                            .sequence = 99,
                            .flags = {.syn = true},
                            .window = 65535},
                           {.maximum_segment_size = 1440, .window_scale = 7}, {}));
  const SeenFrame answer = only(sim);
  sim.from_guest(tcp_frame(kGuestAddress6, kServer.address,
                           {.source_port = 4000,
                            .destination_port = kServer.port,
                            .sequence = 100,
                            .acknowledgment = answer.tcp->sequence + 1,
                            .flags = {.ack = true},
                            .window = 65535},
                           {}, {}));
  sim.host.say(sim.host.last(), varied_text(100000));
  sim.settle();
  const SeenFrame seen = only(sim);
  EXPECT_EQ(seen.offload.segmentation, Segmentation::kTcp6);
  EXPECT_EQ(seen.offload.segment_size, 1440);
  EXPECT_EQ(seen.payload.size(), 14400U);
}

}  // namespace
}  // namespace sluice
