#include "app/slirp4netns/command_line.h"

#include <gtest/gtest.h>

#include "app/options/usage_error.h"

namespace sluice {
namespace {

using Target = Slirp4netnsInvocation::Target;
using Words = std::vector<std::string>;

Slirp4netnsInvocation parse(const Words& words) {
  return std::get<Slirp4netnsInvocation>(parse_slirp4netns(words));
}

std::string text_of(const Words& words) {
  return std::get<TextInvocation>(parse_slirp4netns(words)).text;
}

std::string problem_of(const Words& words) {
  try {
    parse_slirp4netns(words);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "none";
}

bool complains_of(const Words& words, const std::string& what) {
  return problem_of(words).find(what) != std::string::npos;
}

TEST(Slirp4netnsCommandLine, ANumberIsAProcessAndDefaultsAreTheOriginals) {
  const Slirp4netnsInvocation given = parse({"4711", "tap0"});
  EXPECT_EQ(given.target_kind, Target::kProcess);
  EXPECT_EQ(given.target, "4711");
  EXPECT_EQ(given.tap_name, "tap0");
  EXPECT_EQ(given.mtu, 1500);
  EXPECT_EQ(given.network.to_string(), "10.0.2.0/24");
  EXPECT_TRUE(given.host_loopback && given.dns);
  EXPECT_FALSE(given.configure || given.ipv6 || given.sandbox || given.seccomp);
  EXPECT_FALSE(given.ready_descriptor || given.exit_descriptor || given.mac);
}

TEST(Slirp4netnsCommandLine, PodmansWordsAreUnderstood) {
  const Slirp4netnsInvocation given =
      parse({"--disable-host-loopback", "--mtu=65520", "--enable-sandbox", "--enable-seccomp",
             "--enable-ipv6", "-c", "-r", "3", "-e", "4", "--api-socket", "/run/api.sock",
             "--cidr=10.1.0.0/16", "--outbound-addr=192.0.2.1", "--netns-type=path",
             "/run/netns/one", "tap0"});
  EXPECT_EQ(given.target_kind, Target::kPath);
  EXPECT_EQ(given.target, "/run/netns/one");
  EXPECT_EQ(given.mtu, 65520);
  EXPECT_EQ(given.ready_descriptor, 3);
  EXPECT_EQ(given.exit_descriptor, 4);
  EXPECT_EQ(given.api_socket, "/run/api.sock");
  EXPECT_EQ(given.network.to_string(), "10.1.0.0/16");
  EXPECT_EQ(given.outbound, "192.0.2.1");
  EXPECT_FALSE(given.host_loopback);
  EXPECT_TRUE(given.sandbox && given.seccomp && given.ipv6 && given.configure);
}

TEST(Slirp4netnsCommandLine, RootlessKitsWordsAreUnderstood) {
  const Slirp4netnsInvocation given =
      parse({"--mtu", "65520", "-r", "3", "--userns-path=/proc/9/ns/user", "--netns-type=path",
             "/proc/9/ns/net", "tap0"});
  EXPECT_EQ(given.user_namespace, "/proc/9/ns/user");
  EXPECT_FALSE(given.configure);
}

TEST(Slirp4netnsCommandLine, OptionsMayFollowTheTargetAndBeShortened) {
  const Slirp4netnsInvocation given = parse({"1", "tap1", "--disable-h", "-cm", "1400"});
  EXPECT_FALSE(given.host_loopback);
  EXPECT_TRUE(given.configure);
  EXPECT_EQ(given.mtu, 1400);
  EXPECT_EQ(given.tap_name, "tap1");
}

TEST(Slirp4netnsCommandLine, OldNamesWorkAndAreTold) {
  const Slirp4netnsInvocation given = parse({"--no-host-loopback", "--create-sandbox", "1"});
  EXPECT_FALSE(given.host_loopback);
  EXPECT_TRUE(given.sandbox);
  EXPECT_EQ(given.warnings.size(), 2U);
}

TEST(Slirp4netnsCommandLine, TheMtuHasBounds) {
  EXPECT_EQ(parse({"-m", "65521", "1"}).mtu, 65521);
  EXPECT_EQ(parse({"-m", "68", "1"}).mtu, 68);
  for (const std::string wrong : {"0", "65522", "x", "", "1500x", " 1500", "-1", "0x100"}) {
    EXPECT_TRUE(complains_of({"-m", wrong, "1"}, "MTU must be a positive integer")) << wrong;
  }
  EXPECT_TRUE(complains_of({"-m", "67", "1"}, "at least 68"));
}

TEST(Slirp4netnsCommandLine, TheNetworkIsANetworkWithRoomForTheGuest) {
  EXPECT_EQ(parse({"--cidr", "10.0.2.0/25", "1"}).network.length(), 25U);
  for (const std::string wrong : {"foo", "10.0.2.0", "10.0.2.0/8x", " 10.0.0.0/8", "10.0.2.0/-1",
                                  "", "fd00::/64", "10.0.2.0/"}) {
    EXPECT_TRUE(complains_of({"--cidr", wrong, "1"}, "invalid CIDR")) << wrong;
  }
  for (const std::string wrong : {"10.0.2.0/26", "10.0.2.0/0", "10.0.2.0/33"}) {
    EXPECT_TRUE(complains_of({"--cidr", wrong, "1"}, "prefix length needs to be 1-25")) << wrong;
  }
  EXPECT_TRUE(complains_of({"--cidr", "10.0.2.1/24", "1"}, "needs to be a network address"));
  EXPECT_TRUE(complains_of({"--cidr", "127.0.0.0/8", "1"}, "no guest can use"));
}

TEST(Slirp4netnsCommandLine, DescriptorsAreNumbers) {
  EXPECT_TRUE(complains_of({"-e", "x", "1"}, "exit-fd must be a non-negative integer"));
  EXPECT_TRUE(complains_of({"-r", "-5", "1"}, "ready-fd must be a non-negative integer"));
}

TEST(Slirp4netnsCommandLine, AProcessIsAPositiveNumber) {
  for (const std::string wrong : {"0", "abc", "1x", "/run/netns/one"}) {
    EXPECT_TRUE(complains_of({wrong, "tap0"}, "PID must be a positive integer")) << wrong;
  }
}

TEST(Slirp4netnsCommandLine, ATapDescriptorIsANumberAndNotConfigured) {
  EXPECT_EQ(parse({"--netns-type=tapfd", "7"}).target_kind, Target::kTapDescriptor);
  EXPECT_TRUE(complains_of({"--netns-type=tapfd", "x"}, "must be a non-negative integer"));
  EXPECT_TRUE(complains_of({"--netns-type=tapfd", "-c", "7"}, "conflicts"));
  EXPECT_TRUE(complains_of({"--netns-type=foo", "7"}, "--netns-type must be"));
}

TEST(Slirp4netnsCommandLine, ASocketForUserModeLinuxKnowsNoNamespace) {
  const Slirp4netnsInvocation given = parse({"--target-type=bess", "/tmp/bess.sock"});
  EXPECT_EQ(given.target_kind, Target::kBess);
  EXPECT_EQ(given.target, "/tmp/bess.sock");
  for (const std::string other : {"--configure", "--netns-type=pid", "--userns-path=/x"}) {
    EXPECT_TRUE(complains_of({"--target-type=bess", other, "/tmp/x"}, "conflicts")) << other;
  }
  EXPECT_TRUE(complains_of({"--target-type=bess", "/tmp/x", "tap0"}, "too many arguments"));
  EXPECT_TRUE(complains_of({"--target-type=foo", "1"}, "--target-type must be"));
}

TEST(Slirp4netnsCommandLine, ALinkAddressIsAnInterfacesAndNeedsConfigure) {
  EXPECT_EQ(parse({"-c", "--macaddress=52:54:00:12:34:56", "1"}).mac->to_string(),
            "52:54:00:12:34:56");
  EXPECT_TRUE(complains_of({"--macaddress=52:54:00:12:34:56", "1"}, "needs --configure"));
  EXPECT_TRUE(complains_of({"-c", "--macaddress=zz", "1"}, "invalid MAC address"));
  EXPECT_TRUE(complains_of({"-c", "--macaddress=01:00:5e:00:00:01", "1"}, "group"));
}

TEST(Slirp4netnsCommandLine, WhatIsWrongIsNamed) {
  EXPECT_TRUE(complains_of({}, "namespace is missing"));
  EXPECT_TRUE(complains_of({"--bogus", "1"}, "unrecognized option '--bogus'"));
  EXPECT_TRUE(complains_of({"-1"}, "unrecognized option '-1'"));
  EXPECT_TRUE(complains_of({"--api-socket"}, "--api-socket requires an argument"));
  EXPECT_TRUE(complains_of({"1", "an-interface-name"}, "no interface's name"));
  EXPECT_EQ(parse({"1", "tap0", "extra"}).warnings.size(), 1U);
}

TEST(Slirp4netnsCommandLine, TheHelpNamesWhatCallersLookFor) {
  const std::string help = text_of({"--help"});
  for (const std::string name :
       {"--configure", "--exit-fd", "--ready-fd", "--mtu", "--enable-ipv6", "--api-socket",
        "--cidr", "--disable-host-loopback", "--netns-type", "--userns-path", "--enable-sandbox",
        "--enable-seccomp", "--outbound-addr", "--outbound-addr6", "--disable-dns", "--macaddress",
        "--target-type"}) {
    EXPECT_NE(help.find(name + "="), help.find(name + " "))
        << name << " is in the help, with a value or without";
  }
}

TEST(Slirp4netnsCommandLine, TheVersionIsLinesThatCallersRead) {
  const std::string version = text_of({"-v", "--bogus"});
  EXPECT_EQ(version.find("slirp4netns version 1."), 0U);
  EXPECT_NE(version.find("\nlibslirp: 4."), std::string::npos);
  EXPECT_NE(version.find("\nSLIRP_CONFIG_VERSION_MAX: "), std::string::npos);
  EXPECT_NE(version.find("\nlibseccomp: 2."), std::string::npos);
}

}  // namespace
}  // namespace sluice
