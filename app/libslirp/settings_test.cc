#include "app/libslirp/settings.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <stdexcept>
#include <string>

#include "app/libslirp/scripted_program.h"

namespace sluice {
namespace {

// The config of a usual program.
SlirpConfig usual() {
  return ScriptedProgram().config;
}

struct Refused {
  const char* named;  // in the message
  std::function<void(SlirpConfig&)> change;
};

void set(in_addr& address, const char* text) {
  ASSERT_EQ(::inet_aton(text, &address), 1);
}

TEST(LibslirpSettings, AreWhatTheConfigSays) {
  SlirpConfig config = usual();
  set(config.vnetwork, "192.168.7.0");
  set(config.vhost, "192.168.7.1");
  set(config.vdhcp_start, "192.168.7.100");
  set(config.vnameserver, "192.168.7.2");
  config.restricted = 1;
  config.disable_host_loopback = true;
  config.vhostname = "guest";
  config.vdomainname = "example.org";
  config.tftp_path = "/srv";
  config.tftp_server_name = "boot";
  config.bootfile = "pxe";
  std::array<const char*, 3> search{"a.example", "b.example", nullptr};
  config.vdnssearch = search.data();
  config.if_mtu = 9000;
  config.if_mru = 4000;
  config.mfr_id = 0x8119;
  config.oob_eth_addr[5] = 7;
  const Settings settings = read_settings(config);
  const Network& network = settings.network.network;
  EXPECT_EQ(network.v4.subnet.to_string(), "192.168.7.0/24");
  EXPECT_EQ(network.v4.host, IpAddress::v4(192, 168, 7, 1));
  EXPECT_EQ(network.dhcp_start, IpAddress::v4(192, 168, 7, 100));
  EXPECT_EQ(network.v4.dns, IpAddress::v4(192, 168, 7, 2));
  EXPECT_EQ(network.mtu, 4000);
  EXPECT_TRUE(settings.network.policy.restricted);
  EXPECT_FALSE(settings.network.policy.host_loopback);
  EXPECT_EQ(settings.network.hostname, "guest");
  EXPECT_EQ(settings.network.domain_name, "example.org");
  EXPECT_EQ(settings.network.tftp_directory, "/srv");
  EXPECT_EQ(settings.network.tftp_server_name, "boot");
  EXPECT_EQ(settings.network.boot_file, "pxe");
  EXPECT_EQ(settings.network.domain_search, (std::vector<std::string>{"a.example", "b.example"}));
  EXPECT_TRUE(settings.network.serves_dhcp);
  EXPECT_TRUE(settings.network.serves_dns);
  EXPECT_EQ(settings.manufacturer, 0x8119U);
  EXPECT_EQ(settings.controller, MacAddress({0, 0, 0, 0, 0, 7}));
}

TEST(LibslirpSettings, HaveUsualValuesWhereTheConfigHasNone) {
  const Settings settings = read_settings(usual());
  EXPECT_EQ(settings.network.network.mtu, 1500);
  EXPECT_FALSE(settings.network.policy.restricted);
  EXPECT_TRUE(settings.network.policy.host_loopback);
  EXPECT_TRUE(settings.network.hostname.empty());
  EXPECT_TRUE(settings.network.tftp_directory.empty());
  EXPECT_EQ(outbound_now(settings).v4, std::nullopt);
  EXPECT_EQ(settings.controller, std::nullopt);
}

TEST(LibslirpSettings, FieldsBeyondTheVersionAreNotLookedAt) {
  SlirpConfig config = usual();
  sockaddr_in outbound{};
  outbound.sin_family = AF_INET;
  set(outbound.sin_addr, "192.0.2.1");
  config.outbound_addr = &outbound;
  config.disable_dns = config.disable_dhcp = true;
  config.mfr_id = 5;
  for (std::uint32_t version = 1; version <= SLIRP_CONFIG_VERSION_MAX; ++version) {
    config.version = version;
    const Settings settings = read_settings(config);
    EXPECT_EQ(outbound_now(settings).v4.has_value(), version >= 2) << version;
    EXPECT_EQ(settings.network.serves_dns, version < 3) << version;
    EXPECT_EQ(settings.network.serves_dhcp, version < 4) << version;
    EXPECT_EQ(settings.manufacturer, version >= 5 ? 5U : 0U) << version;
  }
}

TEST(LibslirpSettings, TheOutboundAddressIsLookedAtForEachUse) {
  SlirpConfig config = usual();
  sockaddr_in outbound{};
  config.outbound_addr = &outbound;
  const Settings settings = read_settings(config);
  EXPECT_EQ(outbound_now(settings).v4, std::nullopt);
  outbound.sin_family = AF_INET;
  set(outbound.sin_addr, "192.0.2.1");
  EXPECT_EQ(outbound_now(settings).v4, IpAddress::v4(192, 0, 2, 1));
}

TEST(LibslirpSettings, WhatCantBeFollowedIsRefusedByName) {
  const std::array<Refused, 22> refused{{
      {"version", [](SlirpConfig& c) { c.version = 0; }},
      {"version", [](SlirpConfig& c) { c.version = SLIRP_CONFIG_VERSION_MAX + 1; }},
      {"version", [](SlirpConfig& c) { c.version = UINT32_MAX; }},
      {"vnetmask", [](SlirpConfig& c) { c.vnetmask.s_addr = 0; }},
      {"vnetmask", [](SlirpConfig& c) { set(c.vnetmask, "255.0.255.0"); }},
      {"vnetmask", [](SlirpConfig& c) { set(c.vnetmask, "255.255.255.255"); }},
      {"vhost", [](SlirpConfig& c) { set(c.vhost, "10.0.3.2"); }},
      {"vhost", [](SlirpConfig& c) { c.vhost.s_addr = 0; }},
      {"vhost", [](SlirpConfig& c) { set(c.vhost, "10.0.2.255"); }},
      {"vnameserver", [](SlirpConfig& c) { set(c.vnameserver, "10.0.2.255"); }},
      {"vdhcp_start", [](SlirpConfig& c) { set(c.vdhcp_start, "10.0.3.15"); }},
      {"if_mtu", [](SlirpConfig& c) { c.if_mtu = 67; }},
      {"if_mtu", [](SlirpConfig& c) { c.if_mtu = 65522; }},
      {"if_mtu", [](SlirpConfig& c) { c.if_mtu = SIZE_MAX; }},
      {"if_mru", [](SlirpConfig& c) { c.if_mru = 1; }},
      {"bootfile",
       [](SlirpConfig& c) {
         static const std::string name(128, 'x');
         c.bootfile = name.c_str();
       }},
      {"vdnssearch",
       [](SlirpConfig& c) {
         static std::array<const char*, 300> search;
         search.fill("x.example");
         c.vdnssearch = search.data();
       }},
      {"vprefix_len",
       [](SlirpConfig& c) {
         c.in6_enabled = true;
         c.vprefix_len = 129;
       }},
      {"vprefix_addr6",
       [](SlirpConfig& c) {
         c.in6_enabled = true;
         c.vprefix_len = 64;
         c.vprefix_addr6.s6_addr[0] = 0xff;
       }},
      {"vprefix_addr6",
       [](SlirpConfig& c) {
         c.in6_enabled = true;
         c.vprefix_len = 64;
         ::inet_pton(AF_INET6, "::ffff:10.0.2.0", &c.vprefix_addr6);
       }},
      {"vnameserver6",
       [](SlirpConfig& c) {
         c.in6_enabled = true;
         c.vprefix_len = 64;
         ::inet_pton(AF_INET6, "fec0::", &c.vprefix_addr6);
         ::inet_pton(AF_INET6, "fec0::2", &c.vhost6);
         ::inet_pton(AF_INET6, "::ffff:8.8.8.8", &c.vnameserver6);
       }},
      {"vhost6",
       [](SlirpConfig& c) {
         c.in6_enabled = true;
         c.vprefix_len = 64;
         c.vprefix_addr6.s6_addr[0] = 0xfe;
       }},
  }};
  for (const Refused& each : refused) {
    SlirpConfig config = usual();
    each.change(config);
    try {
      read_settings(config);
      ADD_FAILURE() << each.named << " is not refused";
    } catch (const std::invalid_argument& error) {
      EXPECT_NE(std::string(error.what()).find(std::string("SlirpConfig.") + each.named),
                std::string::npos)
          << error.what();
    }
  }
}

TEST(LibslirpSettings, TheNameServerIsTheProxyInsideTheNetworkOnly) {
  const auto told = [](const char* address) {
    SlirpConfig config = usual();
    set(config.vnameserver, address);
    return read_settings(config).network.network.v4;
  };
  EXPECT_TRUE(told("10.0.2.3").has_dns_proxy());
  EXPECT_TRUE(told("10.0.2.2").has_dns_proxy());  // the host itself
  EXPECT_EQ(told("8.8.8.8").dns, IpAddress::v4(8, 8, 8, 8));
  EXPECT_FALSE(told("8.8.8.8").has_dns_proxy());
  EXPECT_TRUE(told("0.0.0.0").dns.is_unspecified());
  EXPECT_FALSE(told("0.0.0.0").has_dns_proxy());
}

TEST(LibslirpSettings, LeasesBeginWhereSomebodyCanHaveThem) {
  const auto start = [](const char* network, const char* mask, const char* host, const char* dhcp) {
    SlirpConfig config = usual();
    set(config.vnetwork, network);
    set(config.vnetmask, mask);
    set(config.vhost, host);
    set(config.vnameserver, "0.0.0.0");
    set(config.vdhcp_start, dhcp);
    return read_settings(config).network.network.dhcp_start;
  };
  EXPECT_EQ(start("10.0.2.0", "255.255.255.0", "10.0.2.2", "10.0.2.2"), IpAddress::v4(10, 0, 2, 2));
  // What QEMU asks for in small networks is their broadcast address.
  EXPECT_EQ(start("192.168.1.0", "255.255.255.240", "192.168.1.2", "192.168.1.15"),
            IpAddress::v4(192, 168, 1, 5));
  EXPECT_EQ(start("192.168.1.0", "255.255.255.248", "192.168.1.5", "192.168.1.7"),
            IpAddress::v4(192, 168, 1, 6));
  EXPECT_EQ(start("192.168.1.0", "255.255.255.252", "192.168.1.2", "192.168.1.3"),
            IpAddress::v4(192, 168, 1, 1));
  // And none is none.
  EXPECT_TRUE(start("10.0.2.0", "255.255.255.0", "10.0.2.2", "0.0.0.0").is_unspecified());
}

TEST(LibslirpSettings, WhatIsNoDomainIsLeftOutOfTheSearchList) {
  SlirpConfig config = usual();
  const std::string long_label(64, 'x');
  std::array<const char*, 5> search{"a.example", "b..example", long_label.c_str(), "c.example",
                                    nullptr};
  config.vdnssearch = search.data();
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(read_settings(config).network.domain_search,
            (std::vector<std::string>{"a.example", "c.example"}));
  EXPECT_NE(::testing::internal::GetCapturedStderr().find("b..example"), std::string::npos);
}

TEST(LibslirpSettings, WithoutIpv4ItsFieldsMeanNothing) {
  SlirpConfig config = usual();
  config.in_enabled = false;
  config.vnetmask.s_addr = config.vhost.s_addr = config.vdhcp_start.s_addr = 0;
  const Settings settings = read_settings(config);
  EXPECT_FALSE(settings.network.network.has_v4);
}

TEST(LibslirpSettings, Ipv6IsTakenAsQemuAsksForIt) {
  SlirpConfig config = usual();
  config.in6_enabled = true;
  config.vprefix_len = 64;
  ASSERT_EQ(::inet_pton(AF_INET6, "fec0::", &config.vprefix_addr6), 1);
  ASSERT_EQ(::inet_pton(AF_INET6, "fec0::2", &config.vhost6), 1);
  ASSERT_EQ(::inet_pton(AF_INET6, "fec0::3", &config.vnameserver6), 1);
  const Network network = read_settings(config).network.network;
  EXPECT_TRUE(network.has_v6);
  EXPECT_EQ(network.v6.subnet.to_string(), "fec0::/64");
  EXPECT_EQ(network.v6.host, *IpAddress::parse("fec0::2"));
  EXPECT_EQ(network.v6.dns, *IpAddress::parse("fec0::3"));
  // A name server of the outside, and one that the host itself is.
  for (const char* const dns : {"2001:db8::53", "fec0::2"}) {
    ASSERT_EQ(::inet_pton(AF_INET6, dns, &config.vnameserver6), 1);
    EXPECT_EQ(read_settings(config).network.network.v6.dns, *IpAddress::parse(dns));
  }
}

}  // namespace
}  // namespace sluice
