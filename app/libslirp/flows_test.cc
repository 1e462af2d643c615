// What passes through: connections, datagrams and forwards, over the loopback.

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <mutex>
#include <string>
#include <thread>

#include "app/libslirp/scripted_program.h"
#include "posix/descriptor.h"
#include "sluice/libslirp.h"

namespace sluice {
namespace {

// A socket of this host on the loopback, which does not block.
class LoopbackSocket {
 public:
  explicit LoopbackSocket(int type)
      : socket_(::socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address_;
    EXPECT_EQ(::bind(socket_.get(), name(), size), 0);
    EXPECT_EQ(::getsockname(socket_.get(), name(), &size), 0);
    EXPECT_TRUE(type != SOCK_STREAM || ::listen(socket_.get(), 16) == 0);
  }
  explicit LoopbackSocket(Descriptor socket) : socket_(std::move(socket)) {}

  std::uint16_t port() const { return ntohs(address_.sin_port); }
  int get() const { return socket_.get(); }

  // The next connection; none if nobody waits.
  Descriptor accept() const {
    return Descriptor(::accept4(socket_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  }

 private:
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): what these calls ask for.
  sockaddr* name() { return reinterpret_cast<sockaddr*>(&address_); }

  Descriptor socket_;
  sockaddr_in address_{};
};

// What has come, added to `text`. False at the end.
bool read_into(std::string& text, int socket) {
  std::array<char, 65536> buffer{};
  for (;;) {
    const ssize_t count = ::recv(socket, buffer.data(), buffer.size(), 0);
    if (count < 0) return errno == EAGAIN;
    if (count == 0) return false;
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

Descriptor connect_to(int port) {
  Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): what connect(2) asks for.
  const int result = ::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address);
  EXPECT_TRUE(result == 0 || errno == EINPROGRESS);
  return socket;
}

// The host's port of the one TCP forward.
int forwarded_port(const ScriptedProgram& program) {
  const std::string table = program.connections();
  const std::string kind = "TCP[HOST_FORWARD]";
  const std::size_t at = table.find(kind);
  int port = -1;
  if (at == std::string::npos) return port;
  std::sscanf(table.c_str() + at + kind.size(), "%*d %*s %d", &port);
  return port;
}

// The host's end of the guest's connection to that server. None if nothing comes of it.
Descriptor accepted_from(ScriptedProgram& program, const ProgramGuestTcp& guest,
                         const LoopbackSocket& server) {
  Descriptor accepted;
  EXPECT_TRUE(program.run_until([&] {
    if (!accepted) accepted = server.accept();
    return accepted && guest.established();
  }));
  return accepted;
}

// Whether what the guest writes arrives there.
bool arrives(ScriptedProgram& program, ProgramGuestTcp& guest, const Descriptor& host,
             const std::string& text) {
  guest.write(text);
  std::string received;
  program.run_until([&] {
    read_into(received, host.get());
    return received.size() == text.size();
  });
  return received == text;
}

class LibslirpFlows : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(program_.start()); }

  // Whether the guest gets back what it sends there.
  void expect_echo(const Endpoint& server, std::uint16_t port) {
    ProgramGuestTcp guest(program_, port, server);
    ASSERT_TRUE(program_.run_until([&] { return guest.established(); }));
    const std::string text = varied_text(300'000);
    guest.write(text);
    EXPECT_TRUE(program_.run_until([&] { return guest.received().size() == text.size(); }));
    EXPECT_TRUE(guest.received() == text);
    guest.finish();
    EXPECT_TRUE(program_.run_until([&] { return guest.peer_finished(); }));
  }

  ScriptedProgram program_;
};

TEST_F(LibslirpFlows, AGuestReachesTheHostsLoopback) {
  const LoopbackSocket server(SOCK_STREAM);
  ProgramGuestTcp guest(program_, 4000, {kGateway, server.port()});
  Descriptor accepted = accepted_from(program_, guest, server);
  ASSERT_TRUE(accepted);
  const std::string text = varied_text(2'000'000);
  ASSERT_TRUE(arrives(program_, guest, accepted, text));
  std::size_t sent = 0;
  ASSERT_TRUE(program_.run_until([&] {
    if (sent < text.size()) {
      const ssize_t count =
          ::send(accepted.get(), text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
      if (count > 0) sent += static_cast<std::size_t>(count);
    }
    return guest.received().size() == text.size();
  }));
  EXPECT_TRUE(guest.received() == text);
  accepted.reset();
  EXPECT_TRUE(program_.run_until([&] { return guest.peer_finished(); }));
}

TEST_F(LibslirpFlows, ARefusedConnectionIsRefused) {
  std::uint16_t port = 0;
  {
    const LoopbackSocket server(SOCK_STREAM);
    port = server.port();
  }
  ProgramGuestTcp guest(program_, 4000, {kGateway, port});
  ASSERT_TRUE(program_.run_until([&] { return guest.closed(); }));
  EXPECT_EQ(guest.close_reason(), tcp::CloseReason::kRefused);
}

TEST_F(LibslirpFlows, TheLoopbackCanBeOutOfReach) {
  const LoopbackSocket server(SOCK_STREAM);
  program_.stop();
  program_.config.disable_host_loopback = true;
  ASSERT_TRUE(program_.start());
  program_.from_guest(tcp_frame(
      kGuestAddress, kGateway,
      {.source_port = 4000, .destination_port = server.port(), .flags = {.syn = true}}, {}, {}));
  const auto seen = program_.take_seen();
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_TRUE(seen[0].icmp);
  EXPECT_FALSE(server.accept());
}

TEST_F(LibslirpFlows, DatagramsLeaveFromTheOutboundAddressAsItIsThen) {
  sockaddr_in outbound{};
  outbound.sin_family = AF_INET;
  outbound.sin_addr = raw("127.0.0.9");
  program_.stop();
  program_.config.outbound_addr = &outbound;
  ASSERT_TRUE(program_.start());
  const LoopbackSocket server(SOCK_DGRAM);
  const auto sender = [&](std::uint16_t port) {
    program_.from_guest(udp_frame({kGuestAddress, port}, {kGateway, server.port()}, "hello"));
    program_.turn(0);
    std::array<char, 16> buffer{};
    sockaddr_in from{};
    socklen_t size = sizeof from;
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): what recvfrom(2) asks for.
    auto* const name = reinterpret_cast<sockaddr*>(&from);
    EXPECT_EQ(::recvfrom(server.get(), buffer.data(), buffer.size(), 0, name, &size), 5);
    return from.sin_addr.s_addr;
  };
  EXPECT_EQ(sender(4000), raw("127.0.0.9").s_addr);
  outbound.sin_addr = raw("127.0.0.8");
  EXPECT_EQ(sender(4001), raw("127.0.0.8").s_addr);
}

TEST_F(LibslirpFlows, DatagramsGoThereAndBack) {
  const LoopbackSocket server(SOCK_DGRAM);
  program_.from_guest(udp_frame({kGuestAddress, 4000}, {kGateway, server.port()}, "question"));
  std::array<char, 16> buffer{};
  sockaddr_in from{};
  socklen_t size = sizeof from;
  // NOLINTBEGIN(cppcoreguidelines-pro-type-reinterpret-cast): what these calls ask for.
  ASSERT_EQ(::recvfrom(server.get(), buffer.data(), buffer.size(), 0,
                       reinterpret_cast<sockaddr*>(&from), &size),
            8);
  EXPECT_NE(program_.connections().find("UDP[299 sec]"), std::string::npos)
      << program_.connections();
  ASSERT_EQ(::sendto(server.get(), "answer", 6, 0, reinterpret_cast<sockaddr*>(&from), size), 6);
  // NOLINTEND(cppcoreguidelines-pro-type-reinterpret-cast)
  std::vector<SeenFrame> seen;
  ASSERT_TRUE(program_.run_until([&] {
    seen = program_.take_seen();
    return !seen.empty();
  }));
  ASSERT_TRUE(seen[0].udp);
  EXPECT_EQ(seen[0].payload, "answer");
  EXPECT_EQ(seen[0].ip->source, kGateway);
}

TEST_F(LibslirpFlows, WhatFollowsTheFirstFrameOfABurstWaitsForThePoll) {
  const LoopbackSocket server(SOCK_DGRAM);
  const auto say = [&](std::string_view text) {
    program_.from_guest(udp_frame({kGuestAddress, 4000}, {kGateway, server.port()}, text));
  };
  const auto heard = [&] {
    std::string all;
    read_into(all, server.get());
    return all;
  };
  program_.turn(0);
  say("1");
  EXPECT_EQ(heard(), "1");
  program_.notified = 0;
  say("2");
  say("3");
  EXPECT_EQ(heard(), "");
  EXPECT_EQ(program_.notified, 1);
  program_.turn(0);
  EXPECT_EQ(program_.timeout, 0U);
  EXPECT_EQ(heard(), "23");
  say("4");
  EXPECT_EQ(heard(), "4");
  // What does not wait takes along what does.
  say("5");
  program_.from_guest(echo_frame(kGuestAddress, kGateway, 1, 1, "x"));
  EXPECT_EQ(heard(), "5");
  EXPECT_EQ(program_.take_seen().size(), 1U);
  // Nor does anything wait for ever.
  for (int i = 0; i < 200; ++i) say("x");
  EXPECT_GT(heard().size(), 100U);
}

TEST_F(LibslirpFlows, AForwardedPortLeadsToTheGuest) {
  ASSERT_EQ(slirp_add_hostfwd(program_.slirp, 0, raw("127.0.0.1"), 0, in_addr{}, 22), 0);
  const int port = forwarded_port(program_);
  ProgramGuestTcp guest(program_, 22);
  const Descriptor client = connect_to(port);
  ASSERT_TRUE(program_.run_until([&] { return guest.established(); }));
  // It is shown from the forwarded port on.
  const std::string line =
      "       127.0.0.1 " + std::to_string(port) + "       10.0.2.15    22     0     0\n";
  const std::string table = program_.connections();
  EXPECT_EQ(table.substr(table.find("  TCP[ESTABLISHED]"), 18), "  TCP[ESTABLISHED]");
  EXPECT_NE(table.find(line), std::string::npos) << table;
  guest.write("welcome");
  std::string received;
  ASSERT_TRUE(program_.run_until([&] {
    read_into(received, client.get());
    return received == "welcome";
  }));
  ASSERT_EQ(::send(client.get(), "thanks", 6, MSG_NOSIGNAL), 6);
  ASSERT_TRUE(program_.run_until([&] { return guest.received() == "thanks"; }));
  // Without the forward the connection goes on.
  ASSERT_EQ(slirp_remove_hostfwd(program_.slirp, 0, raw("127.0.0.1"), port), 0);
  guest.write("!");
  EXPECT_TRUE(program_.run_until([&] {
    read_into(received, client.get());
    return received == "welcome!";
  }));
}

TEST_F(LibslirpFlows, ACommandAnswersForAnAddress) {
  in_addr address = raw("10.0.2.100");
  ASSERT_EQ(slirp_add_exec(program_.slirp, "cat", &address, kForward.port), 0);
  expect_echo(kForward, 4000);
  expect_echo(kForward, 4001);
}

TEST_F(LibslirpFlows, OtherChildrenOfTheProgramAreLeftToIt) {
  in_addr address = raw("10.0.2.100");
  ASSERT_EQ(slirp_add_exec(program_.slirp, "cat", &address, kForward.port), 0);
  const pid_t child = ::fork();
  if (child == 0) ::_exit(7);
  ASSERT_GT(child, 0);
  expect_echo(kForward, 4000);
  program_.stop();
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 7);
  // And it is left nothing of ours.
  EXPECT_LT(::waitpid(-1, nullptr, WNOHANG), 0);
  EXPECT_EQ(errno, ECHILD);
}

TEST_F(LibslirpFlows, AProgramThatIgnoresItsChildrenHasCommandsAllTheSame) {
  struct sigaction ignore {};
  struct sigaction before {};
  ignore.sa_handler = SIG_IGN;
  ASSERT_EQ(::sigaction(SIGCHLD, &ignore, &before), 0);
  in_addr address = raw("10.0.2.100");
  ASSERT_EQ(slirp_add_exec(program_.slirp, "cat", &address, kForward.port), 0);
  expect_echo(kForward, 4000);
  program_.stop();
  ASSERT_EQ(::sigaction(SIGCHLD, &before, nullptr), 0);
}

// A program's side of a guest forward.
struct Chardev {
  static ssize_t write(const void* bytes, std::size_t size, void* self) {
    auto& chardev = *static_cast<Chardev*>(self);
    if (chardev.fails) {
      errno = EPIPE;
      return -1;
    }
    const std::size_t taken = std::min(size, chardev.appetite);
    chardev.appetite -= taken;
    chardev.got.append(static_cast<const char*>(bytes), taken);
    if (chardev.on_write) chardev.on_write();
    if (taken > 0) return static_cast<ssize_t>(taken);
    errno = EAGAIN;
    return -1;
  }
  std::string got;
  std::size_t appetite = SIZE_MAX;
  bool fails = false;
  std::function<void()> on_write;
};

class LibslirpGuestForward : public LibslirpFlows {
 protected:
  void SetUp() override {
    LibslirpFlows::SetUp();
    ASSERT_EQ(
        slirp_add_guestfwd(program_.slirp, &Chardev::write, &chardev_, &address_, kForward.port),
        0);
  }
  void say(const std::string& text) {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): bytes.
    const auto* const bytes = reinterpret_cast<const std::uint8_t*>(text.data());
    slirp_socket_recv(program_.slirp, address_, kForward.port, bytes,
                      static_cast<int>(text.size()));
    program_.settle();
  }
  std::size_t room() { return slirp_socket_can_recv(program_.slirp, address_, kForward.port); }

  in_addr address_ = raw("10.0.2.100");
  Chardev chardev_;
};

TEST_F(LibslirpGuestForward, BytesGoBothWays) {
  EXPECT_EQ(room(), 0U);
  ProgramGuestTcp guest(program_, 4000, kForward);
  ASSERT_TRUE(program_.run_until([&] { return guest.established(); }));
  guest.write("question");
  ASSERT_TRUE(program_.run_until([&] { return chardev_.got == "question"; }));
  EXPECT_GE(room(), 65536U);
  say("answer");
  EXPECT_EQ(guest.received(), "answer");
}

TEST_F(LibslirpGuestForward, AProgramMayAnswerFromWithinItsCallback) {
  chardev_.on_write = [&] {
    ASSERT_GT(room(), 0U);
    slirp_socket_recv(program_.slirp, address_, kForward.port,
                      // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): bytes.
                      reinterpret_cast<const std::uint8_t*>("pong"), 4);
  };
  ProgramGuestTcp guest(program_, 4000, kForward);
  ASSERT_TRUE(program_.run_until([&] { return guest.established(); }));
  guest.write("ping");
  EXPECT_TRUE(program_.run_until([&] { return guest.received() == "pong"; }));
}

TEST_F(LibslirpGuestForward, AProgramMayRemoveItFromWithinItsCallback) {
  chardev_.on_write = [&] {
    EXPECT_EQ(slirp_remove_guestfwd(program_.slirp, address_, kForward.port), 0);
  };
  ProgramGuestTcp guest(program_, 4000, kForward);
  ASSERT_TRUE(program_.run_until([&] { return guest.established(); }));
  guest.write("x");
  EXPECT_TRUE(program_.run_until([&] { return guest.closed(); }));
  EXPECT_EQ(guest.close_reason(), tcp::CloseReason::kReset);
  EXPECT_EQ(room(), 0U);
  EXPECT_EQ(slirp_remove_guestfwd(program_.slirp, address_, kForward.port), -1);
}

TEST_F(LibslirpGuestForward, AProgramThatIsFullGetsTheRestLater) {
  chardev_.appetite = 3;
  ProgramGuestTcp guest(program_, 4000, kForward);
  ASSERT_TRUE(program_.run_until([&] { return guest.established(); }));
  guest.write("abcdef");
  ASSERT_TRUE(program_.run_until([&] { return chardev_.got == "abc"; }));
  chardev_.appetite = SIZE_MAX;
  EXPECT_TRUE(program_.run_until([&] { return chardev_.got == "abcdef"; }));
}

// Its device has lost the other end, say, and gets it back.
TEST_F(LibslirpGuestForward, AProgramThatFailsLosesWhatItIsGivenAndNotTheGuest) {
  chardev_.fails = true;
  ProgramGuestTcp guest(program_, 4000, kForward);
  ASSERT_TRUE(program_.run_until([&] { return guest.established(); }));
  guest.write("lost");
  program_.turn(0);
  chardev_.fails = false;
  guest.write("and found");
  EXPECT_TRUE(program_.run_until([&] { return chardev_.got == "and found"; }));
  EXPECT_TRUE(guest.established());
}

TEST(LibslirpPrograms, OfEveryVersionMoveData) {
  for (std::uint32_t version = 1; version <= SLIRP_CONFIG_VERSION_MAX; ++version) {
    ScriptedProgram program;
    program.config.version = version;
    program.callbacks.register_poll_fd = [](int, void*) {};
    program.callbacks.unregister_poll_fd = [](int, void*) {};
    ASSERT_TRUE(program.start());
    const LoopbackSocket server(SOCK_STREAM);
    ProgramGuestTcp guest(program, 4000, {kGateway, server.port()});
    const Descriptor accepted = accepted_from(program, guest, server);
    ASSERT_TRUE(accepted) << version;
    EXPECT_TRUE(arrives(program, guest, accepted, varied_text(200'000))) << version;
  }
}

TEST_F(LibslirpFlows, AWriteCallbackMayEndItAll) {
  static bool ended;
  ended = false;
  in_addr address = raw("10.0.2.100");
  ASSERT_EQ(slirp_add_guestfwd(
                program_.slirp,
                [](const void*, std::size_t size, void* self) {
                  EXPECT_FALSE(ended);
                  ended = true;
                  slirp_cleanup(static_cast<ScriptedProgram*>(self)->slirp);
                  return static_cast<ssize_t>(size);
                },
                &program_, &address, kForward.port),
            0);
  ProgramGuestTcp guest(program_, 4000, kForward);
  ASSERT_TRUE(program_.run_until([&] { return guest.established(); }));
  program_.callbacks.send_packet = [](const void*, std::size_t size, void*) {
    EXPECT_FALSE(ended);
    return static_cast<ssize_t>(size);
  };
  guest.write("the end");
  guest.send_segments();
  std::uint32_t timeout = 0;
  if (!ended) slirp_pollfds_fill_socket(program_.slirp, &timeout, nullptr, nullptr);
  if (!ended) slirp_pollfds_poll(program_.slirp, 0, nullptr, nullptr);
  EXPECT_TRUE(ended);
  program_.slirp = nullptr;
}

// A program that can't be told that it is to poll, and sleeps.
TEST(LibslirpPrograms, ThatSleepWithoutNotifyAreWoken) {
  const LoopbackSocket server(SOCK_DGRAM);
  ScriptedProgram program;
  program.callbacks.notify = nullptr;
  ASSERT_TRUE(program.start());
  const Descriptor stop(::eventfd(0, EFD_CLOEXEC));
  std::mutex big_lock;
  std::thread poller([&] {
    for (;;) {
      std::array<pollfd, 2> polled{{{.fd = stop.get(), .events = POLLIN}, {.events = POLLIN}}};
      std::uint32_t timeout = UINT32_MAX;
      {
        const std::lock_guard locked(big_lock);
        slirp_pollfds_fill_socket(
            program.slirp, &timeout,
            [](int descriptor, int, void* self) {
              static_cast<pollfd*>(self)->fd = descriptor;
              return 1;
            },
            &polled[1]);
      }
      ::poll(polled.data(), polled.size(), static_cast<int>(timeout));
      if (polled[0].revents != 0) return;
      const std::lock_guard locked(big_lock);
      slirp_pollfds_poll(
          program.slirp, 0,
          [](int, void* self) {
            return static_cast<pollfd*>(self)->revents != 0 ? int{SLIRP_POLL_IN} : 0;
          },
          &polled[1]);
    }
  });
  std::string received;
  for (const char* const text : {"1", "2", "3"}) {
    const std::lock_guard locked(big_lock);
    const Octets frame = udp_frame({kGuestAddress, 4000}, {kGateway, server.port()}, text);
    slirp_input(program.slirp, frame.data(), static_cast<int>(frame.size()));
  }
  constexpr int kPatience = 20'000;
  pollfd arrival{.fd = server.get(), .events = POLLIN, .revents = 0};
  while (received.size() < 3 && ::poll(&arrival, 1, kPatience) > 0) {
    read_into(received, server.get());
  }
  EXPECT_EQ(received, "123");
  ::eventfd_write(stop.get(), 1);
  poller.join();
}

}  // namespace
}  // namespace sluice
