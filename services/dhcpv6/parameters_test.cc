#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>

#include "services/dhcpv6/test_world.h"

namespace sluice {
namespace {

using Code = Dhcpv6Code;
using Type = Dhcpv6Type;
using std::chrono::hours;

std::string text_of(const std::optional<Dhcpv6Message>& answer, Code code) {
  return answer ? std::string(as_text(answer->find(code).value_or(Bytes()))) : "";
}

TEST(Dhcpv6Parameters, InformsWithoutALease) {
  Dhcpv6World world(full_config());
  Dhcpv6Message message =
      asking_for(message_of(1, Type::kInformationRequest),
                 {Code::kBootFileUrl, Code::kNameServers, Code::kDomainSearch,
                  Code::kInformationRefreshTime, Code::kNameServers, static_cast<Code>(22)});
  for (const bool names_itself : {true, false}) {
    if (!names_itself) message.client.reset();
    const auto reply = world.ask(message);
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->type, Type::kReply);
    EXPECT_EQ(reply->client, message.client);
    EXPECT_EQ(codes_of(reply), (std::vector{Code::kBootFileUrl, Code::kNameServers,
                                            Code::kDomainSearch, Code::kInformationRefreshTime}));
    EXPECT_EQ(text_of(reply, Code::kBootFileUrl), "tftp://[fec0::2]/pxelinux.0");
    EXPECT_EQ(text_of(reply, Code::kNameServers),
              std::string("\xfe\xc0\0\0\0\0\0\0\0\0\0\0\0\0\0\3", 16));
    EXPECT_EQ(text_of(reply, Code::kDomainSearch),
              std::string("\7example\3org\0\1a\7example\0", 24));
    EXPECT_EQ(text_of(reply, Code::kInformationRefreshTime), std::string("\0\1\x51\x80", 4));
  }
  EXPECT_TRUE(world.leases().empty());
}

TEST(Dhcpv6Parameters, GivesWhatIsAskedForWithLeasesToo) {
  Dhcpv6World world(full_config());
  EXPECT_EQ(codes_of(world.ask(
                asking_for(solicit(1), {Code::kDomainSearch, Code::kInformationRefreshTime}))),
            std::vector{Code::kDomainSearch});
  EXPECT_EQ(codes_of(world.ask(asking_for(request(1), {Code::kNameServers}))),
            std::vector{Code::kNameServers});
  EXPECT_TRUE(codes_of(world.ask(asking_for(renew(1, {kFirst}), {}))).empty());
}

TEST(Dhcpv6Parameters, GivesTheUsualToThoseWhoDoNotSay) {
  Dhcpv6World world(full_config());
  EXPECT_EQ(codes_of(world.ask(solicit(1))),
            (std::vector{Code::kNameServers, Code::kDomainSearch, Code::kBootFileUrl}));
  Dhcpv6Config config = plain_config();
  config.dns.reset();
  Dhcpv6World silent(config);
  EXPECT_TRUE(codes_of(silent.ask(solicit(1))).empty());
}

TEST(Dhcpv6Parameters, RestrictedTellsOfNoWayOut) {
  Dhcpv6Config config = full_config();
  config.restricted = true;
  EXPECT_EQ(codes_of(Dhcpv6World(config).ask(solicit(1))),
            (std::vector{Code::kDomainSearch, Code::kBootFileUrl}));
  for (const char* const url : {"http://boot.example.org/a", "http://[2001:db8::1]/a"}) {
    config.boot_url = url;
    EXPECT_EQ(codes_of(Dhcpv6World(config).ask(solicit(1))), std::vector{Code::kDomainSearch})
        << url;
  }
}

TEST(Dhcpv6Parameters, EchoesTheClassOfThoseWhoBootByHttp) {
  Dhcpv6Config config = plain_config();
  config.boot_url = "http://[fec0::2]/boot.efi";
  Dhcpv6World world(config);
  Dhcpv6Message http = asking_for(solicit(1), {Code::kBootFileUrl});
  http.add(Code::kVendorClass,
           as_bytes(std::string_view("\0\0\1\x57\0\x15HTTPClient:Arch:00016", 27)));
  EXPECT_EQ(text_of(world.ask(http), Code::kVendorClass),
            std::string("\0\0\1\x57\0\nHTTPClient", 16));
  EXPECT_FALSE(Dhcpv6World(full_config()).ask(http)->find(Code::kVendorClass)) << "it is TFTP's";
  for (const std::string_view classes :
       {std::string_view("\0\0\1\x57\0\x09PXEClient", 15), std::string_view("\0\0\1\x57\0\0", 6),
        std::string_view("\0\0\1", 3)}) {
    Dhcpv6Message other = solicit(1);
    other.add(Code::kVendorClass, as_bytes(classes));
    EXPECT_FALSE(world.ask(other)->find(Code::kVendorClass));
  }
}

TEST(Dhcpv6Parameters, AllThatCanBeConfiguredFitsBesideOneAddress) {
  Dhcpv6Config config = plain_config();
  config.boot_url = "http://[fec0::2]/";
  config.boot_url.resize(Dhcpv6Server::kMaxText, 'x');
  for (int i = 0; i < 8; ++i) config.domain_search.emplace_back(58, static_cast<char>('a' + i));
  Dhcpv6World world(config);
  Dhcpv6Message message = solicit(1);
  message.client = Duid::parse(Octets(Duid::kMaxSize, 1));
  message.rapid_commit = true;
  message.add(Code::kVendorClass, as_bytes(std::string_view("\0\0\1\x57\0\nHTTPClient", 16)));
  const auto reply = world.ask(message);
  EXPECT_EQ(given_in(reply), kFirst);
  EXPECT_EQ(codes_of(reply), (std::vector{Code::kVendorClass, Code::kNameServers,
                                          Code::kDomainSearch, Code::kBootFileUrl}));
}

TEST(Dhcpv6Parameters, RefusesAConfigurationThatItCantTell) {
  const auto is_refused = [](const auto& change) {
    Dhcpv6Config config = full_config();
    change(config);
    EXPECT_THROW(Dhcpv6World{config}, std::invalid_argument);
  };
  is_refused([](Dhcpv6Config& config) { config.boot_url.resize(481, 'x'); });
  is_refused([](Dhcpv6Config& config) { config.domain_search = {"a..b"}; });
  is_refused([](Dhcpv6Config& config) { config.domain_search.assign(9, std::string(58, 'x')); });
  is_refused([](Dhcpv6Config& config) { config.first_lease = kElsewhere; });
  is_refused([](Dhcpv6Config& config) { config.leases = Dhcpv6Server::kMaxLeases + 1; });
  is_refused([](Dhcpv6Config& config) { config.valid_time = hours(17); });
  is_refused([](Dhcpv6Config& config) { config.preferred_time = hours(0); });
  is_refused([](Dhcpv6Config& config) { config.refresh_time = hours(24 * 365 * 200); });
}

}  // namespace
}  // namespace sluice
