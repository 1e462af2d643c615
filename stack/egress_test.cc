#include "stack/egress.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

#include "stack/checksum.h"
#include "stack/reassembly.h"
#include "stack/wire/icmpv4.h"
#include "tests/sim/guest_frames.h"
#include "tests/sim/keeping_link.h"
#include "tests/sim/seen_frame.h"

namespace sluice {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr IpAddress kServer = IpAddress::v4(203, 0, 113, 5);
constexpr MacAddress kOtherMac({0x52, 0x54, 0, 0, 0, 7});
constexpr LinkCapabilities kPlain{};
constexpr LinkCapabilities kChecksums{.checksum = true};
constexpr LinkCapabilities kSegments{.checksum = true, .tcp4_segmentation = true};

// An Egress on a link that keeps what it is given.
struct World {
  explicit World(const LinkCapabilities& capabilities, std::uint16_t mtu = 1500)
      : link(capabilities) {
    network.mtu = mtu;
  }

  // The guest is at kGuestMac.
  World& knowing_the_guest() {
    egress.learn(kGuestAddress, kGuestMac);
    return *this;
  }
  std::vector<SeenFrame> seen() {
    link.flush();
    std::vector<SeenFrame> frames;
    for (const KeepingLink::Kept& kept : link.take()) {
      frames.push_back(see(kept.frame, kept.offload));
    }
    return frames;
  }
  void pass(Duration duration) {
    now += duration;
    timers.advance(now);
  }
  void send_udp(std::string_view payload, const IpAddress& to = kGuestAddress) {
    egress.send_udp(now, {kServer, 53}, {to, 4000}, 61, as_bytes(payload));
  }
  void send_udp(gsl::span<const Bytes> run) {
    egress.send_udp(now, {kServer, 53}, {kGuestAddress, 4000}, 61, run);
  }
  void send_tcp(gsl::span<const Bytes> payload, std::uint16_t segment_size = 1460,
                const TcpOptions& options = {}) {
    const TcpHeader header{.source_port = 80,
                           .destination_port = 4000,
                           .sequence = 0xfffffff0,
                           .acknowledgment = 17,
                           .flags = {.psh = true, .ack = true},
                           .window = 501};
    egress.send_tcp(now, kServer, kGuestAddress, header, options, payload, segment_size);
  }
  void send_echo_reply(std::string_view payload) {
    egress.send_icmp(now, kServer, kGuestAddress,
                     {.type = IcmpType::kEchoReply, .rest = IcmpHeader::echo_rest(9, 1)},
                     as_bytes(payload));
  }

  Time now{};
  Network network;
  KeepingLink link;
  Counters counters;
  TimerWheel timers{now};
  Egress egress{network, link, counters, timers};
};

// The packet that a frame carried, made again from what was seen of it.
std::vector<std::uint8_t> packet_of(const SeenFrame& frame) {
  std::vector<std::uint8_t> packet(Ipv4Header::kSize + frame.payload.size());
  frame.ip->emit(packet);
  copy_bytes(as_bytes(frame.payload), MutableBytes(packet).subspan(Ipv4Header::kSize));
  return packet;
}

// What a kPartial frame must hold: the folded sum of the pseudo-header.
std::uint16_t pseudo_header_sum(const SeenFrame& frame, std::size_t size) {
  ChecksumSum sum;
  sum.add_pseudo_header(frame.ip->source, frame.ip->destination,
                        static_cast<std::uint8_t>(frame.ip->protocol),
                        static_cast<std::uint32_t>(size));
  return sum.folded();
}

// see() verifies lengths and every checksum that is claimed to be whole.

TEST(Egress, ATcpSegmentIsWhole) {
  World world(kPlain);
  world.knowing_the_guest();
  const std::string first = varied_text(7);
  const std::string second = varied_text(1000);
  const std::array<Bytes, 2> pieces{as_bytes(first), as_bytes(second)};
  TcpOptions options;
  options.timestamps = TcpTimestamps{1, 2};
  world.send_tcp(pieces, 1460, options);
  const auto seen = world.seen();
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].ethernet.destination, kGuestMac);
  EXPECT_EQ(seen[0].ethernet.source, kGatewayMac);
  EXPECT_EQ(seen[0].offload.checksum, ChecksumState::kInPacket);
  EXPECT_EQ(seen[0].offload.segmentation, Segmentation::kNone);
  EXPECT_EQ(seen[0].ip->source, kServer);
  EXPECT_EQ(seen[0].ip->destination, kGuestAddress);
  EXPECT_TRUE(seen[0].ip->dont_fragment);
  EXPECT_EQ(seen[0].tcp->sequence, 0xfffffff0U);
  EXPECT_EQ(seen[0].tcp->acknowledgment, 17U);
  EXPECT_EQ(seen[0].tcp->window, 501);
  EXPECT_EQ(seen[0].tcp_options, options);
  EXPECT_EQ(seen[0].payload, first + second);
  EXPECT_EQ(world.counters.frames_out, 1U);
  EXPECT_EQ(world.counters.bytes_out, 14U + 20 + 20 + 12 + 1007);
}

TEST(Egress, ALinkThatSumsIsLeftTheChecksum) {
  World world(kChecksums);
  world.knowing_the_guest();
  const std::string text = varied_text(999);
  const std::array<Bytes, 1> pieces{as_bytes(text)};
  world.send_tcp(pieces);
  world.send_udp(text);
  const auto seen = world.seen();
  ASSERT_EQ(seen.size(), 2U);
  for (const SeenFrame& frame : seen) {
    EXPECT_EQ(frame.offload.checksum, ChecksumState::kPartial);
    EXPECT_EQ(frame.offload.checksum_start, EthernetHeader::kSize + Ipv4Header::kSize);
    EXPECT_EQ(frame.offload.segmentation, Segmentation::kNone);
  }
  EXPECT_EQ(seen[0].offload.checksum_offset, TcpHeader::kChecksumOffset);
  EXPECT_EQ(seen[0].tcp->checksum, pseudo_header_sum(seen[0], TcpHeader::kSize + 999));
  EXPECT_EQ(seen[1].offload.checksum_offset, UdpHeader::kChecksumOffset);
  EXPECT_EQ(seen[1].udp->checksum, pseudo_header_sum(seen[1], UdpHeader::kSize + 999));
}

TEST(Egress, ARunOfDatagramsIsOneFrameForALinkThatCutsIt) {
  World world({.checksum = true, .udp_segmentation = true});
  world.knowing_the_guest();
  const std::string text = varied_text(2500);
  const Bytes all = as_bytes(text);
  const std::array<Bytes, 3> run{all.first(1000), all.subspan(1000, 1000), all.subspan(2000)};
  world.send_udp(run);
  const auto seen = world.seen();
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].offload.segmentation, Segmentation::kUdp);
  EXPECT_EQ(seen[0].offload.segment_size, 1000U);
  EXPECT_EQ(seen[0].payload, text);
  EXPECT_EQ(seen[0].udp->length, UdpHeader::kSize + 2500);
  EXPECT_EQ(seen[0].udp->checksum, pseudo_header_sum(seen[0], UdpHeader::kSize + 2500));
}

TEST(Egress, ARunOfDatagramsIsAFrameEachForAnyOtherLink) {
  World world(kChecksums);
  world.knowing_the_guest();
  const std::string text = varied_text(25);
  const Bytes all = as_bytes(text);
  const std::array<Bytes, 3> run{all.first(10), all.subspan(10, 10), all.subspan(20)};
  world.send_udp(run);
  const auto seen = world.seen();
  ASSERT_EQ(seen.size(), 3U);
  for (const SeenFrame& frame : seen) EXPECT_EQ(frame.offload.segmentation, Segmentation::kNone);
  EXPECT_EQ(seen[0].payload + seen[1].payload + seen[2].payload, text);
  EXPECT_EQ(seen[2].payload.size(), 5U);
}

TEST(Egress, ARunOfDatagramsAboveTheMtuIsFragmentedOneByOne) {
  World world({.checksum = true, .udp_segmentation = true});
  world.knowing_the_guest();
  const std::string text = varied_text(4000);
  const Bytes all = as_bytes(text);
  const std::array<Bytes, 2> run{all.first(2000), all.subspan(2000)};
  world.send_udp(run);
  const auto seen = world.seen();
  ASSERT_EQ(seen.size(), 4U);
  EXPECT_TRUE(seen[0].ip->more_fragments);
  EXPECT_FALSE(seen[1].ip->more_fragments);
  EXPECT_EQ(seen[2].ip->fragment_offset, 0U);
}

TEST(Egress, ALinkThatCutsIsToldHow) {
  World world(kSegments);
  world.knowing_the_guest();
  // Of IPv6 there is room for its larger header.
  EXPECT_EQ(world.egress.tcp_payload_limit(kGuestAddress), 65535U - 40 - 60);
  const std::string text = varied_text(world.egress.tcp_payload_limit(kGuestAddress));
  const std::array<Bytes, 1> pieces{as_bytes(text)};
  TcpOptions options;
  options.timestamps = TcpTimestamps{1, 2};
  world.send_tcp(pieces, 1448, options);
  const auto seen = world.seen();
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].offload.segmentation, Segmentation::kTcp4);
  EXPECT_EQ(seen[0].offload.segment_size, 1448);
  EXPECT_EQ(seen[0].offload.header_size, 14 + 20 + 20 + 12);
  EXPECT_EQ(seen[0].offload.checksum, ChecksumState::kPartial);
  EXPECT_EQ(seen[0].payload, text);
}

TEST(Egress, OneSegmentIsNotToBeCut) {
  World world(kSegments);
  world.knowing_the_guest();
  const std::string text = varied_text(1460);
  const std::array<Bytes, 1> pieces{as_bytes(text)};
  world.send_tcp(pieces, 1460);
  const auto seen = world.seen();
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].offload.segmentation, Segmentation::kNone);
  EXPECT_EQ(seen[0].offload.segment_size, 0);
}

TEST(Egress, OnlyALinkThatSumsCanCut) {
  EXPECT_EQ(World(kPlain).egress.tcp_payload_limit(kGuestAddress), 0U);
  EXPECT_EQ(World(kChecksums).egress.tcp_payload_limit(kGuestAddress), 0U);
  EXPECT_EQ(World({.tcp4_segmentation = true}).egress.tcp_payload_limit(kGuestAddress), 0U);
}

TEST(Egress, TcpIsNeverFragmented) {
  World world(kPlain, 576);
  world.knowing_the_guest();
  const std::string text = varied_text(1000);
  const std::array<Bytes, 1> pieces{as_bytes(text)};
  world.send_tcp(pieces);
  const auto seen = world.seen();
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_TRUE(seen[0].ip->dont_fragment);
  EXPECT_FALSE(seen[0].ip->more_fragments);
  EXPECT_EQ(seen[0].payload, text);
}

TEST(Egress, ADatagramIsWhole) {
  World world(kPlain);
  world.knowing_the_guest();
  const std::string text = varied_text(777);
  world.send_udp(text);
  const auto seen = world.seen();
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].offload.checksum, ChecksumState::kInPacket);
  EXPECT_EQ(seen[0].ip->ttl, 61);
  EXPECT_EQ(seen[0].udp->source_port, 53);
  EXPECT_EQ(seen[0].udp->destination_port, 4000);
  EXPECT_NE(seen[0].udp->checksum, 0);
  EXPECT_EQ(seen[0].payload, text);
}

TEST(Egress, ADatagramMayBeEmpty) {
  World world(kPlain);
  world.knowing_the_guest();
  world.send_udp("");
  const auto seen = world.seen();
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].udp->length, UdpHeader::kSize);
}

TEST(Egress, AUdpChecksumOfZeroIsSentAsOnes) {
  // RFC 768: zero would say that there is none.
  World world(kPlain);
  world.knowing_the_guest();
  world.send_udp(std::string_view("\0\0", 2));
  const std::uint16_t checksum = world.seen().at(0).udp->checksum;
  std::array<std::uint8_t, 2> completing{};
  store_big(MutableBytes(completing), 0, checksum);
  world.send_udp(as_text(completing));
  EXPECT_EQ(world.seen().at(0).udp->checksum, 0xffff);
}

TEST(Egress, AnEchoReplyIsWhole) {
  for (const LinkCapabilities& capabilities : {kPlain, kChecksums}) {
    World world(capabilities);
    world.knowing_the_guest();
    world.send_echo_reply("ping");
    const auto seen = world.seen();
    ASSERT_EQ(seen.size(), 1U);
    EXPECT_EQ(seen[0].offload.checksum, ChecksumState::kInPacket) << "no link sums ICMP";
    EXPECT_EQ(seen[0].icmp->type, IcmpType::kEchoReply);
    EXPECT_EQ(seen[0].icmp->echo_identifier(), 9);
    EXPECT_EQ(seen[0].payload, "ping");
  }
}

TEST(Egress, ADatagramOfTheMtuIsNotFragmented) {
  World world(kPlain, 576);
  world.knowing_the_guest();
  world.send_udp(varied_text(576 - 28));
  EXPECT_EQ(world.seen().size(), 1U);
  world.send_udp(varied_text(576 - 27));
  EXPECT_EQ(world.seen().size(), 2U);
}

TEST(Egress, FragmentsCarryAWholeChecksum) {
  // A link can't complete a sum over what it has only a part of.
  World world(kChecksums, 576);
  world.knowing_the_guest();
  world.send_udp(varied_text(2000));
  const auto seen = world.seen();
  ASSERT_GT(seen.size(), 1U);
  for (const SeenFrame& frame : seen) {
    EXPECT_EQ(frame.offload.checksum, ChecksumState::kInPacket);
  }
}

TEST(Egress, EachPacketHasItsOwnIdentification) {
  World world(kPlain, 576);
  world.knowing_the_guest();
  world.send_udp(varied_text(1000));
  const auto first = world.seen();
  world.send_udp(varied_text(1000));
  const auto second = world.seen();
  ASSERT_EQ(first.size(), 2U);
  ASSERT_EQ(second.size(), 2U);
  EXPECT_EQ(first[0].ip->identification, first[1].ip->identification);
  EXPECT_EQ(second[0].ip->identification, second[1].ip->identification);
  EXPECT_NE(first[0].ip->identification, second[0].ip->identification);
}

RC_GTEST_PROP(Egress, FragmentsFitTheMtuAndMakeTheSamePacketAgain, ()) {
  const auto mtu = *rc::gen::inRange<std::uint16_t>(Network::kMinMtu, 9001);
  const auto size = *rc::gen::inRange<std::size_t>(0, 65508);
  const bool udp = *rc::gen::arbitrary<bool>();
  World world(*rc::gen::elementOf(std::vector<LinkCapabilities>{kPlain, kSegments}), mtu);
  world.knowing_the_guest();
  const std::string text = varied_text(size);
  if (udp) {
    world.send_udp(text);
  } else {
    world.send_echo_reply(text);
  }
  const auto seen = world.seen();
  RC_ASSERT(!seen.empty());
  if (seen.size() == 1) {
    RC_ASSERT(seen[0].payload == text);
    RC_ASSERT(seen[0].ip->total_length <= mtu);
    return;
  }
  // 64 KiB at an MTU of 68 are more fragments than a guest need take, but no fewer bytes.
  const ReassemblyLimits limits{.fragments = 2000};
  Reassembler reassembler(limits, world.counters, world.timers);
  for (std::size_t i = 0; i < seen.size(); ++i) {
    const bool last = i + 1 == seen.size();
    RC_ASSERT(seen[i].ip->total_length <= mtu);
    RC_ASSERT(last || seen[i].payload.size() % 8 == 0U);
    RC_ASSERT(seen[i].ip->more_fragments == !last);
    RC_ASSERT(!seen[i].ip->dont_fragment);
    const auto packet = packet_of(seen[i]);
    const auto view = Ipv4View::parse(packet);
    RC_ASSERT(view.has_value());
    const auto whole = reassembler.add(world.now, Fragment(*view));
    RC_ASSERT(whole.has_value() == last);
    if (!last) continue;
    std::vector<std::uint8_t> frame(EthernetHeader::kSize + whole->size());
    EthernetHeader{kGuestMac, kGatewayMac, EtherType::kIpv4}.emit(frame);
    copy_bytes(*whole, MutableBytes(frame).subspan(EthernetHeader::kSize));
    const SeenFrame again = see(frame, {});  // verifies the checksum over all of it
    RC_ASSERT(again.udp.has_value() == udp);
    RC_ASSERT(again.icmp.has_value() == !udp);
    RC_ASSERT(again.payload == text);
  }
}

TEST(Egress, WhatNoPacketHoldsIsRefused) {
  World world(kPlain);
  world.knowing_the_guest();
  world.send_udp(varied_text(65507));
  EXPECT_FALSE(world.seen().empty());
  world.send_udp(varied_text(65508));
  world.send_echo_reply(varied_text(65508));
  EXPECT_TRUE(world.seen().empty());
  EXPECT_EQ(world.counters.dropped(Drop::kMalformed), 2U);
}

TEST(Egress, AnUnknownGuestIsAskedForOnce) {
  World world(kPlain);
  world.send_udp("one");
  world.send_udp("two");
  const auto seen = world.seen();
  ASSERT_EQ(seen.size(), 1U);
  ASSERT_TRUE(seen[0].arp);
  EXPECT_EQ(seen[0].ethernet.destination, MacAddress::broadcast());
  EXPECT_EQ(seen[0].ethernet.source, kGatewayMac);
  EXPECT_EQ(seen[0].arp->operation, ArpMessage::Operation::kRequest);
  EXPECT_EQ(seen[0].arp->sender, world.network.v4.host);
  EXPECT_EQ(seen[0].arp->sender_mac, kGatewayMac);
  EXPECT_EQ(seen[0].arp->target, kGuestAddress);
  EXPECT_EQ(world.counters.frames_out, 1U) << "what waits is not out";
}

TEST(Egress, WhatWaitedGoesOutInOrderOnceTheGuestIsKnown) {
  World world(kSegments);
  std::string text = varied_text(5000);
  const std::array<Bytes, 1> pieces{as_bytes(text)};
  world.send_udp("one");
  world.send_tcp(pieces, 1000);
  world.send_udp("other", IpAddress::v4(10, 0, 2, 16));
  world.send_udp("two");
  EXPECT_EQ(world.seen().size(), 2U) << "two guests are asked for";
  std::fill(text.begin(), text.end(), 'x');  // the payload was the caller's only until the flush
  world.knowing_the_guest();
  const auto seen = world.seen();
  ASSERT_EQ(seen.size(), 3U);
  EXPECT_EQ(seen[0].payload, "one");
  EXPECT_EQ(seen[1].payload, varied_text(5000));
  EXPECT_EQ(seen[1].offload.segmentation, Segmentation::kTcp4);
  EXPECT_EQ(seen[2].payload, "two");
  for (const SeenFrame& frame : seen) EXPECT_EQ(frame.ethernet.destination, kGuestMac);
  world.egress.learn(IpAddress::v4(10, 0, 2, 16), kOtherMac);
  const auto other = world.seen();
  ASSERT_EQ(other.size(), 1U);
  EXPECT_EQ(other[0].ethernet.destination, kOtherMac);
  EXPECT_EQ(other[0].payload, "other");
  EXPECT_EQ(world.counters.frames_out, 6U);
  world.pass(seconds(5));
  EXPECT_EQ(world.counters.dropped(Drop::kUnresolved), 0U);
}

TEST(Egress, WhatWaitsForASecondIsDropped) {
  World world(kPlain);
  world.send_udp("one");
  world.pass(milliseconds(600));
  world.send_udp("two");
  world.pass(milliseconds(395));
  EXPECT_EQ(world.counters.dropped(Drop::kUnresolved), 0U);
  world.pass(milliseconds(10));
  EXPECT_EQ(world.counters.dropped(Drop::kUnresolved), 1U);
  world.seen();
  world.knowing_the_guest();
  const auto seen = world.seen();
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].payload, "two");
  world.pass(seconds(2));
  EXPECT_EQ(world.counters.dropped(Drop::kUnresolved), 1U);
}

TEST(Egress, AGuestThatDidNotAnswerIsAskedForAgain) {
  World world(kPlain);
  world.send_udp("one");
  EXPECT_EQ(world.seen().size(), 1U);
  world.pass(seconds(2));
  EXPECT_EQ(world.counters.dropped(Drop::kUnresolved), 1U);
  EXPECT_TRUE(world.seen().empty());
  EXPECT_EQ(world.timers.deadline(), std::nullopt);
  world.send_udp("two");
  EXPECT_TRUE(world.seen().at(0).arp);
}

TEST(Egress, FewPacketsWait) {
  World world(kPlain);
  for (int i = 0; i < 20; ++i) world.send_udp("packet");
  EXPECT_EQ(world.counters.dropped(Drop::kUnresolved), 4U);
  EXPECT_EQ(world.seen().size(), 1U);
  world.knowing_the_guest();
  EXPECT_EQ(world.seen().size(), 16U);
}

TEST(Egress, BroadcastsGoToAll) {
  World world(kPlain);
  world.send_udp("limited", IpAddress::v4(255, 255, 255, 255));
  world.send_udp("directed", IpAddress::v4(10, 0, 2, 255));
  const auto seen = world.seen();
  ASSERT_EQ(seen.size(), 2U);
  for (const SeenFrame& frame : seen) {
    EXPECT_EQ(frame.ethernet.destination, MacAddress::broadcast());
  }
}

TEST(Egress, ALinkAddressThatIsGivenNeedsNoAnswer) {
  // As a DHCP server answers a client that has no address yet (RFC 2131, section 4.1).
  World world(kPlain, 576);
  world.egress.send_udp(world.now, {world.network.v4.host, 67}, {kGuestAddress, 68}, 64,
                        as_bytes("lease"), kOtherMac);
  auto seen = world.seen();
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].ethernet.destination, kOtherMac);
  EXPECT_EQ(seen[0].payload, "lease");

  world.knowing_the_guest();
  const std::string text = varied_text(1000);
  world.egress.send_udp(world.now, {world.network.v4.host, 67}, {kGuestAddress, 68}, 64,
                        as_bytes(text), kOtherMac);
  seen = world.seen();
  ASSERT_EQ(seen.size(), 2U);
  for (const SeenFrame& frame : seen) EXPECT_EQ(frame.ethernet.destination, kOtherMac);
}

TEST(Egress, OurAddressesHaveLinkAddressesOfTheirOwn) {
  World world(kPlain);
  world.knowing_the_guest();
  world.egress.send_udp(world.now, {world.network.v4.dns, 53}, {kGuestAddress, 4000}, 64,
                        as_bytes("answer"));
  EXPECT_EQ(world.seen().at(0).ethernet.source, Network::mac_of(world.network.v4.dns));
}

TEST(Egress, AnArpReplySpeaksForTheAddressAskedFor) {
  World world(kPlain);
  world.egress.send_arp_reply(world.network.v4.dns, kGuestAddress, kGuestMac);
  const auto seen = world.seen();
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].ethernet.destination, kGuestMac);
  EXPECT_EQ(seen[0].ethernet.source, Network::mac_of(world.network.v4.dns));
  EXPECT_EQ(seen[0].arp,
            (ArpMessage{ArpMessage::Operation::kReply, Network::mac_of(world.network.v4.dns),
                        world.network.v4.dns, kGuestMac, kGuestAddress}));
}

TEST(Egress, AGuestThatMovesIsFollowed) {
  World world(kPlain);
  world.knowing_the_guest();
  world.egress.learn(kGuestAddress, kOtherMac);
  world.send_udp("text");
  EXPECT_EQ(world.seen().at(0).ethernet.destination, kOtherMac);
}

}  // namespace
}  // namespace sluice
