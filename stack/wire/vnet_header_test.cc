#include "stack/wire/vnet_header.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <vector>

namespace sluice {
namespace {

using Header = std::array<std::uint8_t, kVnetHeaderSize>;

constexpr std::uint16_t kTransport = 34;  // behind Ethernet and an IPv4 header without options
constexpr std::uint8_t kNeedsCsum = 1;
constexpr std::uint8_t kDataValid = 2;

// An Ethernet frame with `payload` bytes behind a TCP header of 32 bytes; only what the parser
// looks at is filled in.
std::vector<std::uint8_t> tcp_frame(std::size_t payload) {
  std::vector<std::uint8_t> frame(kTransport + 32 + payload);
  frame[kTransport + 12] = 8 << 4;
  return frame;
}

Header header_of(std::uint8_t flags, std::uint8_t gso, std::uint16_t hdr_len,
                 std::uint16_t gso_size, std::uint16_t start, std::uint16_t offset) {
  const auto low = [](std::uint16_t value) { return static_cast<std::uint8_t>(value); };
  const auto high = [](std::uint16_t value) { return static_cast<std::uint8_t>(value >> 8); };
  return {flags,          gso,        low(hdr_len), high(hdr_len), low(gso_size),
          high(gso_size), low(start), high(start),  low(offset),   high(offset)};
}

TEST(VnetHeader, AllZeroesLeaveThePacketAsItIs) {
  const std::vector<std::uint8_t> frame(60);
  const auto offload = parse_vnet_header(Header{}, frame);
  ASSERT_TRUE(offload);
  EXPECT_EQ(offload->checksum, ChecksumState::kInPacket);
  EXPECT_EQ(offload->segmentation, Segmentation::kNone);
}

TEST(VnetHeader, NeedsCsumIsAPartialChecksumAtTheGivenPlace) {
  const std::vector<std::uint8_t> frame(60);
  const auto offload = parse_vnet_header(header_of(kNeedsCsum, 0, 0, 0, kTransport, 6), frame);
  ASSERT_TRUE(offload);
  EXPECT_EQ(offload->checksum, ChecksumState::kPartial);
  EXPECT_EQ(offload->checksum_start, kTransport);
  EXPECT_EQ(offload->checksum_offset, 6);
}

TEST(VnetHeader, DataValidIsAVerifiedChecksum) {
  const std::vector<std::uint8_t> frame(60);
  const auto offload = parse_vnet_header(header_of(kDataValid, 0, 0, 0, 0, 0), frame);
  ASSERT_TRUE(offload);
  EXPECT_EQ(offload->checksum, ChecksumState::kVerified);
}

TEST(VnetHeader, TheHeadersOfASegmentedFrameAreMeasuredInTheFrame) {
  const auto frame = tcp_frame(5000);
  // A kernel reports what it keeps in one piece, here with some of the payload.
  const auto offload =
      parse_vnet_header(header_of(kNeedsCsum, 1, 1000, 1448, kTransport, 16), frame);
  ASSERT_TRUE(offload);
  EXPECT_EQ(offload->segmentation, Segmentation::kTcp4);
  EXPECT_EQ(offload->segment_size, 1448);
  EXPECT_EQ(offload->header_size, kTransport + 32);
}

TEST(VnetHeader, EachKnownKindOfSegmentationIsUnderstood) {
  const auto frame = tcp_frame(5000);
  const auto kind = [&](std::uint8_t gso, std::uint16_t offset) {
    const auto offload =
        parse_vnet_header(header_of(kNeedsCsum, gso, 66, 1448, kTransport, offset), frame);
    return offload ? offload->segmentation : Segmentation::kNone;
  };
  EXPECT_EQ(kind(1, 16), Segmentation::kTcp4);
  EXPECT_EQ(kind(1 | 0x80, 16), Segmentation::kTcp4) << "CWR is set";
  EXPECT_EQ(kind(4, 16), Segmentation::kTcp6);
  EXPECT_EQ(kind(4 | 0x80, 16), Segmentation::kTcp6);
  EXPECT_EQ(kind(5, 6), Segmentation::kUdp);
}

TEST(VnetHeader, UnknownValuesAreRefused) {
  const auto frame = tcp_frame(5000);
  const auto accepted = [&](std::uint8_t flags, std::uint8_t gso) {
    return parse_vnet_header(header_of(flags, gso, 66, 1448, kTransport, 16), frame).has_value();
  };
  ASSERT_TRUE(accepted(kNeedsCsum, 1));
  EXPECT_FALSE(accepted(kNeedsCsum | 4, 1)) << "a flag of other devices";
  EXPECT_FALSE(accepted(kNeedsCsum, 2));
  EXPECT_FALSE(accepted(kNeedsCsum, 3)) << "UDP fragmentation, which is never offered";
  EXPECT_FALSE(accepted(kNeedsCsum, 5 | 0x80)) << "UDP has no CWR";
  EXPECT_FALSE(accepted(kNeedsCsum, 0x80));
}

TEST(VnetHeader, WhatContradictsTheFrameIsRefused) {
  const auto frame = tcp_frame(100);
  const auto size = static_cast<std::uint16_t>(frame.size());
  const auto accepted = [&](const Header& header) {
    return parse_vnet_header(header, frame).has_value();
  };
  EXPECT_TRUE(accepted(header_of(kNeedsCsum, 0, 0, 0, size - 18, 16)));
  EXPECT_FALSE(accepted(header_of(kNeedsCsum, 0, 0, 0, size - 17, 16))) << "field past the end";
  EXPECT_FALSE(accepted(header_of(kNeedsCsum, 0, 0, 0, 0xffff, 0xffff)));
  EXPECT_FALSE(accepted(header_of(kNeedsCsum, 0, 0, 0, 13, 16))) << "inside the Ethernet header";
  EXPECT_FALSE(accepted(header_of(kNeedsCsum, 1, size + 1, 50, kTransport, 16)));
  EXPECT_FALSE(accepted(header_of(kNeedsCsum, 1, 66, 0, kTransport, 16))) << "no segment size";
  EXPECT_FALSE(accepted(header_of(0, 1, 66, 50, kTransport, 16))) << "no checksum to complete";
  EXPECT_FALSE(accepted(header_of(kDataValid, 1, 66, 50, kTransport, 16)));
  EXPECT_FALSE(accepted(header_of(kNeedsCsum, 1, 66, 50, kTransport, 6))) << "not TCP's field";
  EXPECT_FALSE(accepted(header_of(kNeedsCsum, 5, 66, 50, kTransport, 16))) << "not UDP's field";
}

TEST(VnetHeader, ASegmentedFrameNeedsAWholeTransportHeader) {
  auto frame = tcp_frame(0);
  const Header header = header_of(kNeedsCsum, 1, 0, 50, kTransport, 16);
  EXPECT_TRUE(parse_vnet_header(header, frame));
  frame[kTransport + 12] = 9 << 4;
  EXPECT_FALSE(parse_vnet_header(header, frame)) << "options past the end";
  frame[kTransport + 12] = 4 << 4;
  EXPECT_FALSE(parse_vnet_header(header, frame)) << "less than a TCP header";
  frame.resize(kTransport + 19);
  EXPECT_FALSE(parse_vnet_header(header, frame));
}

RC_GTEST_PROP(VnetHeader, WhatIsEmittedIsParsedBack, ()) {
  const auto frame = tcp_frame(*rc::gen::inRange<std::size_t>(0, 3000));
  Offload sent;
  sent.segmentation = *rc::gen::element(Segmentation::kNone, Segmentation::kTcp4,
                                        Segmentation::kTcp6, Segmentation::kUdp);
  if (sent.segmentation != Segmentation::kNone) {
    const bool udp = sent.segmentation == Segmentation::kUdp;
    sent.checksum = ChecksumState::kPartial;
    sent.checksum_start = kTransport;
    sent.checksum_offset = udp ? 6 : 16;
    sent.segment_size = *rc::gen::inRange<std::uint16_t>(1, 0xffff);
    sent.header_size = kTransport + (udp ? 8 : 32);
  } else {
    sent.checksum = *rc::gen::element(ChecksumState::kInPacket, ChecksumState::kVerified,
                                      ChecksumState::kPartial);
    if (sent.checksum == ChecksumState::kPartial) {
      sent.checksum_start = *rc::gen::inRange<std::uint16_t>(14, kTransport);
      sent.checksum_offset = *rc::gen::inRange<std::uint16_t>(0, 30);
    }
  }
  Header header{};
  emit_vnet_header(sent, frame.size(), header);
  const auto got = parse_vnet_header(header, frame);
  RC_ASSERT(got.has_value());
  RC_ASSERT(got->checksum == sent.checksum);
  RC_ASSERT(got->segmentation == sent.segmentation);
  RC_ASSERT(got->checksum_start == sent.checksum_start);
  RC_ASSERT(got->checksum_offset == sent.checksum_offset);
  RC_ASSERT(got->segment_size == sent.segment_size);
  RC_ASSERT(got->header_size == sent.header_size);
}

RC_GTEST_PROP(VnetHeader, WhateverIsAcceptedLiesWithinTheFrame,
              (const std::vector<std::uint8_t>& frame)) {
  const auto header = *rc::gen::container<Header>(rc::gen::arbitrary<std::uint8_t>());
  const auto offload = parse_vnet_header(header, frame);
  if (!offload) return;
  if (offload->checksum == ChecksumState::kPartial) {
    RC_ASSERT(offload->checksum_start + offload->checksum_offset + 2U <= frame.size());
  }
  RC_ASSERT(offload->header_size <= frame.size());
  RC_ASSERT((offload->segment_size > 0) == (offload->segmentation != Segmentation::kNone));
}

}  // namespace
}  // namespace sluice
