#include "services/dns/proxy.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "services/dns/test_messages.h"
#include "tests/sim/service_world.h"

namespace sluice {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Endpoint kServer{IpAddress::v4(192, 0, 2, 1), kDnsPort};
constexpr Endpoint kGuest{IpAddress::v4(10, 0, 2, 15), 4000};
constexpr Endpoint kProxy{IpAddress::v4(10, 0, 2, 3), kDnsPort};
constexpr MacAddress kGuestMac({0x52, 0x54, 0, 0x12, 0x34, 0x56});

class Proxy : public testing::Test {
 protected:
  Proxy() { world.name_servers = {kServer}; }

  void restrict() {
    DnsProxyConfig config = DnsProxyConfig::for_network(Network());
    config.restricted = true;
    proxy.emplace(config, world.context(), world);
  }
  void ask(Bytes query) { proxy->on_datagram(world.now, {kGuestMac, kGuest, kProxy, query}); }
  // The one reply to a query that is answered at once.
  Octets reply_to(Bytes query) {
    world.sent.clear();
    ask(query);
    EXPECT_EQ(world.sent.size(), 1U);
    return world.sent.empty() ? Octets() : world.sent[0].payload;
  }
  DnsRcode rcode_of(Bytes query) { return DnsHeader::parse(reply_to(query))->rcode(); }
  // The name server answers the query that was forwarded last.
  void serve(std::size_t padding) {
    auto& socket = world.host.newest();
    const Octets query = octets_of(socket.sent_datagrams.at(0).payload);
    const Octets reply = make_reply(query, DnsRcode::kNoError, padding);
    socket.incoming_datagrams.push_back({.peer = kServer, .payload = std::string(as_text(reply))});
    proxy->on_host(world.now, {socket.token, {.readable = true}});
  }
  void send(SocketId id, const Octets& message) {
    const Octets bytes = framed(message);
    const Bytes piece = bytes;
    EXPECT_EQ(proxy->send(id, {&piece, 1}).bytes, bytes.size());
    world.pass(milliseconds(3));
  }
  Octets read(SocketId id) {
    Octets buffer(1 << 18);
    const MutableBytes room = buffer;
    buffer.resize(proxy->receive(id, {&room, 1}).bytes);
    return buffer;
  }
  void serve_stream(SimHost::Socket& socket, std::size_t padding) {
    proxy->on_host(world.now, {socket.token, {.writable = true}});
    const Octets reply =
        framed(make_reply(as_bytes(socket.sent).subspan(2), DnsRcode::kNoError, padding));
    socket.incoming.assign(reply.begin(), reply.end());
    proxy->on_host(world.now, {socket.token, {.readable = true}});
  }

  ServiceWorld world;
  std::optional<DnsProxy> proxy{std::in_place, DnsProxyConfig::for_network(Network()),
                                world.context(), world};
};

TEST_F(Proxy, KnowsTheHostAndItself) {
  const auto expect = [&](std::string_view name, std::uint8_t last) {
    const Octets query = make_query(1, name);
    const DnsReply expected =
        DnsReply::answer(*DnsMessage::parse(query), DnsRcode::kNoError,
                         DnsAnswer{IpAddress::v4(10, 0, 2, last), DnsProxy::kLocalSecondsToLive});
    const Octets reply = reply_to(query);
    EXPECT_EQ(reply, Octets(expected.bytes().begin(), expected.bytes().end()));
    EXPECT_EQ(reply.back(), last);
  };
  expect("host.sluice.internal", 2);
  expect("HOST.Sluice.Internal", 2);
  expect("dns.sluice.internal", 3);
  EXPECT_EQ(world.host.opened(), 0U);
  EXPECT_EQ(world.sent[0].from, kProxy);
  EXPECT_EQ(world.sent[0].to, kGuest);
  EXPECT_EQ(world.sent[0].link_to, kGuestMac);
  EXPECT_EQ(proxy->counters().answered_locally, 3U);
}

TEST_F(Proxy, KnowsTheAddressesOfIpv6Too) {
  const Octets query = make_query(1, "host.sluice.internal", DnsType::kAaaa);
  const DnsReply expected =
      DnsReply::answer(*DnsMessage::parse(query), DnsRcode::kNoError,
                       DnsAnswer{*IpAddress::parse("fec0::2"), DnsProxy::kLocalSecondsToLive});
  EXPECT_EQ(reply_to(query), Octets(expected.bytes().begin(), expected.bytes().end()));
}

TEST_F(Proxy, HasNoOtherDataForLocalNames) {
  for (const DnsType type : {DnsType(15), DnsType(16), DnsType::kAxfr}) {
    const Octets reply = reply_to(make_query(1, "host.sluice.internal", type));
    const auto header = DnsHeader::parse(reply);
    EXPECT_EQ(header->rcode(), DnsRcode::kNoError);
    EXPECT_EQ(header->answers, 0);
  }
  EXPECT_EQ(
      DnsHeader::parse(reply_to(make_query(1, "host.sluice.internal", DnsType::kAny)))->answers, 1);
}

TEST_F(Proxy, NothingElseExistsInItsZoneAndNobodyElseIsAsked) {
  EXPECT_EQ(rcode_of(make_query(1, "other.sluice.internal")), DnsRcode::kNameError);
  EXPECT_EQ(rcode_of(make_query(1, "a.host.sluice.internal")), DnsRcode::kNameError);
  EXPECT_EQ(rcode_of(make_query(1, "sluice.internal")), DnsRcode::kNoError);
  EXPECT_EQ(world.host.opened(), 0U);
  ask(make_query(1, "xsluice.internal"));
  EXPECT_EQ(world.host.opened(), 1U);
}

TEST_F(Proxy, LocalNamesBelongToTheInternetClassAlone) {
  Octets query = make_query(1, "host.sluice.internal");
  query.back() = 3;
  EXPECT_EQ(rcode_of(query), DnsRcode::kRefused);
}

TEST_F(Proxy, ALocalNameMayBeAnywhereAndOfEitherFamily) {
  DnsProxyConfig config;
  config.local_names = {{"printer.lan", *IpAddress::parse("fec0::9")},
                        {"printer.lan", IpAddress::v4(10, 0, 2, 9)}};
  proxy.emplace(config, world.context(), world);
  const auto answers = [&](DnsType type) {
    return DnsHeader::parse(reply_to(make_query(1, "Printer.LAN", type)))->answers;
  };
  EXPECT_EQ(answers(DnsType::kA), 1);
  EXPECT_EQ(answers(DnsType::kAaaa), 1);
  EXPECT_EQ(answers(DnsType(16)), 0);
}

TEST_F(Proxy, ANameThatIsNoneIsAnErrorOfConfiguration) {
  DnsProxyConfig config;
  config.local_names = {{"a..b", IpAddress::v4(10, 0, 2, 9)}};
  EXPECT_THROW(DnsProxy(config, world.context(), world), std::invalid_argument);
}

TEST_F(Proxy, AnEdnsVersionItDoesNotKnowIsTold) {
  const Octets reply =
      reply_to(make_query(1, "host.sluice.internal", DnsType::kA, DnsOpt{.version = 1}));
  EXPECT_EQ(DnsMessage::parse(reply)->opt()->extended_rcode, 1);
}

TEST_F(Proxy, ForwardsWhatIsNotLocal) {
  const Octets query = make_query(0x7777, "example.org", DnsType::kA, DnsOpt{.udp_size = 1400});
  ask(query);
  EXPECT_TRUE(world.sent.empty());
  serve(1000);
  ASSERT_EQ(world.sent.size(), 1U);
  EXPECT_EQ(world.sent[0].payload, make_reply(query, DnsRcode::kNoError, 1000));
  EXPECT_EQ(world.sent[0].from, kProxy);
  EXPECT_EQ(world.sent[0].to, kGuest);
  EXPECT_EQ(world.sent[0].link_to, kGuestMac);
}

TEST_F(Proxy, CutsAReplyThatTheGuestCannotTake) {
  const auto served = [&](const Octets& query, std::size_t size) {
    world.sent.clear();
    ask(query);
    const std::size_t rest = make_reply(query, DnsRcode::kNoError, 0).size();
    serve(size - rest);
    return world.sent.at(0).payload;
  };
  const Octets plain = make_query(1, "example.org");
  EXPECT_EQ(served(plain, 512).size(), 512U);
  const Octets cut = served(plain, 513);
  EXPECT_TRUE(DnsHeader::parse(cut)->is_truncated());
  EXPECT_EQ(DnsHeader::parse(cut)->answers, 0);
  EXPECT_EQ(DnsHeader::parse(cut)->id, 1);
  EXPECT_EQ(cut.size(), plain.size());

  const Octets extended = make_query(1, "example.org", DnsType::kA, DnsOpt{.udp_size = 1400});
  EXPECT_EQ(served(extended, 1400).size(), 1400U);
  const Octets cut_extended = served(extended, 1401);
  EXPECT_TRUE(DnsHeader::parse(cut_extended)->is_truncated());
  EXPECT_EQ(DnsMessage::parse(cut_extended)->opt()->udp_size, 1400);
  EXPECT_EQ(proxy->counters().truncated, 2U);
}

TEST_F(Proxy, DropsWhatIsNoQuery) {
  Octets response = make_query(1, "host.sluice.internal");
  response[2] |= 0x80;
  ask(response);
  ask(Octets(11));
  ask(Octets());
  EXPECT_TRUE(world.sent.empty());
  EXPECT_EQ(proxy->counters().dropped, 3U);
}

TEST_F(Proxy, OtherOpcodesAndZoneTransfersAreNotImplemented) {
  Octets notify = make_query(1, "example.org");
  notify[2] |= 4 << 3;
  EXPECT_EQ(rcode_of(notify), DnsRcode::kNotImplemented);
  EXPECT_EQ(world.sent[0].payload.size(), DnsHeader::kSize);
  EXPECT_EQ(rcode_of(make_query(1, "example.org", DnsType::kAxfr)), DnsRcode::kNotImplemented);
  EXPECT_EQ(rcode_of(make_query(1, "example.org", DnsType::kIxfr)), DnsRcode::kNotImplemented);
  EXPECT_EQ(world.host.opened(), 0U);
}

TEST_F(Proxy, MalformedQueriesAreFormatErrors) {
  Octets no_question = make_query(1, "example.org");
  no_question[5] = 0;
  EXPECT_EQ(rcode_of(no_question), DnsRcode::kFormatError);
  Octets missing_record = make_query(1, "example.org");
  missing_record[11] = 1;
  EXPECT_EQ(rcode_of(missing_record), DnsRcode::kFormatError);
  Octets too_long = make_query(1, "example.org");
  too_long.resize(DnsUpstream::kMaxQuery + 1);
  EXPECT_EQ(rcode_of(too_long), DnsRcode::kFormatError);
  EXPECT_EQ(proxy->counters().malformed, 3U);
  EXPECT_EQ(world.host.opened(), 0U);
}

TEST_F(Proxy, WhenRestrictedAnswersLocalNamesAndRefusesTheRestUnasked) {
  restrict();
  EXPECT_EQ(rcode_of(make_query(1, "host.sluice.internal")), DnsRcode::kNoError);
  EXPECT_EQ(rcode_of(make_query(1, "example.org")), DnsRcode::kRefused);
  const SocketId id = proxy->open(world.now, {}, kGuest);
  send(id, make_query(2, "example.org"));
  EXPECT_EQ(DnsHeader::parse(Bytes(read(id)).subspan(2))->rcode(), DnsRcode::kRefused);
  EXPECT_EQ(world.host.opened(), 0U);
}

TEST_F(Proxy, WithoutNameServersFailureIsToldAtOnce) {
  world.name_servers.clear();
  EXPECT_EQ(rcode_of(make_query(1, "example.org")), DnsRcode::kServerFailure);
}

TEST_F(Proxy, AnswersStreamsOutOfOrder) {
  const SocketId id = proxy->open(world.now, {}, kGuest);
  const Octets first = make_query(1, "example.org");
  const Octets second = make_query(2, "example.net");
  send(id, first);
  send(id, second);
  send(id, make_query(3, "host.sluice.internal"));
  EXPECT_EQ(DnsHeader::parse(Bytes(read(id)).subspan(2))->id, 3);
  ASSERT_EQ(world.host.open(), 2U);
  serve_stream(world.host.newest(), 2000);
  EXPECT_EQ(read(id), framed(make_reply(second, DnsRcode::kNoError, 2000)));
  serve_stream(world.host.at(world.host.open_sockets().front()), 10);
  EXPECT_EQ(read(id), framed(make_reply(first, DnsRcode::kNoError, 10)));
  EXPECT_TRUE(world.sent.empty());
}

TEST_F(Proxy, AnAnswerForWhichAStreamHasNoRoomBecomesServerFailure) {
  const SocketId id = proxy->open(world.now, {}, kGuest);
  for (std::uint16_t i = 0; i < 3; ++i) send(id, make_query(i, "example.org"));
  for (int i = 0; i < 3; ++i) serve_stream(world.host.at(world.host.open_sockets().front()), 60000);
  const Octets all = read(id);
  const Octets big = framed(make_reply(make_query(0, "example.org"), DnsRcode::kNoError, 60000));
  EXPECT_EQ(DnsHeader::parse(Bytes(all).subspan(2 * big.size() + 2))->rcode(),
            DnsRcode::kServerFailure);
  EXPECT_EQ(proxy->counters().overflows, 1U);
}

TEST_F(Proxy, AClosedStreamTakesItsQueriesAlong) {
  const SocketId id = proxy->open(world.now, {}, kGuest);
  send(id, make_query(1, "example.org"));
  EXPECT_EQ(world.host.open(), 1U);
  proxy->close(id, CloseMode::kReset);
  EXPECT_EQ(world.host.open(), 0U);
  world.pass(seconds(40));
  EXPECT_FALSE(world.timers.deadline());
}

TEST_F(Proxy, ARetransmittedQueryOpensNoSecondSocket) {
  ask(make_query(1, "example.org"));
  ask(make_query(1, "example.org"));
  EXPECT_EQ(world.host.opened(), 1U);
  serve(10);
  EXPECT_EQ(world.sent.size(), 1U);
}

}  // namespace
}  // namespace sluice
