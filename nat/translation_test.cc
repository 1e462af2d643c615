#include "nat/translation.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

class TranslationTest : public testing::Test {
 protected:
  static IpAddress ip(std::string_view text) { return *IpAddress::parse(text); }

  const IpAddress guest_ = ip("10.0.2.15");
  const IpAddress guest6_ = ip("fec0::15");
  Network network_;
  Translation translation_{network_};
};

TEST_F(TranslationTest, TheGatewayIsTheHostsLoopback) {
  EXPECT_EQ(translation_.outward(network_.v4.host), ip("127.0.0.1"));
  EXPECT_EQ(translation_.inward(ip("127.0.0.1"), guest_), network_.v4.host);
  EXPECT_EQ(translation_.inward(ip("127.8.9.1"), guest_), network_.v4.host);
  EXPECT_EQ(translation_.outward(network_.v6.host), ip("::1"));
  EXPECT_EQ(translation_.outward(ip("fe80::2")), ip("::1"));
  EXPECT_EQ(translation_.inward(ip("::1"), guest6_), network_.v6.host);
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
    EXPECT_EQ(translation_.inward(address, address.is_v4() ? guest_ : guest6_), address);
  }
}

TEST_F(TranslationTest, AnOutsiderOfTheOtherFamilyAppearsAsTheGateway) {
  EXPECT_EQ(translation_.inward(ip("2001:db8::1"), guest_), network_.v4.host);
  EXPECT_EQ(translation_.inward(ip("192.0.2.9"), guest6_), network_.v6.host);
}

TEST_F(TranslationTest, AnOutsiderWithAnAddressOfTheSubnetAppearsAsTheGateway) {
  EXPECT_EQ(translation_.inward(ip("10.0.2.15"), guest_), network_.v4.host);
  EXPECT_EQ(translation_.inward(ip("fec0::15"), guest6_), network_.v6.host);
  EXPECT_EQ(translation_.inward(ip("fe80::15"), guest6_), network_.v6.host);
}

}  // namespace
}  // namespace sluice
