#include "stack/wire/arp.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <vector>

namespace sluice {
namespace {

// "Who has 10.0.2.2? Tell 10.0.2.15."
constexpr std::array<std::uint8_t, 28> kRequest = {0, 1,    8,    0,    6,  4, 0, 1,  0x52, 0x54,
                                                   0, 0x12, 0x34, 0x56, 10, 0, 2, 15, 0,    0,
                                                   0, 0,    0,    0,    10, 0, 2, 2};

TEST(Arp, RequestIsRead) {
  const auto message = ArpMessage::parse(kRequest);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->operation, ArpMessage::Operation::kRequest);
  EXPECT_EQ(message->sender_mac.to_string(), "52:54:00:12:34:56");
  EXPECT_EQ(message->sender, IpAddress::v4(10, 0, 2, 15));
  EXPECT_TRUE(message->target_mac.is_zero());
  EXPECT_EQ(message->target, IpAddress::v4(10, 0, 2, 2));
}

TEST(Arp, PaddingBehindTheMessageIsIgnored) {
  std::vector<std::uint8_t> padded(kRequest.begin(), kRequest.end());
  padded.resize(46, 0xee);
  EXPECT_EQ(ArpMessage::parse(padded), ArpMessage::parse(kRequest));
}

TEST(Arp, WhatIsNotIpv4OverEthernetIsRefused) {
  // Any other value of the six fixed bytes and of the operation's high byte.
  for (std::size_t at = 0; at < 7; ++at) {
    auto bytes = kRequest;
    bytes.at(at) ^= 0x10;
    EXPECT_FALSE(ArpMessage::parse(bytes)) << "byte " << at;
  }
  for (const std::uint8_t operation : {0, 3, 8}) {
    auto bytes = kRequest;
    bytes[7] = operation;
    EXPECT_FALSE(ArpMessage::parse(bytes)) << "operation " << int{operation};
  }
  EXPECT_FALSE(ArpMessage::parse(Bytes(kRequest).first(27)));
  EXPECT_FALSE(ArpMessage::parse({}));
}

RC_GTEST_PROP(Arp, ParseGivesWhatEmitWrote,
              (bool request, const std::array<std::uint8_t, 6>& sender_mac, std::uint32_t sender,
               const std::array<std::uint8_t, 6>& target_mac, std::uint32_t target)) {
  const ArpMessage message{
      request ? ArpMessage::Operation::kRequest : ArpMessage::Operation::kReply,
      MacAddress(sender_mac), IpAddress::v4(sender), MacAddress(target_mac), IpAddress::v4(target)};
  std::array<std::uint8_t, ArpMessage::kSize> bytes{};
  message.emit(bytes);
  RC_ASSERT(ArpMessage::parse(bytes) == message);
}

}  // namespace
}  // namespace sluice
