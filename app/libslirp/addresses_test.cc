#include "app/libslirp/addresses.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/un.h>

#include <cstring>
#include <string>

namespace sluice {
namespace {

// NOLINTBEGIN(cppcoreguidelines-pro-type-reinterpret-cast): as sockets' addresses are.
template <typename Address>
const sockaddr* raw(const Address& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}
// NOLINTEND(cppcoreguidelines-pro-type-reinterpret-cast)

TEST(LibslirpAddresses, AreInTheOrderOfTheNetwork) {
  in_addr address{};
  ASSERT_EQ(::inet_aton("10.0.2.15", &address), 1);
  EXPECT_EQ(ip_address(address), IpAddress::v4(10, 0, 2, 15));
  EXPECT_EQ(raw_address(IpAddress::v4(10, 0, 2, 15)).s_addr, address.s_addr);
  in6_addr v6{};
  ASSERT_EQ(::inet_pton(AF_INET6, "fec0::2", &v6), 1);
  EXPECT_EQ(ip_address(v6), *IpAddress::parse("fec0::2"));
}

TEST(LibslirpAddresses, PortsAreWithinTheirRange) {
  EXPECT_EQ(port_number(65535, false), 65535);
  EXPECT_EQ(port_number(0, true), 0);
  EXPECT_FALSE(port_number(0, false));
  EXPECT_FALSE(port_number(-1, true));
  EXPECT_FALSE(port_number(65536, true));
}

TEST(LibslirpAddresses, AreReadOnlyWhereTheyAreWhole) {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(80);
  v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const Endpoint expected{IpAddress::v4(127, 0, 0, 1), 80};
  EXPECT_EQ(endpoint_at(raw(v4), sizeof v4), expected);
  EXPECT_FALSE(endpoint_at(raw(v4), sizeof v4 - 1));
  EXPECT_FALSE(endpoint_at(raw(v4), 0));
  EXPECT_FALSE(endpoint_at(nullptr, sizeof v4));

  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(81);
  v6.sin6_addr = in6addr_loopback;
  EXPECT_EQ(endpoint_at(raw(v6), sizeof v6), (Endpoint{*IpAddress::parse("::1"), 81}));
  EXPECT_FALSE(endpoint_at(raw(v6), sizeof v4));

  v4.sin_family = AF_APPLETALK;
  EXPECT_FALSE(endpoint_at(raw(v4), sizeof v4));
}

TEST(LibslirpAddresses, OfUnixSocketsArePathsAsLongAsTheyMayBe) {
  sockaddr_un local{};
  local.sun_family = AF_UNIX;
  EXPECT_FALSE(local_at(raw(local), sizeof local));
  std::memcpy(&local.sun_path, "/tmp/x", 6);
  const auto short_path = local_at(raw(local), sizeof local);
  ASSERT_TRUE(short_path);
  EXPECT_EQ(std::get<UnixPath>(*short_path).path, "/tmp/x");
  EXPECT_FALSE(local_at(raw(local), 2));
  EXPECT_EQ(std::get<UnixPath>(*local_at(raw(local), 4)).path, "/t");
  // Without a zero at its end.
  std::memset(&local.sun_path, 'x', sizeof local.sun_path);
  EXPECT_EQ(std::get<UnixPath>(*local_at(raw(local), sizeof local)).path,
            std::string(sizeof local.sun_path, 'x'));
  EXPECT_FALSE(endpoint_at(raw(local), sizeof local));
}

}  // namespace
}  // namespace sluice
