#include "app/libslirp/tables.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

constexpr IpAddress kGuest = IpAddress::v4(10, 0, 2, 15);
constexpr IpAddress kGateway = IpAddress::v4(10, 0, 2, 2);
constexpr IpAddress kLoopback = IpAddress::v4(127, 0, 0, 1);

std::optional<Endpoint> no_name(SocketId /*socket*/) {
  return std::nullopt;
}

// Line by line as libslirp 4.7 shows the same.
TEST(LibslirpTables, ConnectionsAreShownAsLibslirpShowsThem) {
  const std::vector<FlowInfo> flows{
      {.protocol = FlowInfo::Protocol::kUdp,
       .guest = {kGuest, 5000},
       .remote = {kGateway, 35253},
       .socket = static_cast<SocketId>(11),
       .left = std::chrono::milliseconds(239900)},
      {.protocol = FlowInfo::Protocol::kTcp,
       .guest = {kGuest, 22},
       .remote = {kGateway, 40000},
       .socket = static_cast<SocketId>(13),
       .state = tcp::State::kSynSent,
       .from_outside = true},
      {.protocol = FlowInfo::Protocol::kTcp,
       .guest = {kGuest, 4002},
       .remote = {IpAddress::v4(10, 0, 2, 101), 99},
       .state = tcp::State::kEstablished,
       .to_guest = 3},
      {.protocol = FlowInfo::Protocol::kTcp,
       .guest = {kGuest, 4000},
       .remote = {kGateway, 59827},
       .socket = static_cast<SocketId>(7),
       .state = tcp::State::kFinWait1,
       .to_guest = 3000},
      {.protocol = FlowInfo::Protocol::kEcho,
       .guest = {kGuest, 77},
       .remote = {IpAddress::v4(192, 0, 2, 2), 0},
       .socket = static_cast<SocketId>(6),
       .left = std::chrono::seconds(240)},
  };
  const auto tcp = ListenAddress::Protocol::kTcp;
  const auto udp = ListenAddress::Protocol::kUdp;
  const std::vector<HostForwardInfo> forwards{
      {{{tcp, Endpoint{IpAddress::v4(0), 22022}}, {kGuest, 22}}, static_cast<SocketId>(3)},
      {{{tcp, Endpoint{kLoopback, 45377}}, {IpAddress::v4(10, 0, 2, 77), 65535}},
       static_cast<SocketId>(4)},
      {{{udp, Endpoint{kLoopback, 22053}}, {kGuest, 53}}, static_cast<SocketId>(5)},
  };
  const auto name = [](SocketId) { return std::optional(Endpoint{kLoopback, 22022}); };
  EXPECT_EQ(connection_table(flows, forwards, name),
            "  Protocol[State]    FD  Source Address  Port   Dest. Address  Port RecvQ SendQ\n"
            "  TCP[SYN_SENT]      13       127.0.0.1 22022       10.0.2.15    22     0     0\n"
            "  TCP[ESTABLISHED]   -1       10.0.2.15  4002      10.0.2.101    99     0     3\n"
            "  TCP[FIN_WAIT_1]     7       10.0.2.15  4000        10.0.2.2 59827     0  3000\n"
            "  TCP[HOST_FORWARD]   4       127.0.0.1 45377       10.0.2.77 65535     0     0\n"
            "  TCP[HOST_FORWARD]   3               * 22022       10.0.2.15    22     0     0\n"
            "  UDP[239 sec]       11       10.0.2.15  5000        10.0.2.2 35253     0     0\n"
            "  UDP[HOST_FORWARD]   5       127.0.0.1 22053       10.0.2.15    53     0     0\n"
            "  ICMP[240 sec]       6       10.0.2.15  -          192.0.2.2  -        0     0\n");
}

TEST(LibslirpTables, ASocketWithoutANameIsShownAsTheGuestSeesIt) {
  const std::vector<FlowInfo> flows{{.guest = {kGuest, 22},
                                     .remote = {kGateway, 40000},
                                     .state = tcp::State::kEstablished,
                                     .from_outside = true}};
  EXPECT_NE(connection_table(flows, {}, &no_name).find("10.0.2.2 40000       10.0.2.15    22"),
            std::string::npos);
}

TEST(LibslirpTables, LongAddressesAreNotCutOff) {
  const IpAddress v6 = *IpAddress::parse("2001:db8:1111:2222:3333:4444:5555:6666");
  const std::vector<FlowInfo> flows{{.guest = {v6, 1}, .remote = {v6, 65535}}};
  const std::string table = connection_table(flows, {}, &no_name);
  EXPECT_NE(table.find(v6.to_string() + "     1 " + v6.to_string() + " 65535     0     0\n"),
            std::string::npos);
}

TEST(LibslirpTables, NeighborsAreShownAsLibslirpShowsThem) {
  Neighbors neighbors;
  neighbors.learn(kGuest, MacAddress({0x52, 0x54, 0, 0x12, 0x34, 0x56}));
  neighbors.learn(*IpAddress::parse("fec0::15"), MacAddress({0x52, 0x54, 0, 0x12, 0x34, 0x57}));
  EXPECT_EQ(neighbor_table(neighbors),
            "  Table  MacAddr            IP Address\n"
            "    ARP  52:54:00:12:34:56  10.0.2.15\n"
            "    NDP  52:54:00:12:34:57  fec0::15\n");
}

}  // namespace
}  // namespace sluice
