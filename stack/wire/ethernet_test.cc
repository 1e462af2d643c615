#include "stack/wire/ethernet.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <vector>

namespace sluice {
namespace {

TEST(Ethernet, HeaderLiesAsIeee8023Says) {
  const EthernetHeader header{MacAddress::broadcast(),
                              MacAddress({0x52, 0x54, 0, 0x12, 0x34, 0x56}), EtherType::kArp};
  std::array<std::uint8_t, EthernetHeader::kSize> bytes{};
  header.emit(bytes);
  EXPECT_EQ(bytes, (std::array<std::uint8_t, 14>{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x52, 0x54, 0,
                                                 0x12, 0x34, 0x56, 0x08, 0x06}));
}

TEST(Ethernet, FrameWithoutAWholeHeaderIsRefused) {
  const std::array<std::uint8_t, 14> bytes{};
  EXPECT_FALSE(EthernetView::parse({}));
  EXPECT_FALSE(EthernetView::parse(Bytes(bytes).first(13)));
  EXPECT_TRUE(EthernetView::parse(bytes));
}

RC_GTEST_PROP(Ethernet, ParseGivesWhatEmitWrote,
              (const std::array<std::uint8_t, 6>& destination,
               const std::array<std::uint8_t, 6>& source, std::uint16_t type,
               const std::vector<std::uint8_t>& payload)) {
  const EthernetHeader header{MacAddress(destination), MacAddress(source),
                              static_cast<EtherType>(type)};
  std::vector<std::uint8_t> frame(EthernetHeader::kSize);
  header.emit(frame);
  frame.insert(frame.end(), payload.begin(), payload.end());
  const auto view = EthernetView::parse(frame);
  RC_ASSERT(view.has_value());
  RC_ASSERT(view->header().destination == header.destination);
  RC_ASSERT(view->header().source == header.source);
  RC_ASSERT(view->header().type == header.type);
  RC_ASSERT(std::vector<std::uint8_t>(view->payload().begin(), view->payload().end()) == payload);
}

}  // namespace
}  // namespace sluice
