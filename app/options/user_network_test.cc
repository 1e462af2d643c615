#include "app/options/user_network.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "app/options/usage_error.h"

namespace sluice {
namespace {

std::string problem(std::string_view text) {
  try {
    parse_user_network(text);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

IpAddress at(std::string_view text) {
  return IpAddress::parse(text).value();
}

TEST(UserNetwork, WithoutOptionsItIsSlirpsNetwork) {
  const UserNetworkOptions options = parse_user_network("user");
  EXPECT_EQ(options.network.v4.subnet.to_string(), "10.0.2.0/24");
  EXPECT_EQ(options.network.v4.host, at("10.0.2.2"));
  EXPECT_EQ(options.network.v4.dns, at("10.0.2.3"));
  EXPECT_EQ(options.network.smb, at("10.0.2.4"));
  EXPECT_EQ(options.network.dhcp_start, at("10.0.2.15"));
  EXPECT_EQ(options.network.mtu, 1500);
  EXPECT_FALSE(options.policy.restricted);
  EXPECT_TRUE(options.policy.host_loopback);
}

TEST(UserNetwork, AddressesFollowFromTheNetworkAsInQemu) {
  const Network small = parse_user_network("user,net=192.168.76.0/24").network;
  EXPECT_EQ(small.v4.host, at("192.168.76.2"));
  EXPECT_EQ(small.dhcp_start, at("192.168.76.15"));
  const Network large = parse_user_network("user,net=10.0.0.0/8").network;
  EXPECT_EQ(large.v4.host, at("10.0.2.2"));
  EXPECT_EQ(large.v4.dns, at("10.0.2.3"));
  const Network masked = parse_user_network("user,net=10.9.0.0/255.255.0.0").network;
  EXPECT_EQ(masked.v4.subnet.to_string(), "10.9.0.0/16");
  EXPECT_EQ(masked.v4.host, at("10.9.2.2"));
}

TEST(UserNetwork, ASmallNetworkStillHasALeaseToGive) {
  const Network network = parse_user_network("user,net=192.168.1.16/28").network;
  EXPECT_EQ(network.v4.host, at("192.168.1.18"));
  EXPECT_EQ(network.dhcp_start, at("192.168.1.21"));
}

TEST(UserNetwork, EveryOptionIsTaken) {
  const UserNetworkOptions options = parse_user_network(
      "user,id=n0,net=10.1.1.0/24,host=10.1.1.1,dns=10.1.1.9,dhcpstart=10.1.1.50,"
      "smbserver=10.1.1.8,hostname=guest,domainname=example.org,dnssearch=a.org,dnssearch=b.org,"
      "tftp=/srv/tftp,bootfile=/pxe,tftp-server-name=boot.example,smb=/srv/a,,b,"
      "hostfwd=tcp::2222-:22,hostfwd=udp:127.0.0.1:53-10.1.1.50:53,"
      "guestfwd=tcp:10.1.1.100:7-cmd:cat,restrict=y,mtu=9000,outbound=192.0.2.1,loopback=off");
  EXPECT_EQ(options.id, "n0");
  EXPECT_EQ(options.network.v4.host, at("10.1.1.1"));
  EXPECT_EQ(options.network.v4.dns, at("10.1.1.9"));
  EXPECT_EQ(options.network.dhcp_start, at("10.1.1.50"));
  EXPECT_EQ(options.network.smb, at("10.1.1.8"));
  EXPECT_EQ(options.hostname, "guest");
  EXPECT_EQ(options.domain_name, "example.org");
  EXPECT_EQ(options.domain_search, (std::vector<std::string>{"a.org", "b.org"}));
  EXPECT_EQ(options.tftp_directory, "/srv/tftp");
  EXPECT_EQ(options.boot_file, "/pxe");
  EXPECT_EQ(options.tftp_server_name, "boot.example");
  EXPECT_EQ(options.smb_directory, "/srv/a,b");
  EXPECT_EQ(options.host_forwards.size(), 2U);
  EXPECT_EQ(options.guest_forwards.size(), 1U);
  EXPECT_TRUE(options.policy.restricted);
  EXPECT_FALSE(options.policy.host_loopback);
  EXPECT_EQ(options.network.mtu, 9000);
  EXPECT_EQ(options.outbound, at("192.0.2.1"));
  EXPECT_EQ(nat_config(options).network.mtu, 9000);
  EXPECT_TRUE(nat_config(options).policy.restricted);
}

TEST(UserNetwork, SwitchesHaveQemusSpellings) {
  for (const auto* text : {"user,restrict=on", "user,restrict=yes", "user,restrict=y",
                           "user,restrict", "user,norestrict,restrict=on"}) {
    EXPECT_TRUE(parse_user_network(text).policy.restricted) << text;
  }
  for (const auto* text : {"user,restrict=off", "user,restrict=no", "user,restrict=n",
                           "user,norestrict", "user,restrict=on,restrict=off"}) {
    EXPECT_FALSE(parse_user_network(text).policy.restricted) << text;
  }
  EXPECT_EQ(problem("user,restrict=maybe"), "--netdev user: restrict=maybe: expected on or off");
  EXPECT_EQ(problem("user,restrict=of"),
            "--netdev user: restrict=of: expected on or off; did you mean 'off'?");
}

TEST(UserNetwork, AWrongKeyNamesTheNearestRightOne) {
  EXPECT_EQ(problem("user,hostfw=tcp::1-:1"),
            "--netdev user: no option 'hostfw'; did you mean 'hostfwd'?");
  EXPECT_EQ(problem("user,dhcp-start=10.0.2.9"),
            "--netdev user: no option 'dhcp-start'; did you mean 'dhcpstart'?");
  EXPECT_NE(problem("user,pineapple=1").find("no option 'pineapple'; expected one of id, net"),
            std::string::npos);
  EXPECT_EQ(problem("user,hostname"),
            "--netdev user: hostname has no value; expected hostname=NAME");
  EXPECT_NE(problem("user,nohostname").find("no option 'nohostname'"), std::string::npos);
}

TEST(UserNetwork, TheTypeIsUser) {
  EXPECT_EQ(parse_user_network("id=x,type=user").id, "x");
  EXPECT_EQ(problem("usr,id=x"), "--netdev: no type 'usr'; did you mean 'user'?");
  EXPECT_NE(problem("").find("the type is missing"), std::string::npos);
  EXPECT_NE(problem("net=10.0.3.0/24").find("the type is missing"), std::string::npos);
}

TEST(UserNetwork, AddressesMustLieInTheNetworkAndDiffer) {
  EXPECT_EQ(problem("user,host=10.0.3.2"),
            "--netdev user: host 10.0.3.2 is no host's address in 10.0.2.0/24");
  EXPECT_NE(problem("user,dns=10.0.2.255"), "");
  EXPECT_NE(problem("user,dhcpstart=10.0.2.0"), "");
  EXPECT_EQ(problem("user,dns=10.0.2.2"),
            "--netdev user: host and dns are both 10.0.2.2; expected different addresses");
  EXPECT_NE(problem("user,dhcpstart=10.0.2.3").find("dns and dhcpstart"), std::string::npos);
  EXPECT_NE(problem("user,smb=/srv,host=10.0.2.4").find("smbserver"), std::string::npos);
  EXPECT_EQ(problem("user,host=10.0.2.4"), "");
}

TEST(UserNetwork, NetworksThatNoGuestCanUseAreRefused) {
  for (const auto* net :
       {"10.0.2.0/30", "10.0.2.0/3", "10.0.2.0/x", "10.0.2.0/255.0.255.0", "foo", "fec0::/64",
        "127.0.0.0/8", "127.1.0.0/16", "0.1.2.0/24", "224.0.0.0/24", "240.0.0.0/8", ""}) {
    EXPECT_NE(problem(std::string("user,net=") + net), "") << net;
  }
}

TEST(UserNetwork, NumbersAndLengthsAreBounded) {
  EXPECT_EQ(problem("user,mtu=67"), "--netdev user: mtu=67: expected 68 to 65521");
  EXPECT_EQ(problem("user,mtu=68"), "");
  EXPECT_EQ(problem("user,mtu=65521"), "");
  EXPECT_NE(problem("user,mtu=65522"), "");
  EXPECT_EQ(problem("user,bootfile=" + std::string(127, 'a')), "");
  EXPECT_NE(problem("user,bootfile=" + std::string(128, 'a')), "");
  EXPECT_EQ(problem("user,hostname=" + std::string(63, 'a')), "");
  EXPECT_NE(problem("user,hostname=" + std::string(64, 'a')), "");
  EXPECT_NE(problem("user,domainname=a..b"), "");
  EXPECT_NE(problem("user,dnssearch="), "");
  EXPECT_NE(problem("user,hostname=a b"), "");
}

TEST(UserNetwork, ForwardsLeadToAddressesOfTheNetwork) {
  EXPECT_NE(problem("user,hostfwd=tcp::1-10.0.3.1:1"), "");
  EXPECT_NE(problem("user,hostfwd=tcp::1-10.0.2.2:1").find("Sluice's own"), std::string::npos);
  EXPECT_NE(problem("user,guestfwd=tcp:10.0.3.1:1-cmd:cat"), "");
  EXPECT_NE(problem("user,guestfwd=tcp:10.0.2.3:53-cmd:cat"), "");
  EXPECT_NE(problem("user,guestfwd=tcp:10.0.2.15:53-cmd:cat").find("guest's own"),
            std::string::npos);
  EXPECT_NE(problem("user,guestfwd=tcp::7-cmd:cat,guestfwd=tcp:10.0.2.4:7-cmd:cat").find("twice"),
            std::string::npos);
  EXPECT_EQ(parse_user_network("user,guestfwd=tcp::7-cmd:cat").guest_forwards[0].server.address,
            at("10.0.2.4"));
  EXPECT_EQ(problem("user,hostfwd=tcp::x-:1"),
            "--netdev user: hostfwd=tcp::x-:1: the host's port 'x' is not a port; expected 0 to "
            "65535");
}

TEST(UserNetwork, WhatIsNotThereYetIsSaid) {
  EXPECT_EQ(problem("user,ipv6=off,ipv4=on"), "");
}

TEST(UserNetwork, TheManualHasEveryOption) {
  for (const OptionHelp& help : user_network_help()) {
    EXPECT_FALSE(help.value.empty()) << help.key;
    EXPECT_TRUE(help.text.ends_with('.')) << help.key;
  }
}

TEST(UserNetwork, ThereIsBothUnlessOneIsAskedForAlone) {
  const auto families = [](std::string_view text) {
    const Network network = parse_user_network(text).network;
    return std::pair(network.has_v4, network.has_v6);
  };
  EXPECT_EQ(families("user"), std::pair(true, true));
  EXPECT_EQ(families("user,ipv4=on,ipv6=on"), std::pair(true, true));
  EXPECT_EQ(families("user,ipv4=on"), std::pair(true, false));
  EXPECT_EQ(families("user,ipv6=on"), std::pair(false, true));
  EXPECT_EQ(families("user,ipv6=off"), std::pair(true, false));
  EXPECT_EQ(families("user,ipv4=off"), std::pair(false, true));
  EXPECT_EQ(families("user,mtu=1279"), std::pair(true, false)) << "too small for IPv6";
  EXPECT_NE(problem("user,mtu=1279,ipv6=on").find("at least 1280"), std::string::npos);
  EXPECT_NE(problem("user,ipv4=off,ipv6=off").find("both off"), std::string::npos);
  EXPECT_NE(problem("user,ipv4=off,hostfwd=::1-10.0.2.15:1").find("switched off"),
            std::string::npos);
}

TEST(UserNetwork, TheIpv6NetworkFollowsFromItsPrefix) {
  const AddressPlan usual = parse_user_network("user").network.v6;
  EXPECT_EQ(usual.subnet.to_string(), "fec0::/64");
  EXPECT_EQ(usual.host, at("fec0::2"));
  EXPECT_EQ(usual.dns, at("fec0::3"));
  const AddressPlan other =
      parse_user_network("user,ipv6-net=fd00:1::/48,ipv6-dns=fd00:1::9").network.v6;
  EXPECT_EQ(other.subnet.to_string(), "fd00:1::/48");
  EXPECT_EQ(other.host, at("fd00:1::2"));
  EXPECT_EQ(other.dns, at("fd00:1::9"));
  const AddressPlan apart =
      parse_user_network("user,ipv6-prefix=fd00:2::,ipv6-prefixlen=96,ipv6-host=fd00:2::77")
          .network.v6;
  EXPECT_EQ(apart.subnet.to_string(), "fd00:2::/96");
  EXPECT_EQ(apart.host, at("fd00:2::77"));
  for (const char* const wrong :
       {"ipv6-net=10.0.2.0/24", "ipv6-net=fe80::/64", "ipv6-net=ff02::/64", "ipv6-net=::/64",
        "ipv6-net=::5/64", "ipv6-net=fd00::/121", "ipv6-prefixlen=3", "ipv6-host=fd00::2",
        "ipv6-host=fec0::", "ipv6-host=fec0::3", "ipv6-dns=10.0.2.3", "ipv6-host=fec0::15",
        "ipv6-dns=fec0::15", "guestfwd=tcp:[fec0::15]:7-cmd:cat"}) {
    EXPECT_NE(problem(std::string("user,") + wrong), "") << wrong;
  }
}

TEST(UserNetwork, ForwardsMayLeadInBothFamilies) {
  const UserNetworkOptions options = parse_user_network(
      "user,hostfwd=tcp:[::1]:5555-[fec0::15]:22,guestfwd=tcp:[fec0::77]:7-cmd:cat");
  EXPECT_EQ(options.host_forwards.at(0).guest, (Endpoint{at("fec0::15"), 22}));
  EXPECT_EQ(options.guest_forwards.at(0).server, (Endpoint{at("fec0::77"), 7}));
  EXPECT_NE(problem("user,hostfwd=::1-[fec0::2]:22").find("Sluice's own"), std::string::npos);
  EXPECT_NE(problem("user,hostfwd=::1-[2001:db8::1]:22").find("no host's address"),
            std::string::npos);
}

}  // namespace
}  // namespace sluice
