#include "app/slirp4netns/network.h"

#include <gtest/gtest.h>

#include "app/options/usage_error.h"

namespace sluice {
namespace {

TEST(Slirp4netnsNetwork, AddressesAreCountedFromItsBase) {
  Slirp4netnsInvocation invocation;
  invocation.network = Subnet(IpAddress::v4(192, 168, 0, 0), 20);
  invocation.mtu = 500;
  const Network network = network_of(invocation).network.network;
  EXPECT_EQ(network.v4.subnet.to_string(), "192.168.0.0/20");
  EXPECT_EQ(network.v4.host, IpAddress::v4(192, 168, 0, 2));
  EXPECT_EQ(network.v4.dns, IpAddress::v4(192, 168, 0, 3));
  EXPECT_EQ(network.dhcp_start, IpAddress::v4(192, 168, 0, 15));
  EXPECT_EQ(guest_address_of(network), IpAddress::v4(192, 168, 0, 100));
  EXPECT_EQ(network.mtu, 500);
}

TEST(Slirp4netnsNetwork, SwitchesReachThePolicyAndTheServices) {
  Slirp4netnsInvocation invocation;
  EXPECT_TRUE(network_of(invocation).network.policy.host_loopback);
  EXPECT_TRUE(network_of(invocation).network.serves_dns);
  invocation.host_loopback = false;
  invocation.dns = false;
  EXPECT_FALSE(network_of(invocation).network.policy.host_loopback);
  EXPECT_FALSE(network_of(invocation).network.serves_dns);
}

TEST(Slirp4netnsNetwork, AnOutboundAddressIsItselfOrAnInterfaces) {
  Slirp4netnsInvocation invocation;
  invocation.outbound = "192.0.2.1";
  EXPECT_EQ(network_of(invocation).network.outbound, IpAddress::v4(192, 0, 2, 1));
  invocation.outbound = "lo";
  EXPECT_EQ(network_of(invocation).network.outbound, IpAddress::v4(127, 0, 0, 1));
  for (const std::string wrong : {"nonexistent0", "fe80::1", "192.0.2.1.1"}) {
    invocation.outbound = wrong;
    EXPECT_THROW(network_of(invocation), UsageError) << wrong;
  }
  invocation.outbound.clear();
  invocation.outbound6 = "192.0.2.1";
  EXPECT_THROW(network_of(invocation), UsageError);
}

}  // namespace
}  // namespace sluice
