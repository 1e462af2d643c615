#include "nat/translation.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

const Network kNetwork;
const Translation kTranslation(kNetwork);

TEST(Translation, TheGatewayIsTheHostsLoopback) {
  EXPECT_EQ(kTranslation.outward(kNetwork.host), IpAddress::v4(127, 0, 0, 1));
  EXPECT_EQ(kTranslation.inward(IpAddress::v4(127, 0, 0, 1)), kNetwork.host);
  EXPECT_EQ(kTranslation.inward(IpAddress::v4(127, 8, 9, 1)), kNetwork.host);
}

TEST(Translation, TheRestOfTheSubnetLeadsNowhere) {
  EXPECT_EQ(kTranslation.outward(kNetwork.dns), std::nullopt);
  EXPECT_EQ(kTranslation.outward(IpAddress::v4(10, 0, 2, 77)), std::nullopt);
}

TEST(Translation, OtherAddressesAreThemselves) {
  const IpAddress address = IpAddress::v4(192, 0, 2, 9);
  EXPECT_EQ(kTranslation.outward(address), address);
  EXPECT_EQ(kTranslation.inward(address), address);
}

TEST(Translation, AnOutsiderWithAnAddressOfTheSubnetAppearsAsTheGateway) {
  EXPECT_EQ(kTranslation.inward(IpAddress::v4(10, 0, 2, 15)), kNetwork.host);
}

}  // namespace
}  // namespace sluice
