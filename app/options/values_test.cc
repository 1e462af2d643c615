#include "app/options/values.h"

#include <gtest/gtest.h>

#include "app/options/usage_error.h"

namespace sluice {
namespace {

TEST(OptionValues, NumbersAreDigitsUpToTheLimit) {
  EXPECT_EQ(parse_number("0", 10), 0U);
  EXPECT_EQ(parse_number("10", 10), 10U);
  EXPECT_EQ(parse_number("11", 10), std::nullopt);
  EXPECT_EQ(parse_number("", 10), std::nullopt);
  EXPECT_EQ(parse_number("-1", 10), std::nullopt);
  EXPECT_EQ(parse_number("1x", 10), std::nullopt);
  EXPECT_EQ(parse_number("99999999999", 4000000000), std::nullopt);
}

TEST(OptionValues, SwitchesHaveFourWordsEach) {
  for (const char* const on : {"on", "yes", "y", "true"}) EXPECT_TRUE(parse_switch(on));
  for (const char* const off : {"off", "no", "n", "false"}) EXPECT_FALSE(parse_switch(off));
  EXPECT_THROW(parse_switch("oon"), UsageError);
  EXPECT_THROW(parse_switch(""), UsageError);
}

TEST(OptionValues, HostsAreAddressesOrNames) {
  EXPECT_EQ(parse_host("192.0.2.1"), IpAddress::v4(192, 0, 2, 1));
  EXPECT_TRUE(parse_host("localhost").is_loopback());
  EXPECT_THROW(parse_host(""), UsageError);
}

TEST(OptionValues, PortsAndDescriptorsAreNumbers) {
  EXPECT_EQ(parse_port("65535"), 65535);
  for (const char* const wrong : {"0", "65536", "", "-1", "http"}) {
    EXPECT_THROW(parse_port(wrong), UsageError) << wrong;
  }
  EXPECT_EQ(parse_descriptor("2"), 2);
  EXPECT_THROW(parse_descriptor("77777"), UsageError);
  EXPECT_THROW(parse_descriptor("x"), UsageError);
}

TEST(Values, ACodeIsDecimalOrHexadecimal) {
  EXPECT_EQ(parse_code("10", 255), 10U);
  EXPECT_EQ(parse_code("0xff", 255), 255U);
  EXPECT_EQ(parse_code("0xffffffffffffffff", UINT64_MAX), UINT64_MAX);
  for (const std::string_view text : {"", "0x", "0x100", "256", "-1", "0xg", "1 "}) {
    EXPECT_FALSE(parse_code(text, 255)) << text;
  }
}

}  // namespace
}  // namespace sluice
