#include "nat/translation.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

class TranslationTest : public testing::Test {
 protected:
  Network network_;
  Translation translation_{network_};
};

TEST_F(TranslationTest, TheGatewayIsTheHostsLoopback) {
  EXPECT_EQ(translation_.outward(network_.v4.host), IpAddress::v4(127, 0, 0, 1));
  EXPECT_EQ(translation_.inward(IpAddress::v4(127, 0, 0, 1)), network_.v4.host);
  EXPECT_EQ(translation_.inward(IpAddress::v4(127, 8, 9, 1)), network_.v4.host);
}

TEST_F(TranslationTest, TheRestOfTheSubnetLeadsNowhere) {
  EXPECT_EQ(translation_.outward(network_.v4.dns), std::nullopt);
  EXPECT_EQ(translation_.outward(IpAddress::v4(10, 0, 2, 77)), std::nullopt);
}

TEST_F(TranslationTest, OtherAddressesAreThemselves) {
  const IpAddress address = IpAddress::v4(192, 0, 2, 9);
  EXPECT_EQ(translation_.outward(address), address);
  EXPECT_EQ(translation_.inward(address), address);
}

TEST_F(TranslationTest, AnOutsiderOfTheOtherFamilyAppearsAsTheGateway) {
  EXPECT_EQ(translation_.inward(*IpAddress::parse("2001:db8::1")), network_.v4.host);
}

TEST_F(TranslationTest, AnOutsiderWithAnAddressOfTheSubnetAppearsAsTheGateway) {
  EXPECT_EQ(translation_.inward(IpAddress::v4(10, 0, 2, 15)), network_.v4.host);
}

}  // namespace
}  // namespace sluice
