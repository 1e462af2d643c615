#include "app/options/netdev.h"

#include <gtest/gtest.h>

#include <string>

#include "app/options/usage_error.h"

namespace sluice {
namespace {

constexpr IpAddress kLoopback = IpAddress::v4(127, 0, 0, 1);

template <typename Kind>
Kind parsed(const std::string& text) {
  return std::get<Kind>(parse_netdev(text).kind);
}

std::string problem(const std::string& text) {
  try {
    parse_netdev(text);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

TEST(Netdev, StreamsListenAndConnect) {
  const Netdev server =
      parse_netdev("stream,id=s0,server=on,addr.type=inet,addr.host=127.0.0.1,addr.port=1234");
  EXPECT_EQ(server.id, "s0");
  const auto& peer = std::get<StreamPeerOptions>(std::get<StreamNetdev>(server.kind).peer);
  EXPECT_TRUE(peer.listens);
  EXPECT_EQ(std::get<Endpoint>(peer.place), (Endpoint{kLoopback, 1234}));
  const auto client = std::get<StreamPeerOptions>(
      parsed<StreamNetdev>("stream,addr.type=unix,addr.path=/tmp/x,reconnect-ms=20").peer);
  EXPECT_FALSE(client.listens);
  EXPECT_EQ(client.reconnect, std::chrono::milliseconds(20));
  EXPECT_EQ(std::get<UnixSocketName>(client.place).path, "/tmp/x");
  const auto abstract = std::get<StreamPeerOptions>(
      parsed<StreamNetdev>("stream,server,addr.type=unix,addr.path=x,addr.abstract").peer);
  EXPECT_TRUE(abstract.listens && std::get<UnixSocketName>(abstract.place).abstract);
  const auto given = parsed<StreamNetdev>("stream,addr.type=fd,addr.str=2");
  EXPECT_EQ(std::get<GivenDescriptor>(given.peer).number, 2);
}

TEST(Netdev, DatagramsGoToOneOrToAGroup) {
  const auto pair = std::get<DatagramNetdev::Pair>(
      parsed<DatagramNetdev>("dgram,local.type=inet,local.host=127.0.0.1,local.port=1,"
                             "remote.type=inet,remote.host=::1,remote.port=2")
          .peer);
  EXPECT_EQ(std::get<Endpoint>(pair.local), (Endpoint{kLoopback, 1}));
  EXPECT_EQ(std::get<Endpoint>(pair.remote).port, 2);
  const auto group = std::get<DatagramNetdev::Group>(
      parsed<DatagramNetdev>("dgram,remote.type=inet,remote.host=230.0.0.1,remote.port=1234").peer);
  EXPECT_EQ(group.group, (Endpoint{IpAddress::v4(230, 0, 0, 1), 1234}));
  const auto names = std::get<DatagramNetdev::Pair>(
      parsed<DatagramNetdev>("dgram,local.type=unix,local.path=/a,remote.type=unix,remote.path=/b")
          .peer);
  EXPECT_EQ(std::get<UnixSocketName>(names.remote).path, "/b");
}

TEST(Netdev, SocketsAreOfEitherKind) {
  const auto listens =
      std::get<StreamPeerOptions>(parsed<StreamNetdev>("socket,listen=:1234").peer);
  EXPECT_TRUE(listens.listens);
  EXPECT_EQ(std::get<Endpoint>(listens.place), (Endpoint{IpAddress::v4(0), 1234}));
  const auto connects =
      std::get<StreamPeerOptions>(parsed<StreamNetdev>("socket,connect=[::1]:5").peer);
  EXPECT_FALSE(connects.listens);
  const auto group = std::get<DatagramNetdev::Group>(
      parsed<DatagramNetdev>("socket,mcast=230.0.0.1:1234,localaddr=127.0.0.1").peer);
  EXPECT_EQ(group.interface, kLoopback);
  const auto udp = std::get<DatagramNetdev::Pair>(
      parsed<DatagramNetdev>("socket,udp=127.0.0.1:1,localaddr=127.0.0.1:2").peer);
  EXPECT_EQ(std::get<Endpoint>(udp.local).port, 2);
}

TEST(Netdev, TapsAndHubs) {
  EXPECT_EQ(parsed<TapNetdev>("tap,ifname=tap7,script=no,downscript=no").name, "tap7");
  const auto full = parsed<TapNetdev>("tap,script=/up,downscript=/down,vnet_hdr=off,queues=4");
  EXPECT_EQ(full.script, "/up");
  EXPECT_EQ(full.down_script, "/down");
  EXPECT_FALSE(full.vnet_headers);
  EXPECT_EQ(full.queues, 4U);
  EXPECT_EQ(parsed<TapNetdev>("tap,fds=1:2,script=no").given.size(), 2U);
  const auto helped = parsed<TapNetdev>("tap,helper=/helper,br=br7");
  EXPECT_EQ(helped.helper, "/helper");
  EXPECT_EQ(helped.bridge, "br7");
  const auto bridge = parsed<TapNetdev>("bridge");
  EXPECT_EQ(bridge.helper, "/usr/lib/qemu/qemu-bridge-helper");
  EXPECT_EQ(bridge.bridge, "br0");
  const auto port = parsed<HubPort>("hubport,id=h,hubid=3,netdev=a");
  EXPECT_EQ(port.hub, 3U);
  EXPECT_EQ(port.netdev, "a");
  EXPECT_EQ(parsed<HubPort>("hubport,id=h,hubid=3").netdev, "") << "a card names it";
}

TEST(Netdev, SwitchesOfVdeHavePortsGroupsAndModes) {
  const auto vde = parsed<VdeNetdev>("vde,sock=/run/switch,port=3,group=users,mode=0660");
  EXPECT_EQ(vde.place, "/run/switch");
  EXPECT_EQ(vde.port, 3);
  EXPECT_EQ(vde.group, "users");
  EXPECT_EQ(vde.mode, 0660U);
  EXPECT_EQ(parsed<VdeNetdev>("vde").mode, 0700U);
}

TEST(Netdev, PseudowiresOfL2tpv3KnowBothEnds) {
  const auto plain = parsed<L2tpv3Options>("l2tpv3,src=192.0.2.1,dst=192.0.2.2,txsession=7");
  EXPECT_EQ(plain.remote, (Endpoint{IpAddress::v4(192, 0, 2, 2), 0}));
  EXPECT_EQ(plain.send_session, 7U);
  EXPECT_EQ(plain.receive_session, 7U);
  EXPECT_EQ(plain.format.header_size(), 4U);
  const auto full = parsed<L2tpv3Options>(
      "l2tpv3,src=::1,dst=::2,ipv6,udp,srcport=1,dstport=2,cookie64,txcookie=0x123456789,"
      "rxcookie=2,counter,rxsession=0xffffffff,txsession=1,offset=4");
  EXPECT_EQ(full.local.port, 1);
  EXPECT_TRUE(full.format.over_udp && full.format.sublayer && full.numbered);
  EXPECT_EQ(full.format.header_size(), 4U + 4 + 8 + 4 + 4);
  EXPECT_EQ(full.send_cookie, 0x123456789U);
  EXPECT_EQ(full.receive_session, 0xffffffffU);
  const auto pinned =
      parsed<L2tpv3Options>("l2tpv3,src=192.0.2.1,dst=192.0.2.2,txsession=7,counter,pincounter");
  EXPECT_TRUE(pinned.format.sublayer && !pinned.numbered);
}

TEST(Netdev, AMistakeInAPseudowireIsNamed) {
  const std::string ends = "l2tpv3,src=192.0.2.1,dst=192.0.2.2";
  EXPECT_NE(problem("l2tpv3,src=::1").find("both needed"), std::string::npos);
  EXPECT_NE(problem("l2tpv3,src=::1,dst=192.0.2.2").find("different families"), std::string::npos);
  EXPECT_NE(problem(ends).find("txsession is missing"), std::string::npos);
  EXPECT_NE(problem(ends + ",txsession=0").find("from 1 to"), std::string::npos);
  EXPECT_NE(problem(ends + ",txsession=1,ipv6").find("addresses of IPv4"), std::string::npos);
  EXPECT_NE(problem(ends + ",txsession=1,udp").find("srcport and dstport"), std::string::npos);
  EXPECT_NE(problem(ends + ",txsession=1,srcport=1").find("expected udp=on"), std::string::npos);
  EXPECT_NE(problem(ends + ",txsession=1,rxcookie=1").find("both needed"), std::string::npos);
  EXPECT_NE(problem(ends + ",txsession=1,cookie64").find("are missing"), std::string::npos);
  EXPECT_NE(problem(ends + ",txsession=1,rxcookie=1,txcookie=0x100000000").find("cookie64=on"),
            std::string::npos);
  EXPECT_NE(problem(ends + ",txsession=1,pincounter").find("counter=on"), std::string::npos);
  EXPECT_NE(problem(ends + ",txsession=1,offset=256").find("0 to 255"), std::string::npos);
}

TEST(Netdev, TheUserNetworkIsOne) {
  EXPECT_EQ(parse_netdev("user,id=u,net=10.1.1.0/24").id, "u");
}

TEST(Netdev, AMistakeIsNamed) {
  EXPECT_NE(problem("steam").find("did you mean 'stream'?"), std::string::npos);
  EXPECT_NE(problem("").find("type is missing"), std::string::npos);
  EXPECT_NE(problem("stream").find("addr.type is missing"), std::string::npos);
  EXPECT_NE(problem("stream,addr.type=inet").find("both needed"), std::string::npos);
  EXPECT_NE(problem("stream,addr.type=unix").find("addr.path is missing"), std::string::npos);
  EXPECT_NE(problem("stream,addr.type=tcp").find("expected one of inet"), std::string::npos);
  EXPECT_NE(problem("stream,addr.typ=inet").find("did you mean 'addr.type'?"), std::string::npos);
  EXPECT_NE(problem("stream,server,addr.type=unix,addr.path=/x,reconnect=1").find("server"),
            std::string::npos);
  EXPECT_NE(problem("stream,addr.type=inet,addr.port=0").find("1 to 65535"), std::string::npos);
  EXPECT_NE(problem("dgram,local.type=inet,local.host=::1,local.port=1").find("both needed"),
            std::string::npos);
  EXPECT_NE(problem("dgram,local.type=unix,local.path=/a,remote.type=inet,remote.host=::1,"
                    "remote.port=1")
                .find("different types"),
            std::string::npos);
  EXPECT_NE(problem("socket").find("one of listen"), std::string::npos);
  EXPECT_NE(problem("socket,listen=:1,connect=127.0.0.1:2").find("one of listen"),
            std::string::npos);
  EXPECT_NE(problem("socket,udp=127.0.0.1:1").find("localaddr="), std::string::npos);
  EXPECT_NE(problem("socket,mcast=127.0.0.1:1").find("group"), std::string::npos);
  EXPECT_NE(problem("socket,connect=:1").find("HOST:PORT"), std::string::npos);
  EXPECT_NE(problem("tap,fd=2,queues=2").find("beside them"), std::string::npos);
  EXPECT_NE(problem("tap,fds=2:2").find("each number once"), std::string::npos);
  EXPECT_NE(problem("tap,fds=2:").find("open descriptor"), std::string::npos);
  EXPECT_NE(problem("tap,helper=/h,ifname=tap0").find("beside it"), std::string::npos);
  EXPECT_NE(problem("tap,br=br1").find("br belongs to helper"), std::string::npos);
  EXPECT_NE(problem("tap,queues=0").find("1 to 256"), std::string::npos);
  EXPECT_NE(problem("bridge,br=a-very-long-name-it-is").find("1 to 15"), std::string::npos);
  EXPECT_NE(problem("vde,mode=rwx").find("octal"), std::string::npos);
  EXPECT_NE(problem("vde,port=65536").find("up to 65535"), std::string::npos);
  EXPECT_NE(problem("hubport,hubid=1").find("netdev, or an id"), std::string::npos);
  EXPECT_NE(problem("hubport,id=h,netdev=a").find("hubid is missing"), std::string::npos);
}

}  // namespace
}  // namespace sluice
