#include "devices/link/l2tpv3_link.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <vector>

#include "devices/link/send_frame.h"
#include "posix/descriptor.h"
#include "posix/socket_address.h"

namespace sluice {
namespace {

using Octets = std::vector<std::uint8_t>;

// A socket of UDP whose port is free once it is gone.
std::pair<Descriptor, Endpoint> bound_socket(const IpAddress& address) {
  Descriptor socket(::socket(socket_family(address), SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const SocketAddress any(Endpoint{address, 0});
  EXPECT_EQ(::bind(socket.get(), any.data(), any.size()), 0);
  SocketAddress name;
  socklen_t size = SocketAddress::kCapacity;
  ::getsockname(socket.get(), name.data(), &size);
  return {std::move(socket), *name.endpoint()};
}

// What arrives until there is as much as `count`, or too much time has passed.
std::vector<Octets> receive(GuestLink& link, std::size_t count) {
  std::vector<Octets> arrived;
  for (int i = 0; i < 2000 && arrived.size() < count; ++i) {
    for (const Frame& frame : link.receive()) {
      arrived.emplace_back(frame.bytes.begin(), frame.bytes.end());
    }
    if (arrived.size() < count) ::poll(nullptr, 0, 1);
  }
  return arrived;
}

L2tpv3Options udp_between(const IpAddress& address) {
  return {.local = bound_socket(address).second,
          .remote = bound_socket(address).second,
          .format = {.over_udp = true,
                     .cookie = L2tpv3Format::Cookie::k64,
                     .sublayer = true,
                     .padding = 3},
          .send_session = 1,
          .receive_session = 2,
          .send_cookie = 3,
          .receive_cookie = 0x400000000,
          .numbered = true};
}

L2tpv3Options seen_from_there(L2tpv3Options options) {
  std::swap(options.local, options.remote);
  std::swap(options.send_session, options.receive_session);
  std::swap(options.send_cookie, options.receive_cookie);
  return options;
}

TEST(L2tpv3Link, FramesGoBothWaysOverBothFamilies) {
  const IpAddress v6 = *IpAddress::parse("::1");
  for (const IpAddress& address : {IpAddress::v4(127, 0, 0, 1), v6}) {
    const L2tpv3Options options = udp_between(address);
    const auto left = open_l2tpv3(options);
    // Nobody is there yet.
    send_frame(*left, Octets(60, 9));
    left->flush();
    EXPECT_TRUE(left->receive().empty());
    const auto right = open_l2tpv3(seen_from_there(options));
    const std::vector frames{Octets(60, 1), Octets(9000, 2), Octets(1514, 3)};
    for (const Octets& frame : frames) send_frame(*left, frame);
    left->flush();
    EXPECT_EQ(receive(*right, 3), frames);
    send_frame(*right, Octets(100, 4));
    right->flush();
    EXPECT_EQ(receive(*left, 1), std::vector<Octets>{Octets(100, 4)});
    EXPECT_FALSE(left->closed());
  }
}

TEST(L2tpv3Link, MessagesOfOthersAndRubbishAreFiltered) {
  const auto bound = bound_socket(IpAddress::v4(127, 0, 0, 1));
  const int peer = bound.first.get();
  L2tpv3Options options = udp_between(IpAddress::v4(127, 0, 0, 1));
  options.remote = bound.second;
  const auto link = open_l2tpv3(options);
  const SocketAddress to(options.local);
  const auto say = [&](std::uint32_t session, std::uint64_t cookie, std::size_t size) {
    Octets message(options.format.header_size() + size, 7);
    L2tpv3Header{.session = session, .cookie = cookie}.emit(options.format, message);
    ::sendto(peer, message.data(), message.size(), 0, to.data(), to.size());
  };
  say(1, 0x400000000, 60);  // the session is the other end's
  say(2, 0, 60);
  say(0, 0x400000000, 60);
  say(2, 0x400000000, 13);  // no frame
  for (const Octets& rubbish : {Octets{}, Octets(1, 0xff), Octets(100, 0xff), Octets(27, 0)}) {
    ::sendto(peer, rubbish.data(), rubbish.size(), 0, to.data(), to.size());
  }
  say(2, 0x400000000, 14);
  EXPECT_EQ(receive(*link, 1), std::vector<Octets>{Octets(14, 7)});
  EXPECT_EQ(link->counters().dropped(Drop::kFiltered), 7U);
  EXPECT_EQ(link->counters().dropped(Drop::kTruncated), 1U);
}

TEST(L2tpv3Link, MessagesAreNumberedInOrder) {
  const auto [peer, remote] = bound_socket(IpAddress::v4(127, 0, 0, 1));
  L2tpv3Options options = udp_between(IpAddress::v4(127, 0, 0, 1));
  options.remote = remote;
  const auto link = open_l2tpv3(options);
  for (std::uint32_t i = 0; i < 5; ++i) {
    send_frame(*link, Octets(60, 1));
    if (i != 2) link->flush();
  }
  for (std::uint32_t i = 0; i < 5; ++i) {
    Octets message(200);
    const ssize_t size = ::recv(peer.get(), message.data(), message.size(), 0);
    ASSERT_GT(size, 0);
    message.resize(static_cast<std::size_t>(size));
    const auto view = L2tpv3View::parse(message, options.format);
    ASSERT_TRUE(view);
    EXPECT_EQ(view->header(), (L2tpv3Header{.session = 1, .cookie = 3, .sequence = i}));
  }
}

}  // namespace
}  // namespace sluice
