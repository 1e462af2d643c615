#include "services/dns/upstream.h"

#include <gtest/gtest.h>

#include <set>

#include "services/dns/test_messages.h"
#include "tests/sim/service_world.h"

namespace sluice {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Endpoint kFirst{IpAddress::v4(192, 0, 2, 1), kDnsPort};
constexpr Endpoint kSecond{IpAddress::v4(192, 0, 2, 2), kDnsPort};
constexpr DatagramAsker kGuest{
    {IpAddress::v4(10, 0, 2, 15), 4000}, {IpAddress::v4(10, 0, 2, 3), kDnsPort}, {}};
constexpr DnsAsker kStream = static_cast<SocketId>(5);

struct Answers final : DnsUpstreamClient {
  struct Answer {
    DnsAsker asker;
    Octets query;
    Octets answer;
  };
  void on_answer(Time /*now*/, const DnsAsker& asker, const DnsMessage& query,
                 Bytes answer) override {
    all.push_back({asker, Octets(query.bytes().begin(), query.bytes().end()),
                   Octets(answer.begin(), answer.end())});
  }
  DnsRcode last_rcode() const { return DnsHeader::parse(all.back().answer)->rcode(); }

  std::vector<Answer> all;
};

class Upstream : public testing::Test {
 protected:
  Upstream() { world.name_servers = {kFirst, kSecond}; }

  bool ask(Bytes message, const DnsAsker& asker = kGuest) {
    return upstream.forward(world.now, asker, *DnsMessage::parse(message));
  }
  static Octets attempt_of(const SimHost::Socket& socket) {
    return octets_of(socket.is_datagrams() ? std::string_view(socket.sent_datagrams.at(0).payload)
                                           : std::string_view(socket.sent).substr(2));
  }
  void announce(Readiness ready) { upstream.on_host(world.now, {newest().token, ready}); }
  // The newest socket receives a datagram.
  void receive(const Endpoint& from, const Octets& reply) {
    newest().incoming_datagrams.push_back({.peer = from, .payload = std::string(as_text(reply))});
    announce({.readable = true});
  }
  void receive_error(const Endpoint& destination) {
    newest().errors.push_back({destination, std::errc::connection_refused, {}});
    announce({.error = true});
  }
  SimHost::Socket& newest() { return world.host.newest(); }
  const Endpoint& asked() {
    return newest().is_datagrams() ? newest().sent_datagrams.at(0).peer
                                   : std::get<Endpoint>(newest().target);
  }

  ServiceWorld world;
  Answers answers;
  DnsCounters counters;
  DnsUpstream upstream{world.context(), world, answers, counters};
  const Octets query = make_query(0x4242, "example.org", DnsType::kA, DnsOpt{.udp_size = 4096});
};

TEST_F(Upstream, PassesTheQueryOnWithAnotherIdAndTheAnswerBackWithTheGuests) {
  EXPECT_TRUE(ask(query));
  Octets sent = attempt_of(newest());
  EXPECT_EQ(asked(), kFirst);
  EXPECT_EQ(Octets(sent.begin() + 2, sent.end()), Octets(query.begin() + 2, query.end()));

  receive(kFirst, make_reply(sent));
  ASSERT_EQ(answers.all.size(), 1U);
  EXPECT_EQ(answers.all[0].answer, make_reply(query));
  EXPECT_EQ(answers.all[0].query, query);
  EXPECT_EQ(answers.all[0].asker, DnsAsker(kGuest));
  EXPECT_EQ(world.host.open(), 0U);
  EXPECT_EQ(upstream.in_flight(), 0U);
  EXPECT_EQ(counters.answered, 1U);
  EXPECT_FALSE(world.timers.deadline());
}

TEST_F(Upstream, EveryAttemptHasASocketAndAnIdOfItsOwn) {
  std::set<std::uint16_t> ids;
  for (std::uint16_t id = 0; id < 50; ++id) {
    ask(make_query(id, "example.org"));
    ids.insert(DnsHeader::parse(attempt_of(newest()))->id);
  }
  EXPECT_EQ(world.host.open(), 50U);
  EXPECT_GT(ids.size(), 48U);
}

TEST_F(Upstream, ARetransmissionJoinsTheQueryInFlight) {
  EXPECT_TRUE(ask(query));
  EXPECT_FALSE(ask(query));
  EXPECT_EQ(world.host.opened(), 1U);
  EXPECT_EQ(counters.joined, 1U);
  receive(kFirst, make_reply(attempt_of(newest())));
  EXPECT_EQ(answers.all.size(), 1U);
}

TEST_F(Upstream, AnotherIdQuestionOrAskerIsAnotherQuery) {
  DatagramAsker other = kGuest;
  other.from.port = 4001;
  EXPECT_TRUE(ask(query));
  EXPECT_TRUE(ask(query, other));
  EXPECT_TRUE(ask(make_query(0x4243, "example.org")));
  EXPECT_TRUE(ask(make_query(0x4242, "example.net")));
  EXPECT_TRUE(ask(make_query(0x4242, "example.org", DnsType::kAaaa)));
  EXPECT_EQ(upstream.in_flight(), 5U);
}

TEST_F(Upstream, IgnoresRepliesFromElsewhereOrToSomethingElse) {
  ask(query);
  const Octets attempt = attempt_of(newest());
  Octets wrong_id = make_reply(attempt);
  wrong_id[0] ^= 1;
  Octets cut_in_a_record = make_reply(attempt);
  cut_in_a_record.pop_back();
  receive(kSecond, make_reply(attempt));
  receive({kFirst.address, 54}, make_reply(attempt));
  receive(kFirst, wrong_id);
  receive(kFirst, attempt);  // a query
  receive(kFirst, cut_in_a_record);
  receive(kFirst, {});
  const auto id = DnsHeader::parse(attempt)->id;
  receive(kFirst, make_reply(make_query(id, "example.net")));
  receive(kFirst, make_reply(make_query(id, "example.org", DnsType::kAaaa)));
  EXPECT_TRUE(answers.all.empty());
  EXPECT_EQ(counters.unwanted_replies, 8U);
  EXPECT_EQ(counters.failed_over, 0U);

  receive(kFirst, make_reply(attempt));
  EXPECT_EQ(answers.all.size(), 1U);
}

TEST_F(Upstream, AReplyThatWritesTheNameInAnotherCaseIsAReply) {
  ask(make_query(1, "eXample.org"));
  const auto id = DnsHeader::parse(attempt_of(newest()))->id;
  receive(kFirst, make_reply(make_query(id, "Example.ORG")));
  EXPECT_EQ(counters.answered, 1U);
}

TEST_F(Upstream, ATruncatedReplyMayBeCutInARecord) {
  ask(query);
  Octets reply = make_reply(attempt_of(newest()));
  reply.pop_back();
  reply[2] |= 0x02;
  receive(kFirst, reply);
  EXPECT_EQ(counters.answered, 1U);
}

TEST_F(Upstream, ManyWrongRepliesEndTheAttempt) {
  ask(query);
  const Octets attempt = attempt_of(newest());
  Octets guess = make_reply(attempt);
  for (unsigned i = 0; i < DnsUpstream::kMaxUnwanted; ++i) {
    guess[0] = static_cast<std::uint8_t>(attempt[0] + 1 + i);
    newest().incoming_datagrams.push_back({.peer = kFirst, .payload = std::string(as_text(guess))});
  }
  newest().incoming_datagrams.push_back(
      {.peer = kFirst, .payload = std::string(as_text(make_reply(attempt)))});
  announce({.readable = true});
  EXPECT_EQ(asked(), kSecond);
  EXPECT_EQ(world.host.open(), 1U);
}

TEST_F(Upstream, ASilentServerIsFollowedByTheNextAfterItsPatience) {
  ask(query);
  const Octets first = attempt_of(newest());
  world.pass(DnsUpstream::kPatience - milliseconds(1));
  EXPECT_EQ(world.host.opened(), 1U);
  world.pass(milliseconds(3));
  EXPECT_EQ(world.host.opened(), 2U);
  EXPECT_EQ(world.host.open(), 1U);
  EXPECT_EQ(asked(), kSecond);
  EXPECT_EQ(counters.timeouts, 1U);
  receive(kSecond, make_reply(attempt_of(newest())));
  EXPECT_EQ(answers.all.at(0).answer, make_reply(query));
}

TEST_F(Upstream, AServerThatFailsOrRefusesIsFollowedAtOnce) {
  for (const DnsRcode rcode : {DnsRcode::kServerFailure, DnsRcode::kRefused}) {
    ask(make_query(static_cast<std::uint16_t>(rcode), "example.org"));
    EXPECT_EQ(asked(), kFirst);
    receive(kFirst, make_reply(attempt_of(newest()), rcode));
    EXPECT_EQ(asked(), kSecond);
  }
  EXPECT_EQ(counters.failed_over, 2U);
}

TEST_F(Upstream, OtherErrorsOfAServerAreItsAnswer) {
  for (const DnsRcode rcode :
       {DnsRcode::kNameError, DnsRcode::kFormatError, DnsRcode::kNotImplemented}) {
    ask(query);
    receive(kFirst, make_reply(attempt_of(newest()), rcode));
    EXPECT_EQ(answers.last_rcode(), rcode);
  }
  EXPECT_EQ(counters.failed_over, 0U);
}

TEST_F(Upstream, AnErrorOfTheSocketIsFollowedAtOnce) {
  ask(query);
  receive_error({IpAddress::v4(203, 0, 113, 1), 53});
  EXPECT_EQ(asked(), kFirst);
  receive_error(kFirst);
  EXPECT_EQ(asked(), kSecond);
}

TEST_F(Upstream, WhenEveryServerRefusesTheLastRefusalIsTheAnswer) {
  ask(query);
  receive(kFirst, make_reply(attempt_of(newest()), DnsRcode::kServerFailure));
  EXPECT_TRUE(answers.all.empty());
  EXPECT_EQ(asked(), kSecond);
  receive(kSecond, make_reply(attempt_of(newest()), DnsRcode::kRefused));
  ASSERT_EQ(answers.all.size(), 1U);
  EXPECT_EQ(answers.last_rcode(), DnsRcode::kRefused);
  EXPECT_EQ(DnsMessage::parse(answers.all[0].answer)->header().id, 0x4242);
  EXPECT_EQ(counters.failed, 1U);
  EXPECT_EQ(world.host.open(), 0U);
}

TEST_F(Upstream, AServerThatHasRefusedIsNotAskedAgain) {
  ask(query);
  receive(kFirst, make_reply(attempt_of(newest()), DnsRcode::kRefused));
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(asked(), kSecond);
    receive_error(kSecond);
  }
  ASSERT_EQ(answers.all.size(), 1U);
  EXPECT_EQ(answers.last_rcode(), DnsRcode::kRefused);
}

TEST_F(Upstream, AskingEveryServerTwiceInVainIsServerFailure) {
  ask(query);
  for (int i = 0; i < 4; ++i) {
    EXPECT_TRUE(answers.all.empty());
    EXPECT_EQ(asked(), i % 2 == 0 ? kFirst : kSecond);
    receive_error(asked());
  }
  ASSERT_EQ(answers.all.size(), 1U);
  EXPECT_EQ(answers.last_rcode(), DnsRcode::kServerFailure);
  EXPECT_EQ(answers.all[0].query, query);
  const auto answer = DnsMessage::parse(answers.all[0].answer);
  EXPECT_EQ(answer->header().id, 0x4242);
  EXPECT_TRUE(answer->opt());
  EXPECT_EQ(counters.failed, 1U);
  EXPECT_EQ(world.host.open(), 0U);
}

TEST_F(Upstream, AServerThatHasRefusedTakesNoTimeFromTheOthers) {
  ask(query);
  world.pass(DnsUpstream::kPatience + milliseconds(1));
  ASSERT_EQ(asked(), kSecond);
  receive(kSecond, make_reply(attempt_of(newest()), DnsRcode::kRefused));
  EXPECT_EQ(asked(), kFirst);
  world.pass(DnsUpstream::kTotal - DnsUpstream::kPatience - milliseconds(50));
  ASSERT_TRUE(answers.all.empty());
  EXPECT_EQ(world.host.opened(), 3U);
  receive(kFirst, make_reply(attempt_of(newest())));
  ASSERT_EQ(answers.all.size(), 1U);
  EXPECT_EQ(answers.last_rcode(), DnsRcode::kNoError);
}

TEST_F(Upstream, SilenceEverywhereIsServerFailureAfterTenSecondsHoweverManyServers) {
  for (std::size_t servers = 1; servers <= DnsUpstream::kMaxServers + 2; ++servers) {
    world.name_servers.assign(servers, kFirst);
    answers.all.clear();
    counters = {};
    ask(query);
    world.pass(DnsUpstream::kTotal - milliseconds(50));
    EXPECT_TRUE(answers.all.empty()) << servers;
    world.pass(milliseconds(100));
    ASSERT_EQ(answers.all.size(), 1U) << servers;
    EXPECT_EQ(answers.last_rcode(), DnsRcode::kServerFailure);
    EXPECT_EQ(counters.attempts, 2 * std::min(servers, DnsUpstream::kMaxServers));
    EXPECT_EQ(world.host.open(), 0U);
  }
}

TEST_F(Upstream, TheSecondAskingOfASingleServerHasTheRestOfTheTime) {
  world.name_servers = {kFirst};
  ask(query);
  world.pass(seconds(8));
  EXPECT_EQ(world.host.opened(), 2U);
  receive(kFirst, make_reply(attempt_of(newest())));
  EXPECT_EQ(answers.last_rcode(), DnsRcode::kNoError);
}

TEST_F(Upstream, WithoutNameServersOrSocketsFailureIsTold) {
  world.name_servers.clear();
  EXPECT_TRUE(ask(query));
  EXPECT_EQ(answers.all.size(), 1U);
  EXPECT_EQ(world.host.opened(), 0U);

  world.name_servers = {kFirst};
  world.host.open_error = std::errc::too_many_files_open;
  EXPECT_TRUE(ask(query));
  EXPECT_EQ(answers.all.size(), 2U);

  world.host.open_error = {};
  world.host.takes_datagrams = false;
  EXPECT_TRUE(ask(query));
  EXPECT_EQ(answers.all.size(), 3U);
  EXPECT_EQ(answers.last_rcode(), DnsRcode::kServerFailure);
  EXPECT_EQ(counters.failed, 3U);
  EXPECT_EQ(world.host.open(), 0U);
}

TEST_F(Upstream, BeyondItsLimitTheOldestGivesWay) {
  for (std::uint16_t id = 0; id < DnsUpstream::kMaxInFlight; ++id) {
    ask(make_query(id, "example.org"));
  }
  EXPECT_TRUE(answers.all.empty());
  ask(query);
  ASSERT_EQ(answers.all.size(), 1U);
  EXPECT_EQ(DnsHeader::parse(answers.all[0].answer)->id, 0);
  EXPECT_EQ(answers.last_rcode(), DnsRcode::kServerFailure);
  EXPECT_EQ(counters.gave_way, 1U);
  EXPECT_EQ(upstream.in_flight(), DnsUpstream::kMaxInFlight);
  EXPECT_EQ(world.host.open(), DnsUpstream::kMaxInFlight);
}

TEST_F(Upstream, EventsOfAClosedSocketMeanNothing) {
  ask(query);
  const Token old = newest().token;
  receive(kFirst, make_reply(attempt_of(newest())));
  upstream.on_host(world.now, {old, {.readable = true, .error = true}});
  ask(make_query(1, "example.net"));
  upstream.on_host(world.now, {old, {.readable = true, .error = true}});
  Token far = old;
  far.index = 1000;
  upstream.on_host(world.now, {far, {.readable = true}});
  EXPECT_EQ(upstream.in_flight(), 1U);
  EXPECT_EQ(newest().token.service, 7);
}

TEST_F(Upstream, AStreamsQueryGoesByTcpPieceByPiece) {
  EXPECT_TRUE(ask(query, kStream));
  EXPECT_FALSE(newest().is_datagrams());
  EXPECT_EQ(asked(), kFirst);
  newest().send_room = 5;
  announce({.readable = true});
  EXPECT_TRUE(newest().sent.empty());  // not connected yet
  announce({.writable = true});
  EXPECT_EQ(newest().sent.size(), 5U);
  newest().send_room = 1000;
  announce({.writable = true});
  ASSERT_EQ(newest().sent.size(), query.size() + 2);
  EXPECT_EQ(load_big<std::uint16_t>(as_bytes(newest().sent), 0), query.size());

  const Octets reply = framed(make_reply(attempt_of(newest()), DnsRcode::kNoError, 60000));
  for (std::size_t at = 0; at < reply.size(); at += 7919) {
    EXPECT_TRUE(answers.all.empty());
    const auto end = std::min(at + 7919, reply.size());
    newest().incoming.insert(newest().incoming.end(),
                             reply.begin() + static_cast<std::ptrdiff_t>(at),
                             reply.begin() + static_cast<std::ptrdiff_t>(end));
    announce({.readable = true});
  }
  ASSERT_EQ(answers.all.size(), 1U);
  EXPECT_EQ(answers.all[0].answer, make_reply(query, DnsRcode::kNoError, 60000));
  EXPECT_EQ(world.host.open(), 0U);
}

TEST_F(Upstream, AStreamThatFailsInAnyWayIsFollowedByTheNextServer) {
  world.name_servers.assign(8, kFirst);
  const auto deliver = [&](const Octets& bytes) {
    announce({.writable = true});
    newest().incoming.assign(bytes.begin(), bytes.end());
  };
  ask(query, kStream);
  newest().pending_error = std::errc::connection_refused;
  announce({.writable = true, .error = true});
  EXPECT_EQ(world.host.opened(), 2U);
  deliver({0});  // a length cut short
  newest().incoming_ended = true;
  announce({.readable = true});
  EXPECT_EQ(world.host.opened(), 3U);
  deliver({0, 0});  // no message at all
  announce({.readable = true});
  EXPECT_EQ(world.host.opened(), 4U);
  deliver(framed(make_reply(query)));  // an answer to another id
  announce({.readable = true});
  EXPECT_EQ(world.host.opened(), 5U);
  announce({.writable = true});
  newest().pending_error = std::errc::connection_reset;
  announce({.readable = true});
  EXPECT_EQ(world.host.opened(), 6U);
  announce({.writable = true});
  deliver(framed(make_reply(attempt_of(newest()), DnsRcode::kServerFailure)));
  announce({.readable = true});
  EXPECT_EQ(world.host.opened(), 7U);
  world.pass(DnsUpstream::kPatience);
  EXPECT_EQ(world.host.opened(), 8 + 1U);
  EXPECT_EQ(world.host.open(), 1U);
  EXPECT_TRUE(answers.all.empty());
}

TEST_F(Upstream, WhatAGoneStreamAskedIsForgotten) {
  ask(query, kStream);
  ask(make_query(1, "example.net"), kStream);
  ask(query);
  upstream.forget(kStream);
  EXPECT_EQ(upstream.in_flight(), 1U);
  EXPECT_EQ(world.host.open(), 1U);
  world.pass(seconds(11));
  EXPECT_EQ(answers.all.size(), 1U);
  EXPECT_EQ(counters.forgotten, 2U);
}

TEST(DnsUpstream, ClosesItsSocketsWhenItGoes) {
  ServiceWorld world;
  world.name_servers = {kFirst};
  Answers answers;
  DnsCounters counters;
  {
    DnsUpstream upstream(world.context(), world, answers, counters);
    const Octets query = make_query(1, "example.org");
    upstream.forward(world.now, kGuest, *DnsMessage::parse(query));
    EXPECT_EQ(world.host.open(), 1U);
  }
  EXPECT_EQ(world.host.open(), 0U);
}

}  // namespace
}  // namespace sluice
