#include "stack/wire/ipv4.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <vector>

#include "stack/checksum.h"

namespace sluice {
namespace {

using Error = Ipv4View::Error;

// A header whose checksum was computed by hand.
constexpr std::array<std::uint8_t, 20> kHeader = {0x45, 0x00, 0x00, 0x14, 0x00, 0x00, 0x40,
                                                  0x00, 0x40, 0x11, 0xb8, 0xc0, 0xc0, 0xa8,
                                                  0x00, 0x01, 0xc0, 0xa8, 0x00, 0xc7};

std::vector<std::uint8_t> with_checksum(std::vector<std::uint8_t> packet) {
  const std::size_t header_size = std::min(std::size_t{packet.at(0) & 15U} * 4, packet.size());
  store_big(MutableBytes(packet), 10, std::uint16_t{0});
  store_big(MutableBytes(packet), 10, internet_checksum(Bytes(packet).first(header_size)));
  return packet;
}

std::optional<Error> error_of(Bytes packet) {
  Error error{};
  if (Ipv4View::parse(packet, &error)) return std::nullopt;
  return error;
}

Ipv4Header any_header(std::size_t payload_size) {
  Ipv4Header header;
  header.tos = *rc::gen::arbitrary<std::uint8_t>();
  header.total_length = static_cast<std::uint16_t>(Ipv4Header::kSize + payload_size);
  header.identification = *rc::gen::arbitrary<std::uint16_t>();
  header.dont_fragment = *rc::gen::arbitrary<bool>();
  header.more_fragments = *rc::gen::arbitrary<bool>();
  header.fragment_offset = static_cast<std::uint16_t>(*rc::gen::inRange(0, 8192) * 8);
  header.ttl = *rc::gen::arbitrary<std::uint8_t>();
  header.protocol = static_cast<IpProtocol>(*rc::gen::arbitrary<std::uint8_t>());
  header.source = IpAddress::v4(*rc::gen::arbitrary<std::uint32_t>());
  header.destination = IpAddress::v4(*rc::gen::arbitrary<std::uint32_t>());
  return header;
}

TEST(Ipv4, HeaderIsReadFieldByField) {
  const auto packet =
      with_checksum({0x45, 0xb8, 0x00, 0x18, 0x12, 0x34, 0x60, 0x03, 0x3f, 0x06, 0,   0,
                     10,   0,    2,    15,   10,   0,    2,    2,    'a',  'b',  'c', 'd'});
  const auto view = Ipv4View::parse(packet);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->header(), (Ipv4Header{.tos = 0xb8,
                                        .total_length = 24,
                                        .identification = 0x1234,
                                        .dont_fragment = true,
                                        .more_fragments = true,
                                        .fragment_offset = 24,
                                        .ttl = 63,
                                        .protocol = IpProtocol::kTcp,
                                        .source = IpAddress::v4(10, 0, 2, 15),
                                        .destination = IpAddress::v4(10, 0, 2, 2)}));
  EXPECT_TRUE(view->is_fragment());
  EXPECT_EQ(as_text(view->payload()), "abcd");
}

TEST(Ipv4, EmitWritesTheHeaderWithItsChecksum) {
  std::array<std::uint8_t, Ipv4Header::kSize> bytes{};
  Ipv4Header{.total_length = 20,
             .dont_fragment = true,
             .protocol = IpProtocol::kUdp,
             .source = IpAddress::v4(192, 168, 0, 1),
             .destination = IpAddress::v4(192, 168, 0, 199)}
      .emit(bytes);
  EXPECT_EQ(bytes, kHeader);
}

TEST(Ipv4, OnlyOffsetAndMoreFragmentsMakeAFragment) {
  const auto is_fragment = [](std::uint8_t flags, std::uint8_t offset) {
    std::vector<std::uint8_t> packet(kHeader.begin(), kHeader.end());
    packet[6] = flags;
    packet[7] = offset;
    const auto fixed = with_checksum(packet);
    return Ipv4View::parse(fixed)->is_fragment();
  };
  EXPECT_FALSE(is_fragment(0x00, 0));
  EXPECT_FALSE(is_fragment(0x40, 0));
  EXPECT_FALSE(is_fragment(0x80, 0));
  EXPECT_TRUE(is_fragment(0x20, 0));
  EXPECT_TRUE(is_fragment(0x00, 1));
  EXPECT_TRUE(is_fragment(0x10, 0));
}

TEST(Ipv4, OptionsAreSkippedAndPaddingIsCutOff) {
  const auto packet = with_checksum({0x46, 0, 0, 26, 0, 0, 0, 0, 64, 17, 0,    0,    1,    2,
                                     3,    4, 5, 6,  7, 8, 1, 1, 1,  0,  0xaa, 0xbb, 0xee, 0xee});
  const auto view = Ipv4View::parse(packet);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->header_size(), 24);
  EXPECT_EQ(view->options().size(), 4);
  EXPECT_EQ(view->options()[0], 1);
  EXPECT_EQ(view->payload().size(), 2);
  EXPECT_EQ(view->payload()[1], 0xbb);
  EXPECT_EQ(view->packet().size(), 26);
}

TEST(Ipv4, WrongPacketsSayWhatIsWrong) {
  const std::vector<std::uint8_t> good(kHeader.begin(), kHeader.end());
  EXPECT_EQ(error_of(good), std::nullopt);
  EXPECT_EQ(error_of({}), Error::kTruncated);
  EXPECT_EQ(error_of(Bytes(good).first(19)), Error::kTruncated);
  const auto changed = [&good](std::size_t at, std::uint8_t value) {
    auto packet = good;
    packet.at(at) = value;
    return packet;
  };
  EXPECT_EQ(error_of(with_checksum(changed(0, 0x65))), Error::kMalformed);  // version 6
  EXPECT_EQ(error_of(with_checksum(changed(0, 0x44))), Error::kMalformed);  // 16 bytes of header
  EXPECT_EQ(error_of(with_checksum(changed(0, 0x40))), Error::kMalformed);
  EXPECT_EQ(error_of(with_checksum(changed(0, 0x46))), Error::kMalformed);  // header past the end
  EXPECT_EQ(error_of(with_checksum(changed(3, 19))), Error::kMalformed);
  EXPECT_EQ(error_of(with_checksum(changed(3, 0))), Error::kMalformed);
  EXPECT_EQ(error_of(with_checksum(changed(3, 21))), Error::kTruncated);
  EXPECT_EQ(error_of(changed(8, 63)), Error::kBadChecksum);
  EXPECT_FALSE(Ipv4View::parse(changed(8, 63)));
}

RC_GTEST_PROP(Ipv4, ParseGivesWhatEmitWrote, (const std::vector<std::uint8_t>& payload)) {
  const Ipv4Header header = any_header(payload.size());
  std::vector<std::uint8_t> packet(Ipv4Header::kSize);
  header.emit(packet);
  packet.insert(packet.end(), payload.begin(), payload.end());
  packet.resize(packet.size() + *rc::gen::inRange<std::size_t>(0, 20));
  const auto view = Ipv4View::parse(packet);
  RC_ASSERT(view.has_value());
  RC_ASSERT(view->header() == header);
  RC_ASSERT(view->is_fragment() == (header.more_fragments || header.fragment_offset != 0));
  RC_ASSERT(std::vector<std::uint8_t>(view->payload().begin(), view->payload().end()) == payload);
}

RC_GTEST_PROP(Ipv4, AnyBytesWithAGoodChecksumAreReadOrRefused, ()) {
  auto packet = *rc::gen::container<std::vector<std::uint8_t>>(
      *rc::gen::inRange<std::size_t>(20, 80), rc::gen::arbitrary<std::uint8_t>());
  packet[0] = static_cast<std::uint8_t>(0x40 | *rc::gen::inRange(0, 16));
  store_big(MutableBytes(packet), 2, static_cast<std::uint16_t>(*rc::gen::inRange(0, 90)));
  packet = with_checksum(packet);
  const auto view = Ipv4View::parse(packet);
  if (!view) return;
  RC_ASSERT(view->header_size() + view->payload().size() == view->packet().size());
  RC_ASSERT(view->options().size() + Ipv4Header::kSize == view->header_size());
  std::vector<std::uint8_t> again(view->packet().begin(), view->packet().end());
  Ipv4Header header = view->header();
  header.total_length = static_cast<std::uint16_t>(again.size());
  header.emit(again);
  const auto reread = Ipv4View::parse(again);
  RC_ASSERT(reread.has_value());
  RC_ASSERT(reread->header() == view->header());
}

}  // namespace
}  // namespace sluice
