#include "stack/wire/udp.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <vector>

namespace sluice {
namespace {

std::vector<std::uint8_t> datagram(std::uint16_t length, std::size_t size) {
  std::vector<std::uint8_t> bytes(size);
  UdpHeader{68, 67, length, 0x1234}.emit(bytes);
  return bytes;
}

TEST(Udp, HeaderLiesAsRfc768Says) {
  std::array<std::uint8_t, 8> bytes{};
  UdpHeader{0x0102, 0x0304, 0x0506, 0x0708}.emit(bytes);
  EXPECT_EQ(bytes, (std::array<std::uint8_t, 8>{1, 2, 3, 4, 5, 6, 7, 8}));
}

TEST(Udp, LengthMustFitTheBytesThereAre) {
  EXPECT_FALSE(UdpView::parse({}));
  EXPECT_FALSE(UdpView::parse(Bytes(datagram(8, 8)).first(7)));
  EXPECT_FALSE(UdpView::parse(datagram(0, 20)));
  EXPECT_FALSE(UdpView::parse(datagram(7, 20)));
  EXPECT_FALSE(UdpView::parse(datagram(21, 20)));
  EXPECT_TRUE(UdpView::parse(datagram(8, 8)));
  EXPECT_TRUE(UdpView::parse(datagram(20, 20)));
}

TEST(Udp, BytesBehindTheLengthAreIgnored) {
  const auto bytes = datagram(10, 20);
  const auto view = UdpView::parse(bytes);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->payload().size(), 2);
  EXPECT_EQ(view->datagram().size(), 10);
}

RC_GTEST_PROP(Udp, ParseGivesWhatEmitWrote,
              (std::uint16_t source, std::uint16_t destination, std::uint16_t checksum,
               const std::vector<std::uint8_t>& payload)) {
  const UdpHeader header{source, destination,
                         static_cast<std::uint16_t>(UdpHeader::kSize + payload.size()), checksum};
  std::vector<std::uint8_t> bytes(UdpHeader::kSize);
  header.emit(bytes);
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  const auto view = UdpView::parse(bytes);
  RC_ASSERT(view.has_value());
  RC_ASSERT(view->header() == header);
  RC_ASSERT(std::vector<std::uint8_t>(view->payload().begin(), view->payload().end()) == payload);
  RC_ASSERT(load_big<std::uint16_t>(bytes, UdpHeader::kChecksumOffset) == checksum);
}

}  // namespace
}  // namespace sluice
