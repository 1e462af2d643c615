#include "stack/address.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace sluice {
namespace {

IpAddress ip(std::string_view text) {
  const auto address = IpAddress::parse(text);
  EXPECT_TRUE(address) << text;
  return address.value_or(IpAddress());
}

Subnet subnet(std::string_view text) {
  const auto parsed = Subnet::parse(text);
  EXPECT_TRUE(parsed) << text;
  return parsed.value_or(Subnet());
}

// Octets with runs of zeros, which is where the text form of IPv6 has its rules.
IpAddress sparse_v6() {
  std::array<std::uint8_t, 16> octets{};
  for (auto& octet : octets) {
    octet = *rc::gen::weightedOneOf<std::uint8_t>(
        {{3, rc::gen::just<std::uint8_t>(0)}, {1, rc::gen::arbitrary<std::uint8_t>()}});
  }
  return IpAddress::v6(octets);
}

TEST(MacAddress, ReadsAndWritesColonForm) {
  const auto mac = MacAddress::parse("52:54:00:12:34:Af");
  ASSERT_TRUE(mac);
  EXPECT_EQ(mac->octets(), (std::array<std::uint8_t, 6>{0x52, 0x54, 0, 0x12, 0x34, 0xaf}));
  EXPECT_EQ(mac->to_string(), "52:54:00:12:34:af");
}

TEST(MacAddress, AnythingElseIsRefused) {
  for (const char* text :
       {"", "52:54:00:12:34", "52:54:00:12:34:5", "52:54:00:12:34:567", "52-54-00-12-34-56",
        "5g:54:00:12:34:56", "+1:54:00:12:34:56", " 1:54:00:12:34:56", "52:54:00:12:34:56 ",
        "525400123456", "52:54:00:12:34:56:78"}) {
    EXPECT_FALSE(MacAddress::parse(text)) << text;
  }
}

TEST(MacAddress, GroupAndZeroAddressesAreKnown) {
  EXPECT_TRUE(MacAddress::broadcast().is_group());
  EXPECT_TRUE(MacAddress({1, 0, 0x5e, 0, 0, 1}).is_group());
  EXPECT_FALSE(MacAddress({0x52, 0x55, 10, 0, 2, 2}).is_group());
  EXPECT_TRUE(MacAddress().is_zero());
  EXPECT_FALSE(MacAddress::broadcast().is_zero());
  EXPECT_TRUE(MacAddress({0x52, 0x55, 10, 0, 2, 2}).is_station());
  EXPECT_FALSE(MacAddress().is_station() || MacAddress::broadcast().is_station());
}

RC_GTEST_PROP(MacAddress, TextRoundTrips, (const std::array<std::uint8_t, 6>& octets)) {
  const MacAddress mac(octets);
  RC_ASSERT(MacAddress::parse(mac.to_string()) == mac);
}

TEST(IpAddress, ReadsDottedQuads) {
  EXPECT_EQ(ip("10.0.2.2"), IpAddress::v4(10, 0, 2, 2));
  EXPECT_EQ(ip("10.0.2.2").v4_bits(), 0x0a000202);
  EXPECT_EQ(ip("255.255.255.255").v4_bits(), 0xffffffff);
  EXPECT_EQ(ip("0.0.0.0").v4_bits(), 0);
}

TEST(IpAddress, OtherSpellingsOfIpv4AreRefused) {
  for (const char* text : {"",          "1",          "127.1",      "10.0.2",      "10.0.2.",
                           "10.0.2.2.", "10.0.2.2.2", ".10.0.2",    "10..2.2",     "256.0.0.1",
                           "010.0.2.2", "10.0.2.00",  "0x7f.0.0.1", "2130706433",  "10.0.2.-1",
                           "10.0.2.+1", " 10.0.2.2",  "10.0.2.2 ",  "10.0.2.2/24", "10.0.2.2:53",
                           "a.b.c.d"}) {
    EXPECT_FALSE(IpAddress::parse(text)) << text;
  }
}

// The texts of RFC 4291, section 2.2, and their canonical forms by RFC 5952.
TEST(IpAddress, ReadsRfc4291AndWritesRfc5952) {
  const std::pair<const char*, const char*> cases[] = {
      {"ABCD:EF01:2345:6789:ABCD:EF01:2345:6789", "abcd:ef01:2345:6789:abcd:ef01:2345:6789"},
      {"2001:DB8:0:0:8:800:200C:417A", "2001:db8::8:800:200c:417a"},
      {"FF01:0:0:0:0:0:0:101", "ff01::101"},
      {"0:0:0:0:0:0:0:1", "::1"},
      {"0:0:0:0:0:0:0:0", "::"},
      {"::", "::"},
      {"0:0:0:0:0:0:13.1.68.3", "::d01:4403"},
      {"::13.1.68.3", "::d01:4403"},
      {"64:ff9b::192.0.2.33", "64:ff9b::c000:221"},
      {"2001:db8::", "2001:db8::"},
      {"1::", "1::"},
      {"::1:0:0:0:0:0:0", "0:1::"},
      // RFC 5952, section 4.1: leading zeros; 4.2.2: one group is not shortened; 4.2.3: the
      // longest run, or the first of equals.
      {"2001:0db8::0001", "2001:db8::1"},
      {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
      {"2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
      {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
      {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
      {"1:2:3:4:5:6:0:0", "1:2:3:4:5:6::"},
      {"0:0:3:4:5:6:7:8", "::3:4:5:6:7:8"},
      {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
  };
  for (const auto& [text, canonical] : cases) EXPECT_EQ(ip(text).to_string(), canonical) << text;
}

TEST(IpAddress, WrongIpv6IsRefused) {
  for (const char* text : {":",
                           ":::",
                           "1",
                           "1:2:3:4:5:6:7",
                           "1:2:3:4:5:6:7:8:9",
                           "1::2::3",
                           "::1::",
                           "1:",
                           ":1",
                           "1:2:3:4:5:6:7:8::",
                           "::1:2:3:4:5:6:7:8",
                           "1:2:3:4::5:6:7:8",
                           "12345::",
                           "g::",
                           "::1%eth0",
                           "[::1]",
                           "::1/128",
                           "1.2.3.4::",
                           "::1.2.3",
                           "::1.2.3.4.5",
                           "::1.2.3.4:5",
                           "::01.2.3.4",
                           "1:2:3:4:5:6:7:1.2.3.4",
                           "::-1",
                           "::+1",
                           "::0x1",
                           " ::1",
                           "1: 2::"}) {
    EXPECT_FALSE(IpAddress::parse(text)) << text;
  }
}

TEST(IpAddress, TheMappedFormIsTheIpv4Address) {
  EXPECT_EQ(ip("::ffff:127.0.0.1"), IpAddress::v4(127, 0, 0, 1));
  EXPECT_EQ(ip("::ffff:7f00:1").to_string(), "127.0.0.1");
  EXPECT_TRUE(ip("::ffff:127.0.0.1").is_loopback());
  EXPECT_TRUE(ip("::ffff:0:0").is_v4());
  EXPECT_FALSE(ip("::127.0.0.1").is_v4());
}

TEST(IpAddress, ClassesOfAddressesAreKnown) {
  EXPECT_TRUE(ip("0.0.0.0").is_unspecified());
  EXPECT_TRUE(ip("::").is_unspecified());
  EXPECT_FALSE(ip("0.0.0.1").is_unspecified());
  EXPECT_TRUE(ip("127.0.0.1").is_loopback());
  EXPECT_TRUE(ip("127.255.255.254").is_loopback());
  EXPECT_TRUE(ip("::1").is_loopback());
  EXPECT_FALSE(ip("128.0.0.1").is_loopback());
  EXPECT_FALSE(ip("::2").is_loopback());
  EXPECT_TRUE(ip("224.0.0.1").is_multicast());
  EXPECT_TRUE(ip("239.255.255.255").is_multicast());
  EXPECT_TRUE(ip("ff02::1").is_multicast());
  EXPECT_FALSE(ip("240.0.0.1").is_multicast());
  EXPECT_FALSE(ip("fe80::1").is_multicast());
  EXPECT_TRUE(ip("169.254.1.1").is_link_local());
  EXPECT_TRUE(ip("fe80::1").is_link_local());
  EXPECT_TRUE(ip("febf::1").is_link_local());
  EXPECT_FALSE(ip("fec0::1").is_link_local());
  EXPECT_FALSE(ip("169.253.1.1").is_link_local());
  EXPECT_TRUE(ip("255.255.255.255").is_limited_broadcast());
}

// The example of RFC 4291, section 2.7.1, and what RFC 2464, section 7, makes of it.
TEST(IpAddress, SolicitedNodeAndItsLinkAddressFollowTheRfcs) {
  const IpAddress asked = ip("4037::01:800:200E:8C6C").solicited_node();
  EXPECT_EQ(asked, ip("FF02::1:FF0E:8C6C"));
  EXPECT_EQ(asked.multicast_mac().to_string(), "33:33:ff:0e:8c:6c");
}

TEST(IpAddress, AllNodesAndAllRoutersOfTheLinkAreKnown) {
  EXPECT_EQ(IpAddress::all_nodes(), ip("ff02::1"));
  EXPECT_EQ(IpAddress::all_routers(), ip("ff02::2"));
  EXPECT_EQ(IpAddress::all_nodes().multicast_mac().to_string(), "33:33:00:00:00:01");
}

RC_GTEST_PROP(IpAddress, Ipv4TextRoundTrips, (std::uint32_t bits)) {
  const IpAddress address = IpAddress::v4(bits);
  RC_ASSERT(address.is_v4());
  RC_ASSERT(address.v4_bits() == bits);
  RC_ASSERT(IpAddress::parse(address.to_string()) == address);
}

RC_GTEST_PROP(IpAddress, Ipv6TextRoundTrips, ()) {
  const IpAddress address = sparse_v6();
  RC_ASSERT(IpAddress::parse(address.to_string()) == address);
}

RC_GTEST_PROP(IpAddress, AnyTextIsReadWithoutHarm, ()) {
  const std::string text = *rc::gen::container<std::string>(rc::gen::oneOf(
      rc::gen::elementOf(std::string("0123456789abcdef:::..../")), rc::gen::arbitrary<char>()));
  if (const auto address = IpAddress::parse(text)) {
    RC_ASSERT(IpAddress::parse(address->to_string()) == address);
  }
  if (const auto parsed = Subnet::parse(text)) RC_ASSERT(parsed->contains(parsed->base()));
}

TEST(Endpoint, WritesBracketsAroundIpv6Only) {
  EXPECT_EQ((Endpoint{ip("10.0.2.2"), 53}).to_string(), "10.0.2.2:53");
  EXPECT_EQ((Endpoint{ip("::1"), 65535}).to_string(), "[::1]:65535");
}

TEST(Subnet, KeepsOnlyTheNetworkPart) {
  const Subnet network = subnet("10.0.2.99/24");
  EXPECT_EQ(network.base(), ip("10.0.2.0"));
  EXPECT_EQ(network.length(), 24);
  EXPECT_EQ(network.v4_mask(), 0xffffff00);
  EXPECT_EQ(network.v4_broadcast(), ip("10.0.2.255"));
  EXPECT_EQ(network.nth(2), ip("10.0.2.2"));
  EXPECT_EQ(network.to_string(), "10.0.2.0/24");
}

TEST(Subnet, WhatOverlapsSpecialAddressesIsNotRoutable) {
  for (const char* text : {"fec0::/64", "fd00::/8", "2001:db8::/32", "0:0:0:0:1::/80"}) {
    EXPECT_TRUE(subnet(text).is_routable()) << text;
  }
  for (const char* text : {"fe80::/64", "fe80::/120", "fe00::/8", "ff02::/64", "fc00::/6", "::/64",
                           "::5/120", "::/4"}) {
    EXPECT_FALSE(subnet(text).is_routable()) << text;
  }
}

TEST(Subnet, SubnetsAreEqualThatHaveTheSameNetworkAndLength) {
  EXPECT_EQ(subnet("10.0.2.99/24"), subnet("10.0.2.0/24"));
  EXPECT_NE(subnet("10.0.2.0/24"), subnet("10.0.2.0/25"));
  EXPECT_NE(subnet("10.0.2.0/24"), subnet("10.0.3.0/24"));
}

TEST(Subnet, ContainsItsOwnFamilyOnly) {
  EXPECT_TRUE(subnet("10.0.2.0/24").contains(ip("10.0.2.255")));
  EXPECT_FALSE(subnet("10.0.2.0/24").contains(ip("10.0.3.0")));
  EXPECT_TRUE(subnet("0.0.0.0/0").contains(ip("255.1.2.3")));
  EXPECT_FALSE(subnet("0.0.0.0/0").contains(ip("::1")));
  EXPECT_FALSE(subnet("::/0").contains(ip("10.0.2.2")));
  EXPECT_TRUE(subnet("fec0::/64").contains(ip("fec0::2")));
  EXPECT_FALSE(subnet("fec0::/64").contains(ip("fec0:0:0:1::2")));
  EXPECT_TRUE(subnet("10.0.2.2/32").contains(ip("10.0.2.2")));
  EXPECT_FALSE(subnet("10.0.2.2/32").contains(ip("10.0.2.3")));
}

TEST(Subnet, HostsAreAllButTheNetworkAndTheBroadcast) {
  const Subnet network = subnet("10.0.2.0/29");
  for (std::uint32_t i = 0; i < 8; ++i)
    EXPECT_EQ(network.has_host(network.nth(i)), i != 0 && i != 7);
  EXPECT_FALSE(network.has_host(network.nth(8)));
  const Subnet network6 = subnet("fec0::/125");
  for (std::uint32_t i = 0; i < 8; ++i) EXPECT_EQ(network6.has_host(network6.nth(i)), i != 0);
  EXPECT_FALSE(network6.has_host(network6.nth(8)));
}

TEST(Subnet, EdgesOfLengthHold) {
  EXPECT_EQ(subnet("0.0.0.0/0").v4_mask(), 0);
  EXPECT_EQ(subnet("1.2.3.4/0").base(), ip("0.0.0.0"));
  EXPECT_EQ(subnet("1.2.3.4/32").v4_mask(), 0xffffffff);
  EXPECT_EQ(subnet("2001:db8::1/128").base(), ip("2001:db8::1"));
  EXPECT_EQ(subnet("2001:db8::/64").nth(0x12345678), ip("2001:db8::1234:5678"));
  EXPECT_EQ(subnet("2001:db8::ffff:ffff/128").nth(1), ip("2001:db8::1:0:0"));
}

TEST(Subnet, ABareAddressHasItsClassfulLength) {
  EXPECT_EQ(subnet("10.0.2.0").to_string(), "10.0.0.0/8");
  EXPECT_EQ(subnet("127.0.0.1").length(), 8);
  EXPECT_EQ(subnet("172.16.5.0").to_string(), "172.16.0.0/12");
  EXPECT_EQ(subnet("172.32.5.0").to_string(), "172.32.0.0/16");
  EXPECT_EQ(subnet("130.1.2.3").length(), 16);
  EXPECT_EQ(subnet("192.168.76.0").to_string(), "192.168.0.0/16");
  EXPECT_EQ(subnet("198.19.1.1").to_string(), "198.18.0.0/15");
  EXPECT_EQ(subnet("198.20.1.1").length(), 24);
  EXPECT_EQ(subnet("192.0.2.0").length(), 24);
  EXPECT_EQ(subnet("fec0::1").to_string(), "fec0::/64");
  EXPECT_FALSE(Subnet::parse("224.0.0.0"));
  EXPECT_FALSE(Subnet::parse("240.0.0.0"));
}

TEST(Subnet, WrongTextIsRefused) {
  for (const char* text :
       {"", "/", "/24", "10.0.2.0/", "10.0.2.0/33", "10.0.2.0/-1", "10.0.2.0/+8", "10.0.2.0/24/",
        "10.0.2.0/ 24", "10.0.2.0/0024", "10.0.2.0/255.255.255.0", "10.0.2.0/24x", "fec0::/129",
        "10.0.2/24", "10.0.2.0/4294967320"}) {
    EXPECT_FALSE(Subnet::parse(text)) << text;
  }
}

RC_GTEST_PROP(Subnet, TextRoundTripsAndContainsWhatAgreesInItsBits, (std::uint32_t bits)) {
  const auto length = *rc::gen::inRange(0U, 33U);
  const Subnet network(IpAddress::v4(bits), length);
  const auto parsed = Subnet::parse(network.to_string());
  RC_ASSERT(parsed.has_value());
  RC_ASSERT(parsed->base() == network.base());
  RC_ASSERT(parsed->length() == length);
  const auto other = *rc::gen::arbitrary<std::uint32_t>();
  const std::uint32_t mask = network.v4_mask();
  RC_ASSERT(network.contains(IpAddress::v4(other)) == ((other & mask) == (bits & mask)));
  RC_ASSERT(network.contains(IpAddress::v4((bits & mask) | (other & ~mask))));
  RC_ASSERT(network.contains(network.v4_broadcast()));
}

RC_GTEST_PROP(Subnet, Ipv6ContainsWhatAgreesInItsBits, ()) {
  const IpAddress address = sparse_v6();
  RC_PRE(!address.is_v4());
  const auto length = *rc::gen::inRange(0U, 129U);
  const Subnet network(address, length);
  RC_ASSERT(network.contains(address));
  RC_PRE(length > 0);
  std::array<std::uint8_t, 16> octets = address.octets();
  octets.at((length - 1) / 8) ^= static_cast<std::uint8_t>(0x80U >> ((length - 1) % 8));
  RC_ASSERT(!network.contains(IpAddress::v6(octets)));
}

}  // namespace
}  // namespace sluice
