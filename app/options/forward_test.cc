#include "app/options/forward.h"

#include <gtest/gtest.h>

#include <string>

#include "app/options/usage_error.h"

namespace sluice {
namespace {

std::string host_problem(std::string_view text) {
  try {
    parse_host_forward(text);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

std::string guest_problem(std::string_view text) {
  try {
    parse_guest_forward(text);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

TEST(HostForward, EveryPartMayBeWritten) {
  const HostForward forward = parse_host_forward("udp:127.0.0.1:5353-10.0.2.20:53");
  EXPECT_EQ(forward.listen.protocol, ListenAddress::Protocol::kUdp);
  EXPECT_EQ(std::get<Endpoint>(forward.listen.local),
            (Endpoint{IpAddress::v4(127, 0, 0, 1), 5353}));
  EXPECT_EQ(forward.guest, (Endpoint{IpAddress::v4(10, 0, 2, 20), 53}));
}

TEST(HostForward, WhatIsLeftOutIsTcpAnyAddressAndTheFirstLease) {
  const HostForward forward = parse_host_forward("::2222-:22");
  EXPECT_EQ(forward.listen.protocol, ListenAddress::Protocol::kTcp);
  EXPECT_EQ(std::get<Endpoint>(forward.listen.local), (Endpoint{IpAddress::v4(0), 2222}));
  EXPECT_TRUE(forward.guest.address.is_unspecified());
  EXPECT_EQ(forward.guest.port, 22);
}

TEST(HostForward, HostPortZeroLeavesTheChoiceToTheSystem) {
  EXPECT_EQ(std::get<Endpoint>(parse_host_forward("tcp::0-:22").listen.local).port, 0);
  EXPECT_NE(host_problem("tcp::22-:0").find("'0' is not a port"), std::string::npos);
}

TEST(HostForward, AnIpv6AddressOfTheHostStandsInBrackets) {
  const HostForward forward = parse_host_forward("tcp:[::1]:2222-:22");
  EXPECT_EQ(std::get<Endpoint>(forward.listen.local), (Endpoint{*IpAddress::parse("::1"), 2222}));
}

TEST(HostForward, APathMayHoldDashesAndColons) {
  const HostForward forward = parse_host_forward("unix:/tmp/a-b:c.sock-10.0.2.15:80");
  EXPECT_EQ(std::get<UnixPath>(forward.listen.local).path, "/tmp/a-b:c.sock");
  EXPECT_EQ(forward.guest, (Endpoint{IpAddress::v4(10, 0, 2, 15), 80}));
}

TEST(HostForward, AMistakeIsNamed) {
  EXPECT_NE(host_problem("tpc::1-:1").find("no protocol 'tpc'; did you mean 'tcp'?"),
            std::string::npos);
  EXPECT_NE(host_problem("tcp::99999-:1").find("'99999' is not a port"), std::string::npos);
  EXPECT_NE(host_problem("tcp::+1-:1").find("not a port"), std::string::npos);
  EXPECT_NE(host_problem("tcp:1.2.3:1-:1").find("'1.2.3' is not an IP address"), std::string::npos);
  EXPECT_NE(host_problem("tcp::1").find("no '-'"), std::string::npos);
  EXPECT_NE(host_problem("2222").find("no ':'"), std::string::npos);
  EXPECT_NE(host_problem("tcp:[::1:1-:1").find("]:"), std::string::npos);
  EXPECT_NE(host_problem("unix:-:1").find("1 to 107"), std::string::npos);
  EXPECT_NE(host_problem("tcp::1-[::1:1").find("]:"), std::string::npos);
  EXPECT_NE(host_problem("tcp:[]:1-:1").find("no address in '[]'"), std::string::npos);
  for (const auto* nobody : {"224.0.0.1", "255.255.255.255", "[ff02::1]"}) {
    EXPECT_NE(host_problem(std::string("udp:") + nobody + ":1-:1").find("single host"),
              std::string::npos);
  }
}

TEST(GuestForward, LeadsToACommandAsItIsWritten) {
  const GuestForward forward = parse_guest_forward("tcp:10.0.2.100:1234-cmd:cat -n a:b");
  EXPECT_EQ(forward.server, (Endpoint{IpAddress::v4(10, 0, 2, 100), 1234}));
  EXPECT_EQ(std::get<Command>(forward.target).line, "cat -n a:b");
}

TEST(GuestForward, LeadsToASocket) {
  const GuestForward tcp = parse_guest_forward(":10.0.2.100:80-tcp:127.0.0.1:8080");
  EXPECT_EQ(std::get<Endpoint>(tcp.target), (Endpoint{IpAddress::v4(127, 0, 0, 1), 8080}));
  const GuestForward local = parse_guest_forward("tcp::80-tcp:localhost:8080");
  EXPECT_TRUE(local.server.address.is_unspecified());
  EXPECT_EQ(std::get<Endpoint>(local.target), (Endpoint{IpAddress::v4(127, 0, 0, 1), 8080}));
  const GuestForward path = parse_guest_forward("tcp:10.0.2.100:80-unix:/run/x.sock");
  EXPECT_EQ(std::get<UnixPath>(path.target).path, "/run/x.sock");
}

TEST(GuestForward, AMistakeIsNamed) {
  EXPECT_NE(guest_problem("udp:10.0.2.100:1-cmd:cat").find("no protocol 'udp'"), std::string::npos);
  EXPECT_NE(guest_problem("tcp:10.0.2.100:1-cdm:cat").find("did you mean 'cmd'?"),
            std::string::npos);
  EXPECT_NE(guest_problem("tcp:10.0.2.100:1-cmd: ").find("no command"), std::string::npos);
  EXPECT_NE(guest_problem("tcp:10.0.2.100:1-cmd:cat 'x").find("nothing follows"),
            std::string::npos);
  EXPECT_NE(guest_problem("tcp:10.0.2.100:1-stdio").find("expected one of cmd, tcp, unix"),
            std::string::npos);
  EXPECT_NE(guest_problem("tcp:10.0.2.100:0-cmd:cat").find("not a port"), std::string::npos);
  EXPECT_NE(guest_problem("tcp:10.0.2.100:1-tcp:example.org:1").find("not an IP address"),
            std::string::npos);
  EXPECT_NE(guest_problem("tcp:10.0.2.100:1-tcp:224.0.0.1:1").find("single host"),
            std::string::npos);
}

TEST(HostForward, IsWrittenAsItIsRead) {
  for (const std::string rule : {"tcp:127.0.0.1:2222-10.0.2.15:22", "udp:0.0.0.0:53-:53",
                                 "tcp:[::1]:80-[fec0::15]:8080", "unix:/tmp/a-b-:80"}) {
    EXPECT_EQ(emit_host_forward(parse_host_forward(rule)), rule);
  }
}

TEST(ListenAddress, IsTheFirstHalfOfARuleWithOrWithoutTheOther) {
  for (const std::string rule : {"tcp:127.0.0.1:2222", "udp::53", "unix:/tmp/a-b", ":[::1]:8"}) {
    const ListenAddress alone = parse_listen_address(rule);
    const ListenAddress whole = parse_host_forward(rule + "-:1").listen;
    EXPECT_EQ(alone.protocol, whole.protocol);
    EXPECT_EQ(emit_host_forward({alone, {{}, 1}}), emit_host_forward({whole, {{}, 1}}));
    EXPECT_EQ(emit_host_forward({parse_listen_address(rule + "-10.0.2.15:22"), {{}, 1}}),
              emit_host_forward({whole, {{}, 1}}));
  }
  EXPECT_THROW(parse_listen_address("tcp:2222"), UsageError);
  EXPECT_THROW(parse_listen_address(""), UsageError);
}

}  // namespace
}  // namespace sluice
