#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "nat/host/system_host.h"
#include "nat/host/test_loop.h"

namespace sluice {
namespace {

using testing::TestLoop;
using testing::token;

constexpr IpAddress kLoopback = IpAddress::v4(127, 0, 0, 1);

class SystemHostDatagrams : public ::testing::Test {
 protected:
  SocketId open(std::uint32_t index, IpAddress family = kLoopback,
                DatagramKind kind = DatagramKind::kUdp) {
    const Opened opened = host_.open_datagrams(token(index), kind, family);
    EXPECT_EQ(opened.error, std::errc{});
    return opened.id;
  }

  // A UDP socket on a port of its own, and where it is.
  Endpoint listen(std::uint32_t index, SocketId& id, IpAddress at = kLoopback) {
    const Opened opened = host_.listen(token(index), {.protocol = ListenAddress::Protocol::kUdp,
                                                      .local = Endpoint{.address = at, .port = 0}});
    EXPECT_EQ(opened.error, std::errc{});
    id = opened.id;
    return {.address = at, .port = host_.local_port(id)};
  }

  // A UDP port where nobody is.
  Endpoint closed_port(IpAddress at = kLoopback) {
    SocketId id = SocketId::kNone;
    const Endpoint place = listen(99, id, at);
    host_.close(id, CloseMode::kGraceful);
    return place;
  }

  std::size_t send(SocketId id, const HostDatagram& datagram) {
    const std::array<HostDatagram, 1> datagrams{datagram};
    return host_.send_datagrams(id, datagrams);
  }

  // Waits for one datagram. The payload is a view, as the host gave it.
  std::optional<HostDatagram> receive(SocketId id, std::uint32_t index) {
    std::array<HostDatagram, 1> datagrams;
    const bool came = loop_.run_until(
        [&] { return loop_.seen(index).readable && host_.receive_datagrams(id, datagrams) == 1; });
    if (!came) return std::nullopt;
    return datagrams[0];
  }

  std::optional<DatagramError> receive_error(SocketId id, std::uint32_t index) {
    std::optional<DatagramError> error;
    loop_.run_until([&] {
      if (loop_.seen(index).error) error = host_.receive_error(id);
      return error.has_value();
    });
    return error;
  }

  EventQueue queue_;
  SystemHost host_{queue_};
  TestLoop loop_{queue_, host_};
};

TEST_F(SystemHostDatagrams, GoBothWaysWithSourceAndTtl) {
  SocketId server = SocketId::kNone;
  const Endpoint there = listen(0, server);
  const SocketId client = open(1);
  EXPECT_EQ(send(client, {.peer = there, .ttl = 7, .payload = as_bytes("question")}), 1U);
  const std::optional<HostDatagram> question = receive(server, 0);
  ASSERT_TRUE(question.has_value());
  EXPECT_EQ(as_text(question->payload), "question");
  EXPECT_EQ(question->ttl, 7);
  EXPECT_EQ(question->peer, (Endpoint{.address = kLoopback, .port = host_.local_port(client)}));

  EXPECT_EQ(send(server, {.peer = question->peer, .payload = as_bytes("answer")}), 1U);
  const std::optional<HostDatagram> answer = receive(client, 1);
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(as_text(answer->payload), "answer");
  EXPECT_EQ(answer->ttl, 64);
  EXPECT_EQ(answer->peer, there);
}

TEST_F(SystemHostDatagrams, GoOverIpv6Too) {
  const IpAddress loopback = *IpAddress::parse("::1");
  SocketId server = SocketId::kNone;
  const Endpoint there = listen(0, server, loopback);
  const SocketId client = open(1, loopback);
  EXPECT_EQ(send(client, {.peer = there, .ttl = 9, .payload = as_bytes("six")}), 1U);
  const std::optional<HostDatagram> received = receive(server, 0);
  ASSERT_TRUE(received.has_value());
  EXPECT_EQ(as_text(received->payload), "six");
  EXPECT_EQ(received->ttl, 9);
  EXPECT_EQ(received->peer.address, loopback);

  const Endpoint nobody = closed_port(loopback);
  EXPECT_EQ(send(client, {.peer = nobody, .payload = as_bytes("x")}), 1U);
  const std::optional<DatagramError> error = receive_error(client, 1);
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->destination, nobody);
  EXPECT_EQ(error->reporter, loopback);
  EXPECT_EQ(error->icmp_type, 1);  // RFC 4443: destination unreachable, port
  EXPECT_EQ(error->icmp_code, 4);
}

TEST_F(SystemHostDatagrams, EmptyAndLargestDatagramsArrive) {
  SocketId server = SocketId::kNone;
  const Endpoint there = listen(0, server);
  const SocketId client = open(1);
  EXPECT_EQ(send(client, {.peer = there, .payload = {}}), 1U);
  const std::optional<HostDatagram> empty = receive(server, 0);
  ASSERT_TRUE(empty.has_value());
  EXPECT_TRUE(empty->payload.empty());

  const std::vector<std::uint8_t> much(65507, 0x5a);
  EXPECT_EQ(send(client, {.peer = there, .payload = much}), 1U);
  const std::optional<HostDatagram> largest = receive(server, 0);
  ASSERT_TRUE(largest.has_value());
  EXPECT_TRUE(std::ranges::equal(largest->payload, much));
}

TEST_F(SystemHostDatagrams, ManyAreSentAndReceivedInOrder) {
  constexpr std::uint16_t kCount = 150;
  SocketId server = SocketId::kNone;
  const Endpoint there = listen(0, server);
  const SocketId client = open(1);
  std::vector<std::array<std::uint8_t, 2>> payloads(kCount);
  std::vector<HostDatagram> datagrams(kCount);
  for (std::uint16_t i = 0; i < kCount; ++i) {
    store_big(MutableBytes(payloads[i]), 0, i);
    datagrams[i] = {.peer = there, .payload = payloads[i]};
  }
  EXPECT_EQ(host_.send_datagrams(client, datagrams), kCount);

  // Asking for more than the host has buffers for must not lose the edge.
  std::vector<std::uint16_t> received;
  std::vector<HostDatagram> into(kCount);
  EXPECT_TRUE(loop_.run_until([&] {
    if (!std::exchange(loop_.seen(0).readable, false)) return false;
    const std::size_t count = host_.receive_datagrams(server, into);
    for (std::size_t i = 0; i < count; ++i) {
      received.push_back(load_big<std::uint16_t>(into[i].payload, 0));
    }
    return received.size() >= kCount;
  }));
  ASSERT_EQ(received.size(), kCount);
  for (std::uint16_t i = 0; i < kCount; ++i) EXPECT_EQ(received[i], i);
}

// Runs of equal ones leave joined, and nobody may see it.
TEST_F(SystemHostDatagrams, ArriveOneByOneHoweverTheyAreSent) {
  const std::string text(60000, 'x');
  // Runs with and without a shorter end, empty ones, ones above any path's MTU (which fragments).
  std::vector<std::size_t> sizes(70, 1000);
  sizes.insert(sizes.end(), {999, 1000, 0, 0, 1, 1, 1, 1000, 40000, 40000, 40000, 39999, 1});
  SocketId server = SocketId::kNone;
  const Endpoint there = listen(0, server);
  const SocketId client = open(1);
  std::vector<HostDatagram> datagrams;
  datagrams.reserve(sizes.size());
  for (const std::size_t size : sizes) {
    datagrams.push_back({.peer = there,
                         .ttl = static_cast<std::uint8_t>(size == 1 ? 9 : 63),
                         .payload = as_bytes(text).first(size)});
  }

  std::size_t sent = 0;
  std::size_t seen = 0;
  std::vector<HostDatagram> into(64);
  EXPECT_TRUE(loop_.run_until([&] {
    std::size_t count = into.size();
    while (count == into.size()) {
      count = host_.receive_datagrams(server, into);
      for (std::size_t i = 0; i < count && seen < sizes.size(); ++i, ++seen) {
        EXPECT_EQ(into[i].payload.size(), sizes[seen]) << "at " << seen;
        EXPECT_EQ(into[i].ttl, sizes[seen] == 1 ? 9 : 63) << "at " << seen;
      }
    }
    // No more at a time than the receiving socket has room for.
    if (sent == seen) {
      const auto rest = gsl::span(datagrams).subspan(sent);
      sent += host_.send_datagrams(client, rest.first(std::min<std::size_t>(rest.size(), 65)));
    }
    return seen == sizes.size();
  }));
  EXPECT_EQ(sent, sizes.size());
}

TEST_F(SystemHostDatagrams, SendingAnnouncesNothingToTheSender) {
  SocketId server = SocketId::kNone;
  const Endpoint there = listen(0, server);
  const SocketId client = open(1);
  ASSERT_EQ(send(client, {.peer = there, .payload = as_bytes("x")}), 1U);
  ASSERT_TRUE(receive(server, 0).has_value());
  loop_.seen(0) = {};
  const std::size_t before = loop_.events();
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(send(client, {.peer = there, .payload = as_bytes("x")}), 1U);
    ASSERT_TRUE(loop_.wait_readable(0));
  }
  EXPECT_EQ(loop_.events() - before, 20U);
  EXPECT_FALSE(loop_.seen(1).writable);
}

TEST_F(SystemHostDatagrams, MoreEventsThanOneFetchHoldsComeWithTheNext) {
  constexpr std::uint32_t kCount = 300;
  std::vector<HostDatagram> datagrams;
  for (std::uint32_t i = 0; i < kCount; ++i) {
    SocketId id = SocketId::kNone;
    datagrams.push_back({.peer = listen(i, id), .payload = as_bytes("x")});
  }
  const SocketId client = open(kCount);
  EXPECT_EQ(host_.send_datagrams(client, datagrams), kCount);
  constexpr std::chrono::milliseconds kNone{0};
  const std::size_t first = host_.events(queue_.fetch(kNone)).size();
  const std::size_t second = host_.events(queue_.fetch(kNone)).size();
  EXPECT_LT(first, kCount);
  // Once a socket, edge-triggered: although nothing was received, nothing is said again.
  EXPECT_EQ(first + second, kCount);
  EXPECT_TRUE(host_.events(queue_.fetch(kNone)).empty());
}

TEST_F(SystemHostDatagrams, AClosedPortIsReportedWithItsDestination) {
  const Endpoint nobody = closed_port();
  const SocketId client = open(1);
  EXPECT_EQ(send(client, {.peer = nobody, .payload = as_bytes("anybody?")}), 1U);
  const std::optional<DatagramError> error = receive_error(client, 1);
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->destination, nobody);
  EXPECT_EQ(error->reporter, kLoopback);
  EXPECT_EQ(error->icmp_type, 3);
  EXPECT_EQ(error->icmp_code, 3);
  EXPECT_EQ(error->error, std::errc{});
  EXPECT_FALSE(host_.receive_error(client).has_value());
}

TEST_F(SystemHostDatagrams, ErrorsOfSomeDontHinderOthers) {
  SocketId server = SocketId::kNone;
  const Endpoint there = listen(0, server);
  const Endpoint nobody = closed_port();
  const SocketId client = open(1);
  constexpr std::size_t kPairs = 20;
  std::vector<HostDatagram> datagrams;
  for (std::size_t i = 0; i < kPairs; ++i) {
    datagrams.push_back({.peer = nobody, .payload = as_bytes("lost")});
    datagrams.push_back({.peer = there, .payload = as_bytes("found")});
  }
  EXPECT_EQ(host_.send_datagrams(client, datagrams), datagrams.size());
  // Answers wait behind errors, too.
  EXPECT_EQ(send(server, {.peer = {.address = kLoopback, .port = host_.local_port(client)},
                          .payload = as_bytes("answer")}),
            1U);
  const std::optional<HostDatagram> answer = receive(client, 1);
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(as_text(answer->payload), "answer");
  for (std::size_t i = 0; i < kPairs; ++i) {
    EXPECT_TRUE(receive(server, 0).has_value());
    const std::optional<DatagramError> error = receive_error(client, 1);
    ASSERT_TRUE(error.has_value());
    EXPECT_EQ(error->destination, nobody);
    EXPECT_EQ(error->icmp_type, 3);
  }
  EXPECT_FALSE(host_.receive_error(client).has_value());
}

TEST_F(SystemHostDatagrams, WhatTheSystemRefusesIsTakenAndReported) {
  SocketId server = SocketId::kNone;
  const Endpoint there = listen(0, server);
  const SocketId client = open(1);
  const Endpoint no_port{.address = kLoopback, .port = 0};
  const Endpoint broadcast{.address = IpAddress::v4(0xffffffff), .port = 9};
  const std::vector<std::uint8_t> too_much(65508);
  const std::array<HostDatagram, 4> datagrams{{
      {.peer = no_port, .payload = as_bytes("x")},
      {.peer = there, .payload = too_much},
      {.peer = broadcast, .payload = as_bytes("x")},
      {.peer = there, .payload = as_bytes("good")},
  }};
  EXPECT_EQ(host_.send_datagrams(client, datagrams), 4U);
  const std::optional<HostDatagram> good = receive(server, 0);
  ASSERT_TRUE(good.has_value());
  EXPECT_EQ(as_text(good->payload), "good");

  const std::optional<DatagramError> first = receive_error(client, 1);
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->destination, no_port);
  EXPECT_EQ(first->error, std::errc::invalid_argument);
  const std::optional<DatagramError> second = host_.receive_error(client);
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(second->destination, there);
  EXPECT_EQ(second->error, std::errc::message_size);
  const std::optional<DatagramError> third = host_.receive_error(client);
  ASSERT_TRUE(third.has_value());
  EXPECT_EQ(third->destination, broadcast);
  EXPECT_NE(third->error, std::errc{});
  EXPECT_FALSE(host_.receive_error(client).has_value());
}

TEST_F(SystemHostDatagrams, RefusalsAreBoundedAndEndWithTheirSocket) {
  const SocketId client = open(1);
  const HostDatagram bad{.peer = {.address = kLoopback, .port = 0}, .payload = as_bytes("x")};
  const std::vector<HostDatagram> many(1000, bad);
  EXPECT_EQ(host_.send_datagrams(client, many), many.size());
  std::size_t refusals = 0;
  while (host_.receive_error(client)) ++refusals;
  EXPECT_GT(refusals, 0U);
  EXPECT_LE(refusals, 256U);

  EXPECT_EQ(host_.send_datagrams(client, many), many.size());
  host_.close(client, CloseMode::kGraceful);
  const SocketId next = open(2);
  EXPECT_EQ(next, client);  // the same number, and none of its past
  EXPECT_FALSE(host_.receive_error(next).has_value());
  for (const HostEvent& event : host_.events(queue_.fetch(std::chrono::milliseconds(0))))
    EXPECT_FALSE(event.ready.error);
}

TEST_F(SystemHostDatagrams, LeaveFromTheOutboundAddress) {
  EventQueue queue;
  SystemHost host(queue, {.outbound = IpAddress::v4(127, 0, 0, 7)});
  SocketId server = SocketId::kNone;
  const Endpoint there = listen(0, server);
  const Opened client = host.open_datagrams(token(1), DatagramKind::kUdp, kLoopback);
  ASSERT_EQ(client.error, std::errc{});
  const std::array<HostDatagram, 1> datagrams{{{.peer = there, .payload = as_bytes("x")}}};
  EXPECT_EQ(host.send_datagrams(client.id, datagrams), 1U);
  const std::optional<HostDatagram> received = receive(server, 0);
  ASSERT_TRUE(received.has_value());
  EXPECT_EQ(received->peer.address, IpAddress::v4(127, 0, 0, 7));
}

// ICMP sockets of either kind are a matter of the system's settings.
class SystemHostEcho : public SystemHostDatagrams {
 protected:
  void SetUp() override {
    if (!SystemHost::can_ping()) GTEST_SKIP() << "this system allows no ICMP socket";
  }
};

TEST_F(SystemHostEcho, ARequestIsAnsweredWithItsSequenceAndData) {
  for (const char* const place : {"127.0.0.1", "::1"}) {
    SCOPED_TRACE(place);
    const IpAddress loopback = *IpAddress::parse(place);
    const std::uint32_t index = loopback.is_v4() ? 1 : 2;
    const SocketId socket = open(index, loopback, DatagramKind::kEcho);
    ASSERT_NE(socket, SocketId::kNone);
    const Endpoint peer{.address = loopback, .port = 0};
    for (const std::uint16_t sequence : {1, 0xabcd}) {
      EXPECT_EQ(send(socket, {.peer = peer, .sequence = sequence, .payload = as_bytes("odd")}), 1U);
      const std::optional<HostDatagram> reply = receive(socket, index);
      ASSERT_TRUE(reply.has_value());
      EXPECT_EQ(reply->sequence, sequence);
      EXPECT_EQ(as_text(reply->payload), "odd");
      EXPECT_EQ(reply->peer, peer);
      EXPECT_EQ(reply->ttl, 64);
    }
  }
}

TEST_F(SystemHostEcho, RepliesReachOnlyTheSocketThatAsked) {
  const SocketId one = open(1, kLoopback, DatagramKind::kEcho);
  const SocketId other = open(2, kLoopback, DatagramKind::kEcho);
  const Endpoint peer{.address = kLoopback, .port = 0};
  EXPECT_EQ(send(one, {.peer = peer, .sequence = 5, .payload = as_bytes("mine")}), 1U);
  ASSERT_TRUE(receive(one, 1).has_value());
  std::array<HostDatagram, 4> none;
  EXPECT_EQ(host_.receive_datagrams(other, none), 0U);
  EXPECT_FALSE(loop_.seen(2).readable);
}

TEST_F(SystemHostEcho, RequestsLeaveFromTheOutboundAddress) {
  EventQueue queue;
  SystemHost host(queue, {.outbound = IpAddress::v4(127, 0, 0, 7)});
  const Opened opened = host.open_datagrams(token(1), DatagramKind::kEcho, kLoopback);
  ASSERT_EQ(opened.error, std::errc{});
  EXPECT_EQ(host.open_datagrams(token(2), DatagramKind::kEcho, *IpAddress::parse("::1")).error,
            std::errc{});
  const std::array<HostDatagram, 1> request{
      {{.peer = {.address = kLoopback}, .sequence = 3, .payload = as_bytes("x")}}};
  EXPECT_EQ(host.send_datagrams(opened.id, request), 1U);
  std::array<HostDatagram, 1> reply;
  ASSERT_TRUE(testing::wait_readable(queue.descriptor()));
  EXPECT_EQ(host.receive_datagrams(opened.id, reply), 1U);
  EXPECT_EQ(reply[0].sequence, 3);
}

TEST_F(SystemHostEcho, TheLargestRequestIsAnswered) {
  const SocketId socket = open(1, kLoopback, DatagramKind::kEcho);
  const std::vector<std::uint8_t> much(65507, 0x33);
  const Endpoint peer{.address = kLoopback, .port = 0};
  EXPECT_EQ(send(socket, {.peer = peer, .sequence = 1, .payload = much}), 1U);
  const std::optional<HostDatagram> reply = receive(socket, 1);
  ASSERT_TRUE(reply.has_value());
  EXPECT_TRUE(std::ranges::equal(reply->payload, much));
}

}  // namespace
}  // namespace sluice
