#include "devices/nic/ip_layout.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "stack/checksum.h"
#include "tests/sim/guest_frames.h"

namespace sluice {
namespace {

constexpr IpAddress kServer = IpAddress::v4(203, 0, 113, 5);

Octets segment_of(const IpAddress& from, const IpAddress& to) {
  return tcp_frame(from, to, {.source_port = 1, .destination_port = 2}, {}, as_bytes("abc"));
}

TEST(IpLayout, FindsWhatIsInAFrameOfEitherFamily) {
  for (const bool v4 : {true, false}) {
    const Octets frame =
        v4 ? segment_of(kGuestAddress, kServer) : segment_of(kGuestAddress6, kHost6);
    const auto layout = IpLayout::find(frame, frame.size());
    ASSERT_TRUE(layout);
    EXPECT_EQ(layout->v4, v4);
    EXPECT_EQ(layout->ip, 14U);
    EXPECT_EQ(layout->transport, v4 ? 34U : 54U);
    EXPECT_EQ(layout->end, frame.size());
    EXPECT_EQ(layout->protocol, IpProtocol::kTcp);
    EXPECT_EQ(layout->checksum_offset(), 16U);
  }
}

TEST(IpLayout, KnowsPaddingAndMissingBytes) {
  Octets frame = segment_of(kGuestAddress, kServer);
  const std::size_t size = frame.size();
  EXPECT_FALSE(IpLayout::find(frame, size - 1));
  frame.resize(size + 9);
  ASSERT_TRUE(IpLayout::find(frame, frame.size()));
  EXPECT_EQ(IpLayout::find(frame, frame.size())->end, size);
}

TEST(IpLayout, HasNoChecksumInAFragmentOrAnotherProtocol) {
  const Octets bytes(64);
  const auto layout_of = [](const Octets& frame) { return IpLayout::find(frame, frame.size()); };
  const Ipv4Header whole{
      .protocol = IpProtocol::kUdp, .source = kGuestAddress, .destination = kServer};
  Ipv4Header fragment = whole;
  fragment.more_fragments = true;
  Ipv4Header other = whole;
  other.protocol = IpProtocol::kIcmp;
  EXPECT_EQ(layout_of(ip_frame(whole, bytes))->checksum_offset(), 6U);
  EXPECT_FALSE(layout_of(ip_frame(fragment, bytes))->checksum_offset());
  EXPECT_FALSE(layout_of(ip_frame(other, bytes))->checksum_offset());
  EXPECT_FALSE(layout_of(ip_frame(whole, Bytes(bytes).first(7)))->checksum_offset());
}

TEST(IpLayout, GivesTheSumOfThePseudoHeader) {
  for (const bool v4 : {true, false}) {
    const Octets frame =
        v4 ? segment_of(kGuestAddress, kServer) : segment_of(kGuestAddress6, kHost6);
    const auto layout = IpLayout::find(frame, frame.size());
    ASSERT_TRUE(layout);
    const Bytes segment = Bytes(frame).subspan(layout->transport);
    ChecksumSum sum;
    sum.add16(pseudo_header_sum(frame, *layout, segment.size()));
    sum.add(segment);
    EXPECT_EQ(sum.checksum(), 0);
  }
}

RC_GTEST_PROP(IpLayout, StaysWithinAnyFrame, ()) {
  Octets frame = *rc::gen::arbitrary<bool>() ? segment_of(kGuestAddress, kServer)
                                             : segment_of(kGuestAddress6, kHost6);
  for (int i = 0; i < 3; ++i) {
    frame.at(*rc::gen::inRange<std::size_t>(12, frame.size())) =
        *rc::gen::arbitrary<std::uint8_t>();
  }
  frame.resize(*rc::gen::inRange<std::size_t>(0, frame.size() + 1));
  if (const auto layout = IpLayout::find(frame, frame.size())) {
    RC_ASSERT(layout->transport <= layout->end && layout->end <= frame.size());
    if (const auto at = layout->checksum_offset()) {
      RC_ASSERT(layout->transport + *at + 2 <= layout->end);
    }
    pseudo_header_sum(frame, *layout, layout->end - layout->transport);
  }
}

}  // namespace
}  // namespace sluice
