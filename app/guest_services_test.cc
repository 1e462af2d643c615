#include "app/guest_services.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/sim/sim.h"

namespace sluice {
namespace {

constexpr IpAddress kGateway = IpAddress::v4(10, 0, 2, 2);
constexpr IpAddress kDns = IpAddress::v4(10, 0, 2, 3);

class NoNameServers final : public NameServers {
 public:
  gsl::span<const Endpoint> current(Time /*now*/) override { return {}; }
};

class NoFiles final : public Files {
 public:
  OpenedFile open(std::string_view /*path*/) override {
    return {.error = std::errc::no_such_file_or_directory};
  }
  Transfer read(FileId /*id*/, std::uint64_t /*offset*/, MutableBytes /*into*/) override {
    return {};
  }
  void close(FileId /*id*/) override {}
};

// DHCPDISCOVER (RFC 2131), with nothing that is not needed.
std::string discover() {
  std::string text(240, '\0');
  text[0] = 1;  // BOOTREQUEST
  text[1] = 1;  // Ethernet
  text[2] = 6;
  for (std::size_t i = 0; i < MacAddress::kSize; ++i) {
    text[28 + i] = static_cast<char>(kGuestMac.octets().at(i));
  }
  text.replace(236, 4, "\x63\x82\x53\x63");
  text.append("\x35\x01\x01\xff", 4);
  return text;
}

// A query for an address of host.sluice.internal.
std::string query() {
  return std::string("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00", 12) +
         std::string("\x04host\x06sluice\x08internal\x00\x00\x01\x00\x01", 26);
}

class GuestServicesTest : public testing::Test {
 protected:
  // What the guest sees after one datagram.
  std::vector<SeenFrame> answers(const Endpoint& from, const Endpoint& to,
                                 const std::string& text) {
    sim_.from_guest(udp_frame(from, to, text));
    return sim_.take_seen();
  }

  Sim sim_;
  NoNameServers name_servers_;
  NoFiles files_;
};

TEST_F(GuestServicesTest, DhcpIsHeardWhereGuestsWithoutAnAddressSpeak) {
  const GuestServices services(sim_.nat, parse_user_network("user"), name_servers_);
  const auto seen =
      answers({IpAddress::v4(0), 68}, {IpAddress::v4(255, 255, 255, 255), 67}, discover());
  ASSERT_EQ(seen.size(), 1U);
  ASSERT_TRUE(seen[0].udp);
  EXPECT_EQ(seen[0].udp->source_port, 67);
  EXPECT_EQ(seen[0].udp->destination_port, 68);
}

TEST_F(GuestServicesTest, DnsIsHeardAtItsAddress) {
  const GuestServices services(sim_.nat, parse_user_network("user"), name_servers_);
  const auto seen = answers({kGuestAddress, 4000}, {kDns, 53}, query());
  ASSERT_EQ(seen.size(), 1U);
  ASSERT_TRUE(seen[0].udp);
  EXPECT_EQ(seen[0].ip->source, kDns);
  EXPECT_NE(seen[0].payload.find(std::string("\x0a\x00\x02\x02", 4)), std::string::npos);
}

TEST_F(GuestServicesTest, WithoutADnsProxyNobodyAnswersNotEvenThatNobodyIsThere) {
  UserNetworkOptions options = parse_user_network("user");
  options.serves_dns = false;
  const GuestServices services(sim_.nat, options, name_servers_);
  EXPECT_TRUE(answers({kGuestAddress, 4000}, {kDns, 53}, query()).empty());
}

TEST_F(GuestServicesTest, TftpIsHeardOnlyWithFilesToHandOut) {
  const std::string request("\x00\x01name\x00octet\x00", 13);
  {
    const GuestServices services(sim_.nat, parse_user_network("user"), name_servers_, &files_);
    const auto seen = answers({kGuestAddress, 4000}, {kGateway, 69}, request);
    ASSERT_EQ(seen.size(), 1U);
    ASSERT_TRUE(seen[0].udp);
    EXPECT_EQ(seen[0].payload.substr(0, 4), std::string("\x00\x05\x00\x01", 4));  // not found
  }
  Sim without;
  const GuestServices services(without.nat, parse_user_network("user"), name_servers_);
  without.from_guest(udp_frame({kGuestAddress, 4000}, {kGateway, 69}, request));
  for (const SeenFrame& frame : without.take_seen()) EXPECT_FALSE(frame.udp);
}

TEST_F(GuestServicesTest, NobodyServesWhatTheOptionsLeaveOut) {
  UserNetworkOptions options = parse_user_network("user");
  options.serves_dhcp = options.serves_dns = false;
  GuestServices services(sim_.nat, options, name_servers_);
  EXPECT_EQ(services.dhcp(), nullptr);
  const auto dhcp =
      answers({IpAddress::v4(0), 68}, {IpAddress::v4(255, 255, 255, 255), 67}, discover());
  EXPECT_TRUE(dhcp.empty());
  for (const SeenFrame& frame : answers({kGuestAddress, 4000}, {kDns, 53}, query())) {
    EXPECT_FALSE(frame.udp);
  }
}

}  // namespace
}  // namespace sluice
