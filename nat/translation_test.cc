#include "nat/translation.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

class TranslationTest : public testing::Test {
 protected:
  static IpAddress ip(std::string_view text) { return *IpAddress::parse(text); }

  Network network_;
  const IpAddress& gateway_ = network_.v4.host;
  const IpAddress& gateway6_ = network_.v6.host;
  Translation translation_{network_};
};

TEST_F(TranslationTest, TheGatewayIsTheHostsLoopback) {
  EXPECT_EQ(translation_.outward(gateway_), ip("127.0.0.1"));
  EXPECT_EQ(translation_.inward(ip("127.0.0.1"), gateway_), gateway_);
  EXPECT_EQ(translation_.inward(ip("127.8.9.1"), gateway_), gateway_);
  EXPECT_EQ(translation_.outward(gateway6_), ip("::1"));
  EXPECT_EQ(translation_.outward(ip("fe80::2")), ip("::1"));
  EXPECT_EQ(translation_.inward(ip("::1"), gateway6_), gateway6_);
  EXPECT_EQ(translation_.inward(ip("::1"), network_.router()), network_.router());
}

TEST_F(TranslationTest, TheRestOfTheSubnetLeadsNowhere) {
  EXPECT_EQ(translation_.outward(network_.v4.dns), std::nullopt);
  EXPECT_EQ(translation_.outward(ip("10.0.2.77")), std::nullopt);
  EXPECT_EQ(translation_.outward(network_.v6.dns), std::nullopt);
  EXPECT_EQ(translation_.outward(ip("fec0::77")), std::nullopt);
  EXPECT_EQ(translation_.outward(ip("fe80::77")), std::nullopt);
}

TEST_F(TranslationTest, OtherAddressesAreThemselves) {
  for (const IpAddress& address : {ip("192.0.2.9"), ip("2001:db8::9")}) {
    EXPECT_EQ(translation_.outward(address), address);
    EXPECT_EQ(translation_.inward(address, address.is_v4() ? gateway_ : gateway6_), address);
  }
}

TEST_F(TranslationTest, AnOutsiderOfTheOtherFamilyAppearsAsTheGateway) {
  EXPECT_EQ(translation_.inward(ip("2001:db8::1"), gateway_), gateway_);
  EXPECT_EQ(translation_.inward(ip("192.0.2.9"), gateway6_), gateway6_);
}

TEST_F(TranslationTest, AnOutsiderWithAnAddressOfTheSubnetAppearsAsTheGateway) {
  EXPECT_EQ(translation_.inward(ip("10.0.2.15"), gateway_), gateway_);
  EXPECT_EQ(translation_.inward(ip("fec0::15"), gateway6_), gateway6_);
  EXPECT_EQ(translation_.inward(ip("fe80::15"), gateway6_), gateway6_);
}

}  // namespace
}  // namespace sluice
