#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "nat/host/system_host.h"
#include "nat/host/test_directory.h"
#include "nat/host/test_loop.h"

namespace sluice {
namespace {

using testing::TestLoop;
using testing::token;

constexpr IpAddress kLoopback = IpAddress::v4(127, 0, 0, 1);
constexpr std::size_t kMuch = std::size_t{8} << 20;  // more than any socket's buffers hold

std::uint8_t pattern(std::size_t offset) {
  return static_cast<std::uint8_t>(offset * 31 + (offset >> 8));
}

std::vector<std::uint8_t> patterned(std::size_t size) {
  std::vector<std::uint8_t> bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = pattern(i);
  return bytes;
}

class SystemHostStreams : public ::testing::Test {
 protected:
  Transfer send(SocketId id, Bytes bytes) {
    const std::array<Bytes, 1> pieces{bytes};
    return host_.send(id, pieces);
  }
  Transfer receive(SocketId id, MutableBytes into) {
    const std::array<MutableBytes, 1> pieces{into};
    return host_.receive(id, pieces);
  }

  // Opens a TCP listener of the token's index on a port that the system chooses.
  Endpoint listen_tcp(std::uint32_t index, SocketId& listener, IpAddress at = kLoopback) {
    const Opened opened = host_.listen(token(index), {.local = Endpoint{.address = at, .port = 0}});
    EXPECT_EQ(opened.error, std::errc{});
    listener = opened.id;
    return {.address = at, .port = host_.local_port(listener)};
  }

  // Both ends of a connection: index 1 connects, index 2 is accepted.
  struct Pair {
    SocketId client = SocketId::kNone;
    SocketId server = SocketId::kNone;
  };
  Pair connected_pair(IpAddress at = kLoopback) {
    SocketId listener = SocketId::kNone;
    const Endpoint server = listen_tcp(0, listener, at);
    const Opened client = host_.connect(token(1), server);
    EXPECT_EQ(client.error, std::errc{});
    EXPECT_TRUE(loop_.wait_readable(0));
    const Accepted accepted = host_.accept(listener, token(2));
    EXPECT_EQ(accepted.error, std::errc{});
    EXPECT_TRUE(loop_.wait_writable(1));
    EXPECT_EQ(host_.take_error(client.id), std::errc{});
    host_.close(listener, CloseMode::kGraceful);
    return {.client = client.id, .server = accepted.id};
  }

  // Sends all of `bytes` from one and expects it at the other.
  void expect_carried(SocketId from, std::uint32_t from_index, SocketId to,
                      std::uint32_t to_index) {
    const std::vector<std::uint8_t> sent = patterned(kMuch);
    std::size_t taken = 0;
    std::size_t partial = 0;
    std::vector<std::uint8_t> received(kMuch);
    std::size_t got = 0;
    loop_.seen(from_index).writable = true;
    loop_.seen(to_index).readable = true;
    const auto step = [&] {
      while (loop_.seen(from_index).writable && taken < kMuch) {
        const Transfer result = send(from, Bytes(sent).subspan(taken));
        if (result.failed()) return true;
        taken += result.bytes;
        if (taken < kMuch) ++partial;
        if (result.would_block()) loop_.seen(from_index).writable = false;
      }
      while (loop_.seen(to_index).readable && got < kMuch) {
        const Transfer result = receive(to, MutableBytes(received).subspan(got));
        if (result.failed()) return true;
        got += result.bytes;
        if (result.would_block()) loop_.seen(to_index).readable = false;
      }
      return got == kMuch;
    };
    EXPECT_TRUE(loop_.run_until(step));
    EXPECT_EQ(got, kMuch);
    EXPECT_GT(partial, 0U);
    EXPECT_TRUE(received == sent);
  }

  // What the stream brings until its end.
  std::string read_all(SocketId id, std::uint32_t index) {
    std::string all;
    loop_.seen(index).readable = true;
    const bool ended = loop_.run_until([&] {
      while (loop_.seen(index).readable) {
        std::array<std::uint8_t, 1000> buffer{};
        const Transfer result = receive(id, buffer);
        if (result.failed() || (result.bytes == 0 && !result.would_block())) return true;
        all += as_text(Bytes(buffer).first(result.bytes));
        if (result.would_block()) loop_.seen(index).readable = false;
      }
      return false;
    });
    EXPECT_TRUE(ended);
    return all;
  }

  testing::TestDirectory directory_;
  SystemHost host_;
  TestLoop loop_{host_};
};

TEST_F(SystemHostStreams, AConnectionIsMadeAndAcceptedWithThePeersAddress) {
  SocketId listener = SocketId::kNone;
  const Endpoint server = listen_tcp(0, listener);
  EXPECT_NE(server.port, 0);
  EXPECT_TRUE(host_.accept(listener, token(9)).error == std::errc::operation_would_block);

  const Opened client = host_.connect(token(1), server);
  ASSERT_EQ(client.error, std::errc{});
  ASSERT_TRUE(loop_.wait_writable(1));
  EXPECT_EQ(host_.take_error(client.id), std::errc{});
  ASSERT_TRUE(loop_.wait_readable(0));
  const Accepted accepted = host_.accept(listener, token(2));
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
  ASSERT_TRUE(testing::wait_readable(host_.descriptor()));
  host_.close(pair.server, CloseMode::kGraceful);
  for (const HostEvent& event : host_.poll()) EXPECT_NE(event.token, token(2));
}

TEST_F(SystemHostStreams, AnOutboundAddressIsNotForTheLoopback) {
  SystemHost host({.outbound = IpAddress::v4(127, 0, 0, 7)});
  SocketId listener = SocketId::kNone;
  const Endpoint server = listen_tcp(0, listener);
  ASSERT_EQ(host.connect(token(1), server).error, std::errc{});
  ASSERT_TRUE(loop_.wait_readable(0));
  EXPECT_EQ(host_.accept(listener, token(2)).peer->address, kLoopback);
}

TEST_F(SystemHostStreams, AnAddressThatIsNotOursCantBeListenedOnOrConnectedFrom) {
  const Endpoint foreign{.address = IpAddress::v4(192, 0, 2, 77), .port = 0};
  EXPECT_EQ(host_.listen(token(0), {.local = foreign}).error, std::errc::address_not_available);
  SystemHost host({.outbound = foreign.address});
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
  const std::errc error = host_.accept(listener, token(2)).error;
  const std::errc then = host_.accept(listener, token(2)).error;
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
  const Accepted accepted = host_.accept(listener.id, token(2));
  ASSERT_EQ(accepted.error, std::errc{});
  EXPECT_FALSE(accepted.peer.has_value());
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
  EXPECT_EQ(host_.listen(token(0), {.local = UnixPath{path}}).error, std::errc::address_in_use);
}

TEST_F(SystemHostStreams, UnixPathsThatCantBeReachedAreToldApart) {
  EXPECT_EQ(host_.connect(token(1), UnixPath{directory_.path("nobody")}).error,
            std::errc::no_such_file_or_directory);
  EXPECT_EQ(host_.connect(token(1), UnixPath{std::string(200, 'x')}).error,
            std::errc::filename_too_long);
}

TEST_F(SystemHostStreams, ACommandIsTheOtherEndOfAStream) {
  const Opened cat = host_.connect(token(1), Command{"cat"});
  ASSERT_EQ(cat.error, std::errc{});
  ASSERT_TRUE(loop_.wait_writable(1));
  EXPECT_EQ(host_.take_error(cat.id), std::errc{});
  expect_carried(cat.id, 1, cat.id, 1);
  host_.shutdown_send(cat.id);
  EXPECT_EQ(read_all(cat.id, 1), "");
}

TEST_F(SystemHostStreams, ACommandGetsItsWordsAndFreshSignals) {
  const Opened shell = host_.connect(
      token(1), Command{R"(sh -c 'kill -PIPE $$; echo unreachable' "not expanded: *")"});
  ASSERT_EQ(shell.error, std::errc{});
  EXPECT_EQ(read_all(shell.id, 1), "");
  const Opened print = host_.connect(token(2), Command{R"(printf '<%s>' a "b c" \$HOME)"});
  ASSERT_EQ(print.error, std::errc{});
  EXPECT_EQ(read_all(print.id, 2), "<a><b c><$HOME>");
}

TEST_F(SystemHostStreams, ACommandThatIsNotThereIsToldAsSuch) {
  EXPECT_EQ(host_.connect(token(1), Command{"no-such-command-anywhere"}).error,
            std::errc::no_such_file_or_directory);
  EXPECT_EQ(host_.connect(token(1), Command{"/dev/null"}).error, std::errc::permission_denied);
  EXPECT_EQ(host_.connect(token(1), Command{"cat 'unclosed"}).error, std::errc::invalid_argument);
  EXPECT_EQ(host_.connect(token(1), Command{" "}).error, std::errc::invalid_argument);
}

// True as soon as the process is gone, not even a zombie.
bool is_gone(pid_t process) {
  return ::kill(process, 0) < 0 && errno == ESRCH;
}

TEST_F(SystemHostStreams, ACommandThatHasEndedIsNoZombie) {
  const Opened shell = host_.connect(token(1), Command{"sh -c 'echo $$'"});
  ASSERT_EQ(shell.error, std::errc{});
  const pid_t process = std::stoi(read_all(shell.id, 1));
  EXPECT_TRUE(loop_.run_until([&] { return is_gone(process); }));
  host_.close(shell.id, CloseMode::kGraceful);
}

TEST_F(SystemHostStreams, ACommandMayFinishItsWorkAfterItsStreamIsClosed) {
  const std::string path = directory_.path("finished");
  const Opened shell = host_.connect(token(1), Command{"sh -c 'cat >/dev/null; : >" + path + "'"});
  ASSERT_EQ(shell.error, std::errc{});
  host_.close(shell.id, CloseMode::kGraceful);
  // The host wakes up when the command has ended.
  EXPECT_TRUE(loop_.run_until([&] { return ::access(path.c_str(), F_OK) == 0; }));
}

TEST_F(SystemHostStreams, ACommandWhoseStreamIsResetIsEnded) {
  const Opened shell = host_.connect(token(1), Command{"sh -c 'echo $$; exec sleep 1000'"});
  ASSERT_EQ(shell.error, std::errc{});
  ASSERT_TRUE(loop_.wait_readable(1));
  std::array<std::uint8_t, 20> buffer{};
  const std::size_t size = receive(shell.id, buffer).bytes;
  const pid_t process = std::stoi(std::string(as_text(Bytes(buffer).first(size))));
  host_.close(shell.id, CloseMode::kReset);
  EXPECT_TRUE(loop_.run_until([&] { return is_gone(process); }));
}

TEST_F(SystemHostStreams, CommandsEndWithTheHostEvenIfTheyDontWantTo) {
  pid_t process = -1;
  {
    SystemHost host;
    TestLoop loop(host);
    const Opened shell = host.connect(
        token(1), Command{"sh -c 'trap \"\" TERM; echo $$; while :; do sleep 1; done'"});
    ASSERT_EQ(shell.error, std::errc{});
    ASSERT_TRUE(loop.wait_readable(1));
    std::array<std::uint8_t, 20> buffer{};
    const std::array<MutableBytes, 1> pieces{MutableBytes(buffer)};
    const std::size_t size = host.receive(shell.id, pieces).bytes;
    process = std::stoi(std::string(as_text(Bytes(buffer).first(size))));
    EXPECT_FALSE(is_gone(process));
  }
  EXPECT_TRUE(is_gone(process));
}

}  // namespace
}  // namespace sluice
