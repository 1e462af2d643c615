// Configs of real programs.

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <array>

#include "app/libslirp/scripted_program.h"
#include "sluice/libslirp.h"
#include "stack/wire/ndp.h"

namespace sluice {
namespace {

void ask_for_ipv6(SlirpConfig& config, const char* host) {
  config.in6_enabled = true;
  config.vprefix_len = 64;
  ::inet_pton(AF_INET6, "fec0::", &config.vprefix_addr6);
  ::inet_pton(AF_INET6, host, &config.vhost6);
  ::inet_pton(AF_INET6, "fec0::3", &config.vnameserver6);
}

// What programs ask for, and the network's gateway must answer.
struct Asked {
  const char* by;
  void (*config)(SlirpConfig&);
};

TEST(LibslirpConfigs, TheNetworksThatProgramsAskForExist) {
  static constexpr std::array<Asked, 9> kAsked{{
      {"QEMU, dns=8.8.8.8", [](SlirpConfig& c) { c.vnameserver = raw("8.8.8.8"); }},
      {"QEMU, net=10.0.2.0/28",
       [](SlirpConfig& c) {
         c.vnetmask = raw("255.255.255.240");
         c.vdhcp_start = raw("10.0.2.15");
       }},
      {"QEMU, net=10.0.2.0/29",
       [](SlirpConfig& c) {
         c.vnetmask = raw("255.255.255.248");
         c.vdhcp_start = raw("10.0.2.7");
       }},
      {"QEMU, ipv6=on", [](SlirpConfig& c) { ask_for_ipv6(c, "fec0::2"); }},
      {"QEMU, ipv6-host=fec0::3", [](SlirpConfig& c) { ask_for_ipv6(c, "fec0::3"); }},
      {"bhyve",
       [](SlirpConfig& c) {
         c.version = 4;
         c.restricted = 1;
         c.vnameserver.s_addr = 0;
       }},
      {"a network without DHCP", [](SlirpConfig& c) { c.vdhcp_start.s_addr = 0; }},
      {"a network whose gateway is its name server",
       [](SlirpConfig& c) { c.vnameserver = c.vhost; }},
      {"slirp4netns",
       [](SlirpConfig& c) {
         c.version = 4;
         c.if_mtu = c.if_mru = 65520;
         c.disable_host_loopback = true;
       }},
  }};
  for (const Asked& asked : kAsked) {
    ScriptedProgram program;
    asked.config(program.config);
    ASSERT_TRUE(program.start()) << asked.by;
    program.from_guest(arp_question(IpAddress::v4(10, 0, 2, 6)));
    EXPECT_EQ(program.take_seen().size(), 1U) << asked.by;
    program.from_guest(ndp_frame(kGuestOnLink, IpAddress::all_routers(), RouterSolicitation{}));
    EXPECT_EQ(program.take_seen().size(), program.config.in6_enabled ? 1U : 0U) << asked.by;
  }
}

}  // namespace
}  // namespace sluice
