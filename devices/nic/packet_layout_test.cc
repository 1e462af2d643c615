#include "devices/nic/packet_layout.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/sim/guest_frames.h"
#include "tests/sim/octets.h"

namespace sluice {
namespace {

constexpr std::size_t kLink = 14;
constexpr IpAddress kServer = IpAddress::v4(203, 0, 113, 5);

// The sum of the pseudo-header and what it is of.
std::uint16_t checksum_of(const PacketLayout& layout, Bytes frame) {
  ChecksumSum sum = layout.pseudo_header(frame);
  sum.add(frame.subspan(layout.transport, layout.end - layout.transport));
  return sum.checksum();
}

TEST(PacketLayout, FindsTheTransportOfBothFamilies) {
  for (const bool v4 : {true, false}) {
    const Octets udp =
        udp_frame({v4 ? kGuestAddress : kGuestAddress6, 1}, {v4 ? kServer : kHost6, 2}, "three");
    const PacketLayout layout = PacketLayout::of(udp, kLink);
    EXPECT_EQ(layout.network, v4 ? PacketLayout::Network::kIpv4 : PacketLayout::Network::kIpv6);
    EXPECT_EQ(layout.transport, v4 ? 34U : 54U);
    EXPECT_EQ(layout.end, layout.transport + 13);
    EXPECT_EQ(layout.checksum_offset(), 6U);
    EXPECT_TRUE(layout.has_checksum(udp.size()));
    EXPECT_FALSE(layout.has_checksum(layout.end - 1));
    EXPECT_EQ(checksum_of(layout, udp), 0);

    const Octets tcp = tcp_frame(v4 ? kGuestAddress : kGuestAddress6, v4 ? kServer : kHost6, {}, {},
                                 as_bytes("some text"));
    EXPECT_EQ(PacketLayout::of(tcp, kLink).checksum_offset(), 16U);
    EXPECT_EQ(checksum_of(PacketLayout::of(tcp, kLink), tcp), 0);
  }
}

TEST(PacketLayout, APieceHasNoTransport) {
  for (const bool first : {true, false}) {
    const Octets frame = ip_frame({.more_fragments = first,
                                   .fragment_offset = static_cast<std::uint16_t>(first ? 0 : 64),
                                   .protocol = IpProtocol::kUdp,
                                   .source = kGuestAddress,
                                   .destination = kServer},
                                  as_bytes("some text of a datagram"));
    const PacketLayout layout = PacketLayout::of(frame, kLink);
    EXPECT_EQ(layout.network, PacketLayout::Network::kIpv4);
    EXPECT_EQ(layout.transport, 0U);
    EXPECT_FALSE(layout.has_checksum(frame.size()));
  }
}

TEST(PacketLayout, WhatIsNotIpHasNone) {
  Octets frame = udp_frame({kGuestAddress, 1}, {kServer, 2}, "three");
  frame[14] = 0x65;
  EXPECT_EQ(PacketLayout::of(frame, kLink).network, PacketLayout::Network::kNone);
  frame[13] = 6;
  EXPECT_EQ(PacketLayout::of(frame, kLink).network, PacketLayout::Network::kNone);
  EXPECT_EQ(PacketLayout::of({}, kLink).network, PacketLayout::Network::kNone);
}

RC_GTEST_PROP(PacketLayout, LooksAtAnyBytes, (Octets frame)) {
  const bool v4 = *rc::gen::arbitrary<bool>();
  if (frame.size() > kLink) {
    store_big<std::uint16_t>(frame, kLink - 2, v4 ? 0x0800 : 0x86dd);
    frame[kLink] = v4 ? 0x45 : 0x60;
  }
  const PacketLayout layout = PacketLayout::of(frame, kLink);
  if (layout.has_checksum(frame.size())) checksum_of(layout, frame);
}

}  // namespace
}  // namespace sluice
