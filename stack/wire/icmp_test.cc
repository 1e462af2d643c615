#include "stack/wire/icmp.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <vector>

#include "stack/wire/icmpv4.h"

namespace sluice {
namespace {

TEST(Icmp, EchoRequestLiesAsRfc792Says) {
  std::array<std::uint8_t, 8> bytes{};
  const IcmpHeader header{IcmpType::kEchoRequest, 0, 0xabcd, IcmpHeader::echo_rest(0x1234, 0x0001)};
  header.emit(bytes);
  EXPECT_EQ(bytes, (std::array<std::uint8_t, 8>{8, 0, 0xab, 0xcd, 0x12, 0x34, 0, 1}));
  EXPECT_EQ(header.echo_identifier(), 0x1234);
  EXPECT_EQ(header.echo_sequence(), 1);
}

TEST(Icmp, MessageWithoutAWholeHeaderIsRefused) {
  const std::array<std::uint8_t, 8> bytes{};
  EXPECT_FALSE(IcmpView::parse({}));
  EXPECT_FALSE(IcmpView::parse(Bytes(bytes).first(7)));
  EXPECT_TRUE(IcmpView::parse(bytes));
}

// RFC 1122, section 3.2.2, lists them.
TEST(Icmp, ErrorsAreTheTypesThatQuoteAPacket) {
  for (unsigned type = 0; type < 256; ++type) {
    EXPECT_EQ(is_error(static_cast<IcmpType>(type)),
              type == 3 || type == 4 || type == 5 || type == 11 || type == 12)
        << type;
  }
}

RC_GTEST_PROP(Icmp, ParseGivesWhatEmitWrote,
              (std::uint8_t type, std::uint8_t code, std::uint16_t checksum, std::uint32_t rest,
               const std::vector<std::uint8_t>& payload)) {
  const IcmpHeader header{AnyIcmpType::of(type), code, checksum, rest};
  std::vector<std::uint8_t> bytes(IcmpHeader::kSize);
  header.emit(bytes);
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  const auto view = IcmpView::parse(bytes);
  RC_ASSERT(view.has_value());
  RC_ASSERT(view->header() == header);
  RC_ASSERT(view->message().size() == bytes.size());
  RC_ASSERT(std::vector<std::uint8_t>(view->payload().begin(), view->payload().end()) == payload);
  RC_ASSERT(load_big<std::uint16_t>(bytes, IcmpHeader::kChecksumOffset) == checksum);
  RC_ASSERT(IcmpHeader::echo_rest(header.echo_identifier(), header.echo_sequence()) == rest);
}

}  // namespace
}  // namespace sluice
