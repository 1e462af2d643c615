#include "services/dhcpv6/boot_url.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

constexpr IpAddress kHost = IpAddress::v6({0xfe, 0xc0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2});

TEST(BootUrl, AFileIsAtTheTftpServer) {
  EXPECT_EQ(boot_url_of("pxelinux.0", "", kHost), "tftp://[fec0::2]/pxelinux.0");
  EXPECT_EQ(boot_url_of("boot/a.efi", "", kHost), "tftp://[fec0::2]/boot/a.efi");
  EXPECT_EQ(boot_url_of("/boot/a.efi", "", kHost), "tftp://[fec0::2]/boot/a.efi");
}

TEST(BootUrl, TheTftpServerMayHaveAName) {
  EXPECT_EQ(boot_url_of("a", "boot.example.org", kHost), "tftp://boot.example.org/a");
  EXPECT_EQ(boot_url_of("a", "fec0::9", kHost), "tftp://[fec0::9]/a");
  EXPECT_EQ(boot_url_of("a", "10.0.2.9", kHost), "tftp://10.0.2.9/a");
}

TEST(BootUrl, AUrlStaysAsItIs) {
  for (const char* const url : {"http://boot.example.org/a b", "tftp://[fec0::9]/a;mode=octet"}) {
    EXPECT_EQ(boot_url_of(url, "", kHost), url);
    EXPECT_EQ(boot_url_of(url, "boot.example.org", kHost), url);
  }
}

TEST(BootUrl, WithoutAFileThereIsNone) {
  EXPECT_EQ(boot_url_of("", "boot.example.org", kHost), "");
}

TEST(BootUrl, WhatEndsAPathIsEncoded) {
  EXPECT_EQ(boot_url_of("a b?#;%\xc3\xa9[", "", kHost),
            "tftp://[fec0::2]/a%20b%3F%23%3B%25%C3%A9%5B");
  EXPECT_EQ(boot_url_of("://a", "", kHost), "tftp://[fec0::2]/://a");
  EXPECT_EQ(boot_url_of("1a://b", "", kHost), "tftp://[fec0::2]/1a://b");
  EXPECT_EQ(boot_url_of("a/b://c", "", kHost), "tftp://[fec0::2]/a/b://c");
}

TEST(BootUrl, TellsTheAddressOfItsHost) {
  EXPECT_EQ(address_in_url("tftp://[fec0::2]/a"), kHost);
  EXPECT_EQ(address_in_url("http://[fec0::2]:80/a"), kHost);
  EXPECT_EQ(address_in_url("http://[fec0::2]?a"), kHost);
  EXPECT_EQ(address_in_url("http://10.0.2.2:80"), IpAddress::v4(10, 0, 2, 2));
}

TEST(BootUrl, AHostWithANameHasNoAddress) {
  for (const char* const url :
       {"http://boot.example.org/", "http://fec0::2/", "http://[fec0::2", "http://[fec0::2]x/",
        "http://[fec0::2]@example.org/", "http:///[fec0::2]", "http://", "[fec0::2]", ""}) {
    EXPECT_EQ(address_in_url(url), std::nullopt) << url;
  }
}

}  // namespace
}  // namespace sluice
