#include "devices/link/datagram_link.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "devices/link/send_frame.h"

namespace sluice {
namespace {

using Octets = std::vector<std::uint8_t>;

constexpr IpAddress kLoopback = IpAddress::v4(127, 0, 0, 1);

// What arrives until there is as much as `count`, or too much time has passed.
std::vector<Octets> receive(
    DatagramLink& link, std::size_t count, const std::function<void()>& meanwhile = [] {}) {
  std::vector<Octets> arrived;
  for (int i = 0; i < 2000 && arrived.size() < count; ++i) {
    for (const Frame& frame : link.receive()) {
      arrived.emplace_back(frame.bytes.begin(), frame.bytes.end());
    }
    meanwhile();
    if (arrived.size() < count) ::poll(nullptr, 0, 1);
  }
  return arrived;
}

// A free port of UDP, which may be taken by somebody else right away.
std::uint16_t free_port() {
  const SocketPlace any = Endpoint{kLoopback, 0};
  const Descriptor socket = open_socket(PlaceAddress(any), SOCK_DGRAM);
  bind_socket(socket, any);
  SocketAddress address;
  socklen_t size = SocketAddress::kCapacity;
  ::getsockname(socket.get(), address.data(), &size);
  return address.endpoint()->port;
}

TEST(DatagramLink, FramesGoBothWaysOverUdp) {
  const Endpoint one{kLoopback, free_port()};
  const Endpoint other{kLoopback, free_port()};
  DatagramLink left(one, other);
  // Nobody is there yet.
  send_frame(left, Octets(60, 9));
  left.flush();
  EXPECT_TRUE(left.receive().empty());
  DatagramLink right(other, one);
  const std::vector frames{Octets(60, 1), Octets(9000, 2), Octets(1514, 3)};
  for (const Octets& frame : frames) send_frame(left, frame);
  left.flush();
  EXPECT_EQ(receive(right, 3), frames);
  send_frame(right, Octets(100, 4));
  right.flush();
  EXPECT_EQ(receive(left, 1), std::vector<Octets>{Octets(100, 4)});
  EXPECT_FALSE(left.closed());
}

TEST(DatagramLink, OnlyThePeerIsHeard) {
  const Endpoint one{kLoopback, free_port()};
  const Endpoint other{kLoopback, free_port()};
  const Endpoint stranger{kLoopback, free_port()};
  DatagramLink link(one, other);
  DatagramLink peer(other, one);
  DatagramLink intruder(other, stranger);
  send_frame(intruder, Octets(60, 6));
  intruder.flush();
  send_frame(peer, Octets(60, 5));
  peer.flush();
  EXPECT_EQ(receive(link, 1), std::vector<Octets>{Octets(60, 5)});
  EXPECT_EQ(link.counters().dropped(Drop::kFiltered), 1U);
}

TEST(DatagramLink, WhatTheSocketHasNoRoomForFollowsLater) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  DatagramLink left((Descriptor(ends[0])));
  DatagramLink right((Descriptor(ends[1])));
  constexpr std::size_t kFrames = 1000;
  for (std::size_t i = 0; i < kFrames; ++i)
    send_frame(left, Octets(1000, static_cast<std::uint8_t>(i)));
  left.flush();
  const auto arrived = receive(right, kFrames, [&] { left.receive(); });
  ASSERT_EQ(arrived.size(), kFrames);
  for (std::size_t i = 0; i < kFrames; ++i) {
    EXPECT_EQ(arrived[i][0], static_cast<std::uint8_t>(i));
  }
  EXPECT_EQ(left.counters().dropped(Drop::kLinkFull), 0U);
}

TEST(DatagramLink, HasNoRoomWhileThePeerTakesNothing) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  DatagramLink left((Descriptor(ends[0])));
  DatagramLink right((Descriptor(ends[1])));
  std::size_t sent = 0;
  for (; left.has_room({}) && sent < 1000; ++sent) {
    send_frame(left, Octets(9000, 1));
    left.flush();
  }
  EXPECT_LT(sent, 1000U);
  // What answers still finds its place.
  send_frame(left, Octets(60, 2));
  EXPECT_EQ(receive(right, sent + 1, [&] { left.receive(); }).size(), sent + 1);
  EXPECT_EQ(left.counters().dropped(Drop::kLinkFull), 0U);
  EXPECT_TRUE(left.has_room({}));
}

TEST(DatagramLink, WhatIsNoFrameIsDropped) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  const Descriptor peer(ends[0]);
  DatagramLink link((Descriptor(ends[1])));
  for (const std::size_t size : {std::size_t{0}, std::size_t{13}, Link::kMaxReserve + 1}) {
    const Octets bytes(size, 1);
    ASSERT_EQ(::send(peer.get(), bytes.data(), size, 0), static_cast<ssize_t>(size));
  }
  const Octets good(14, 2);
  ::send(peer.get(), good.data(), good.size(), 0);
  EXPECT_EQ(receive(link, 1), std::vector<Octets>{good});
  EXPECT_EQ(link.counters().dropped(Drop::kTruncated), 3U);
}

TEST(DatagramLink, UnixSocketsAreNamedByFiles) {
  std::string pattern = "/tmp/sluice-datagram-XXXXXX";
  const std::string directory = ::mkdtemp(pattern.data());
  const UnixSocketName one{.path = directory + "/one"};
  const UnixSocketName other{.path = directory + "/other"};
  {
    DatagramLink left(other, one);
    send_frame(left, Octets(60, 1));  // nobody is there yet
    left.flush();
    DatagramLink right(one, other);
    send_frame(left, Octets(60, 2));
    left.flush();
    EXPECT_EQ(receive(right, 1), std::vector<Octets>{Octets(60, 2)});
  }
  EXPECT_EQ(::rmdir(directory.c_str()), 0) << "the names are gone with the links";
}

TEST(DatagramLink, AGroupHearsAllButItself) {
  const Endpoint group{IpAddress::v4(239, 192, 76, 1), free_port()};
  const auto first = DatagramLink::of_group(group, kLoopback);
  const auto second = DatagramLink::of_group(group, kLoopback);
  send_frame(*first, Octets(60, 1));
  first->flush();
  send_frame(*second, Octets(60, 2));
  second->flush();
  EXPECT_EQ(receive(*first, 1), std::vector<Octets>{Octets(60, 2)});
  EXPECT_EQ(receive(*second, 1), std::vector<Octets>{Octets(60, 1)});
  EXPECT_TRUE(first->receive().empty());
}

}  // namespace
}  // namespace sluice
