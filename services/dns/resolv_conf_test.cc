#include "services/dns/resolv_conf.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace sluice {
namespace {

std::vector<std::string> servers(std::string_view text) {
  std::vector<std::string> result;
  for (const Endpoint& server : parse_resolv_conf(text).name_servers) {
    result.push_back(server.to_string());
  }
  return result;
}

using Strings = std::vector<std::string>;

TEST(ResolvConf, NameServersComeInOrderOnceEach) {
  EXPECT_EQ(servers("nameserver 192.0.2.1\nnameserver 2001:db8::1\nnameserver 192.0.2.1\n"),
            (Strings{"192.0.2.1:53", "[2001:db8::1]:53"}));
}

TEST(ResolvConf, TheLastLineNeedsNoEnd) {
  EXPECT_EQ(servers("\n\nnameserver 192.0.2.1"), Strings{"192.0.2.1:53"});
}

TEST(ResolvConf, CommentsAndUnknownLinesSayNothing) {
  EXPECT_EQ(servers("# nameserver 192.0.2.9\n;nameserver 192.0.2.8\noptions edns0\n"
                    "nameservers 192.0.2.7\nnameserver\nnameserver example.org\n"
                    "nameserver 192.0.2.1 # the first\r\n  nameserver\t192.0.2.2;\n"
                    "nameserver 192.0.2.3\r\n"),
            (Strings{"192.0.2.1:53", "192.0.2.3:53"}));
}

TEST(ResolvConf, AScopeIdIsDropped) {
  EXPECT_EQ(servers("nameserver fe80::1%eth0\n"), Strings{"[fe80::1]:53"});
}

TEST(ResolvConf, TheUnspecifiedAddressIsTheHostItself) {
  EXPECT_EQ(servers("nameserver 0.0.0.0\nnameserver ::\n"), (Strings{"127.0.0.1:53", "[::1]:53"}));
}

TEST(ResolvConf, NobodyCanAskAMulticastAddress) {
  EXPECT_EQ(servers("nameserver 224.0.0.251\nnameserver ff02::fb\n"), Strings{});
}

TEST(ResolvConf, KeepsEightNameServers) {
  std::string text;
  for (int i = 1; i < 20; ++i) text += "nameserver 192.0.2." + std::to_string(i) + "\n";
  EXPECT_EQ(servers(text).size(), 8U);
  EXPECT_EQ(servers(text).back(), "192.0.2.8:53");
}

TEST(ResolvConf, TheLastSearchOrDomainLineWins) {
  EXPECT_EQ(parse_resolv_conf("domain a.org\nsearch b.org c.org. ..\n").search,
            (Strings{"b.org", "c.org"}));
  EXPECT_EQ(parse_resolv_conf("search b.org c.org\ndomain a.org # b\n").search, Strings{"a.org"});
  EXPECT_EQ(parse_resolv_conf("search .\n").search, Strings{});
}

RC_GTEST_PROP(ResolvConf, AnyTextIsSafeAndBounded, ()) {
  const auto words = *rc::gen::container<std::vector<std::string>>(
      rc::gen::oneOf(rc::gen::element<std::string>("nameserver ", "search ", "domain ", "192.0.2.1",
                                                   "::1", "%", "\n", " ", "#"),
                     rc::gen::arbitrary<std::string>()));
  std::string text;
  for (const auto& word : words) text += word;
  const ResolvConf result = parse_resolv_conf(text);
  RC_ASSERT(result.name_servers.size() <= ResolvConf::kMaxNameServers);
  RC_ASSERT(result.search.size() <= ResolvConf::kMaxSearch);
}

}  // namespace
}  // namespace sluice
