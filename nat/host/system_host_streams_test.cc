#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <string>

#include "nat/host/streams_fixture.h"
#include "posix/descriptor.h"

namespace sluice {
namespace {

using testing::kLoopback;
using testing::kPatience;
using testing::token;

class SystemHostStreams : public testing::StreamsFixture {};

TEST_F(SystemHostStreams, AConnectionIsMadeAndAcceptedWithThePeersAddress) {
  SocketId listener = SocketId::kNone;
  const Endpoint server = listen_tcp(0, listener);
  EXPECT_NE(server.port, 0);
  EXPECT_TRUE(host_.accept(listener).error == std::errc::operation_would_block);

  const Opened client = host_.connect(token(1), server);
  ASSERT_EQ(client.error, std::errc{});
  ASSERT_TRUE(loop_.wait_writable(1));
  EXPECT_EQ(host_.take_error(client.id), std::errc{});
  ASSERT_TRUE(loop_.wait_readable(0));
  const Accepted accepted = host_.accept(listener);
  EXPECT_EQ(accepted.error, std::errc{});
  ASSERT_TRUE(accepted.peer.has_value());
  EXPECT_EQ(accepted.peer->address, kLoopback);
  EXPECT_EQ(accepted.peer->port, host_.local_port(client.id));
  EXPECT_EQ(host_.local_port(accepted.id), server.port);
}

TEST_F(SystemHostStreams, ARefusedConnectionIsToldAtOnceOrByAnEvent) {
  SocketId listener = SocketId::kNone;
  const Endpoint nobody = listen_tcp(0, listener);
  host_.close(listener, CloseMode::kGraceful);
  const Opened client = host_.connect(token(1), nobody);
  if (client.error == std::errc{}) {
    ASSERT_TRUE(loop_.wait_writable(1));
    EXPECT_EQ(host_.take_error(client.id), std::errc::connection_refused);
  } else {
    EXPECT_EQ(client.error, std::errc::connection_refused);
    EXPECT_EQ(client.id, SocketId::kNone);
  }
}

TEST_F(SystemHostStreams, MuchDataIsCarriedBothWaysInPieces) {
  const Pair pair = connected_pair();
  expect_carried(pair.client, 1, pair.server, 2);
  expect_carried(pair.server, 2, pair.client, 1);
}

TEST_F(SystemHostStreams, Ipv6CarriesDataToo) {
  const Pair pair = connected_pair(*IpAddress::parse("::1"));
  expect_carried(pair.client, 1, pair.server, 2);
}

TEST_F(SystemHostStreams, SeveralPiecesAreSentAndReceivedInOrder) {
  const Pair pair = connected_pair();
  const std::array<Bytes, 4> pieces{as_bytes("one "), as_bytes("two "), as_bytes("three "),
                                    as_bytes("four")};
  EXPECT_EQ(host_.send(pair.client, pieces).bytes, 18U);
  ASSERT_TRUE(loop_.wait_readable(2));
  std::array<std::uint8_t, 4> first{};
  std::array<std::uint8_t, 30> second{};
  const std::array<MutableBytes, 2> places{first, second};
  const Transfer received = host_.receive(pair.server, places);
  EXPECT_EQ(received.bytes, 18U);
  EXPECT_EQ(as_text(first), "one ");
  EXPECT_EQ(as_text(Bytes(second).first(14)), "two three four");
}

TEST_F(SystemHostStreams, AHalfClosedStreamGoesOnInTheOtherDirection) {
  const Pair pair = connected_pair();
  EXPECT_EQ(send(pair.client, as_bytes("last words")).bytes, 10U);
  host_.shutdown_send(pair.client);
  EXPECT_EQ(read_all(pair.server, 2), "last words");
  EXPECT_EQ(send(pair.server, as_bytes("answer")).bytes, 6U);
  host_.close(pair.server, CloseMode::kGraceful);
  EXPECT_EQ(read_all(pair.client, 1), "answer");
}

TEST_F(SystemHostStreams, AResetIsSeenAsAReset) {
  const Pair pair = connected_pair();
  host_.close(pair.client, CloseMode::kReset);
  ASSERT_TRUE(loop_.wait_error(2));
  EXPECT_TRUE(loop_.seen(2).readable);
  std::array<std::uint8_t, 10> buffer{};
  EXPECT_EQ(receive(pair.server, buffer).error, std::errc::connection_reset);
}

TEST_F(SystemHostStreams, SendingToAClosedStreamIsAnErrorAndNoSignal) {
  const Pair pair = connected_pair();
  host_.close(pair.client, CloseMode::kReset);
  ASSERT_TRUE(loop_.wait_error(2));
  EXPECT_EQ(host_.take_error(pair.server), std::errc::connection_reset);
  EXPECT_EQ(send(pair.server, as_bytes("x")).error, std::errc::broken_pipe);
}

TEST_F(SystemHostStreams, AClosedSocketAnnouncesNothingAnyMore) {
  const Pair pair = connected_pair();
  EXPECT_EQ(send(pair.client, as_bytes("x")).bytes, 1U);
  ASSERT_TRUE(testing::wait_readable(queue_.descriptor()));
  host_.close(pair.server, CloseMode::kGraceful);
  for (const HostEvent& event : host_.events(queue_.fetch(kPatience)))
    EXPECT_NE(event.token, token(2));
}

TEST_F(SystemHostStreams, UrgentBytesComeInTheirPlaceAndAreAnnounced) {
  const Pair pair = connected_pair();
  const int sender = static_cast<int>(pair.server);
  ASSERT_EQ(::send(sender, "ab", 2, 0), 2);
  ASSERT_EQ(::send(sender, "c", 1, MSG_OOB), 1);
  ASSERT_EQ(::send(sender, "de", 2, 0), 2);
  host_.close(pair.server, CloseMode::kGraceful);
  bool more = false;
  ASSERT_TRUE(testing::wait_readable(queue_.descriptor()));
  for (const HostEvent& event : host_.events(queue_.fetch(kPatience))) {
    more = more || (event.token == token(1) && event.ready.more);
  }
  EXPECT_TRUE(more);
  EXPECT_EQ(read_all(pair.client, 1), "abcde");
}

TEST_F(SystemHostStreams, AnOutboundAddressIsNotForTheLoopback) {
  EventQueue queue;
  SystemHost host(queue, {.outbound = IpAddress::v4(127, 0, 0, 7)});
  SocketId listener = SocketId::kNone;
  const Endpoint server = listen_tcp(0, listener);
  ASSERT_EQ(host.connect(token(1), server).error, std::errc{});
  ASSERT_TRUE(loop_.wait_readable(0));
  EXPECT_EQ(host_.accept(listener).peer->address, kLoopback);
}

TEST_F(SystemHostStreams, AnAddressThatIsNotOursCantBeListenedOnOrConnectedFrom) {
  const Endpoint foreign{.address = IpAddress::v4(192, 0, 2, 77), .port = 0};
  EXPECT_EQ(host_.listen(token(0), {.local = foreign}).error, std::errc::address_not_available);
  EventQueue queue;
  SystemHost host(queue, {.outbound = foreign.address});
  const Endpoint anywhere{.address = IpAddress::v4(198, 51, 100, 1), .port = 9};
  EXPECT_EQ(host.connect(token(1), anywhere).error, std::errc::address_not_available);
}

TEST_F(SystemHostStreams, APortInUseIsToldAsSuch) {
  SocketId listener = SocketId::kNone;
  const Endpoint taken = listen_tcp(0, listener);
  EXPECT_EQ(host_.listen(token(1), {.local = taken}).error, std::errc::address_in_use);
}

TEST_F(SystemHostStreams, WithoutDescriptorsAWaitingConnectionIsReset) {
  SocketId listener = SocketId::kNone;
  const Endpoint server = listen_tcp(0, listener);
  const Opened client = host_.connect(token(1), server);
  ASSERT_EQ(client.error, std::errc{});
  ASSERT_TRUE(loop_.wait_readable(0));

  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  const rlimit none{.rlim_cur = static_cast<rlim_t>(client.id) + 1, .rlim_max = limit.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const std::errc error = host_.accept(listener).error;
  const std::errc then = host_.accept(listener).error;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_EQ(error, std::errc::too_many_files_open);
  EXPECT_TRUE(then == std::errc::operation_would_block || then == std::errc::too_many_files_open);
  ASSERT_TRUE(loop_.wait_error(1));
  EXPECT_EQ(host_.take_error(client.id), std::errc::connection_reset);
}

TEST_F(SystemHostStreams, AUnixSocketIsListenedOnConnectedToAndRemoved) {
  const std::string path = directory_.path("unix");
  const Opened listener = host_.listen(token(0), {.local = UnixPath{path}});
  ASSERT_EQ(listener.error, std::errc{});
  const Opened client = host_.connect(token(1), UnixPath{path});
  ASSERT_EQ(client.error, std::errc{});
  ASSERT_TRUE(loop_.wait_writable(1));
  EXPECT_EQ(host_.take_error(client.id), std::errc{});
  ASSERT_TRUE(loop_.wait_readable(0));
  const Accepted accepted = host_.accept(listener.id);
  ASSERT_EQ(accepted.error, std::errc{});
  EXPECT_FALSE(accepted.peer.has_value());
  EXPECT_EQ(host_.watch(accepted.id, token(2)), std::errc{});
  expect_carried(client.id, 1, accepted.id, 2);
  host_.close(client.id, CloseMode::kGraceful);
  EXPECT_EQ(read_all(accepted.id, 2), "");
  host_.close(listener.id, CloseMode::kGraceful);
  EXPECT_NE(::access(path.c_str(), F_OK), 0);
}

TEST_F(SystemHostStreams, AUnixSocketLeftBehindIsReplacedAndOneInUseIsNot) {
  const std::string path = directory_.path("stale");
  {
    sockaddr_un address{.sun_family = AF_UNIX};
    path.copy(&address.sun_path[0], path.size());
    const Descriptor left_behind(::socket(AF_UNIX, SOCK_STREAM, 0));
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast)
    const auto* const raw = reinterpret_cast<const sockaddr*>(&address);
    ASSERT_EQ(::bind(left_behind.get(), raw, sizeof address), 0);
  }
  const Opened listener = host_.listen(token(0), {.local = UnixPath{path}});
  ASSERT_EQ(listener.error, std::errc{});
  EXPECT_EQ(host_.listen(token(1), {.local = UnixPath{path}}).error, std::errc::address_in_use);
  host_.close(listener.id, CloseMode::kGraceful);
}

TEST_F(SystemHostStreams, AnOrdinaryFileIsNotReplacedByAUnixSocket) {
  const std::string path = directory_.path("file");
  const Descriptor file(::open(path.c_str(), O_CREAT | O_RDWR, 0600));
  ASSERT_TRUE(file);
  EXPECT_EQ(host_.listen(token(0), {.local = UnixPath{path}}).error, std::errc::file_exists);
}

TEST_F(SystemHostStreams, UnixPathsThatCantBeReachedAreToldApart) {
  EXPECT_EQ(host_.connect(token(1), UnixPath{directory_.path("nobody")}).error,
            std::errc::no_such_file_or_directory);
  EXPECT_EQ(host_.connect(token(1), UnixPath{std::string(200, 'x')}).error,
            std::errc::filename_too_long);
}

}  // namespace
}  // namespace sluice
