#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <string>
#include <thread>
#include <vector>

#include "nat/host/streams_fixture.h"

namespace sluice {
namespace {

using testing::TestLoop;
using testing::token;

// True when the process is gone, not even a zombie.
bool is_gone(pid_t process) {
  return ::kill(process, 0) < 0 && errno == ESRCH;
}

class SystemHostCommands : public testing::StreamsFixture {
 protected:
  // The number of a process that begins by saying it.
  pid_t read_process(SocketId id, std::uint32_t index) {
    EXPECT_TRUE(loop_.wait_readable(index));
    std::array<std::uint8_t, 20> buffer{};
    const std::size_t size = receive(id, buffer).bytes;
    return size == 0 ? -1 : std::stoi(std::string(as_text(Bytes(buffer).first(size))));
  }
};

TEST_F(SystemHostCommands, ACommandIsTheOtherEndOfAStream) {
  const Opened cat = host_.connect(token(1), Command{"cat"});
  ASSERT_EQ(cat.error, std::errc{});
  ASSERT_TRUE(loop_.wait_writable(1));
  EXPECT_EQ(host_.take_error(cat.id), std::errc{});
  expect_carried(cat.id, 1, cat.id, 1);
  host_.shutdown_send(cat.id);
  EXPECT_EQ(read_all(cat.id, 1), "");
}

TEST_F(SystemHostCommands, ACommandGetsItsWordsAndFreshSignals) {
  const Opened shell = host_.connect(
      token(1), Command{R"(sh -c 'kill -PIPE $$; echo unreachable' "not expanded: *")"});
  ASSERT_EQ(shell.error, std::errc{});
  EXPECT_EQ(read_all(shell.id, 1), "");
  const Opened print = host_.connect(token(2), Command{R"(printf '<%s>' a "b c" \$HOME)"});
  ASSERT_EQ(print.error, std::errc{});
  EXPECT_EQ(read_all(print.id, 2), "<a><b c><$HOME>");
}

TEST_F(SystemHostCommands, ACommandThatIsNotThereIsToldAsSuch) {
  EXPECT_EQ(host_.connect(token(1), Command{"no-such-command-anywhere"}).error,
            std::errc::no_such_file_or_directory);
  EXPECT_EQ(host_.connect(token(1), Command{"/dev/null"}).error, std::errc::permission_denied);
  EXPECT_EQ(host_.connect(token(1), Command{"cat 'unclosed"}).error, std::errc::invalid_argument);
  EXPECT_EQ(host_.connect(token(1), Command{" "}).error, std::errc::invalid_argument);
}

TEST_F(SystemHostCommands, ACommandThatHasEndedIsNoZombie) {
  const Opened shell = host_.connect(token(1), Command{"sh -c 'echo $$'"});
  ASSERT_EQ(shell.error, std::errc{});
  const pid_t process = std::stoi(read_all(shell.id, 1));
  EXPECT_TRUE(loop_.run_until([&] { return is_gone(process); }));
  host_.close(shell.id, CloseMode::kGraceful);
}

TEST_F(SystemHostCommands, ACommandMayFinishItsWorkAfterItsStreamIsClosed) {
  const std::string path = directory_.path("finished");
  const Opened shell = host_.connect(token(1), Command{"sh -c 'cat >/dev/null; : >" + path + "'"});
  ASSERT_EQ(shell.error, std::errc{});
  host_.close(shell.id, CloseMode::kGraceful);
  // The host wakes up when the command has ended.
  EXPECT_TRUE(loop_.run_until([&] { return ::access(path.c_str(), F_OK) == 0; }));
}

TEST_F(SystemHostCommands, ACommandWhoseStreamIsResetIsEnded) {
  const Opened shell = host_.connect(token(1), Command{"sh -c 'echo $$; exec sleep 1000'"});
  ASSERT_EQ(shell.error, std::errc{});
  const pid_t process = read_process(shell.id, 1);
  host_.close(shell.id, CloseMode::kReset);
  EXPECT_TRUE(loop_.run_until([&] { return is_gone(process); }));
}

TEST_F(SystemHostCommands, WhatACommandLeavesBehindEndsWithIt) {
  const Opened shell = host_.connect(token(1), Command{"sh -c 'sleep 1000 & echo $!'"});
  ASSERT_EQ(shell.error, std::errc{});
  const pid_t process = read_process(shell.id, 1);
  EXPECT_TRUE(loop_.run_until([&] { return is_gone(process); }));
}

TEST_F(SystemHostCommands, ThoseThatIgnoreTheEndOfTheirStreamAreBounded) {
  constexpr std::uint32_t kCount = 40;
  std::vector<pid_t> processes;
  for (std::uint32_t i = 0; i < kCount; ++i) {
    const Opened sleeper = host_.connect(token(i), Command{"sh -c 'echo $$; exec sleep 1000'"});
    ASSERT_EQ(sleeper.error, std::errc{});
    processes.push_back(read_process(sleeper.id, i));
    host_.close(sleeper.id, CloseMode::kGraceful);
  }
  EXPECT_TRUE(loop_.run_until([&] { return is_gone(processes.front()); }));
  EXPECT_FALSE(is_gone(processes.back()));
}

TEST_F(SystemHostCommands, TooManyAtATimeAreRefused) {
  std::errc error{};
  std::uint32_t started = 0;
  for (; started < 1000 && error == std::errc{}; ++started) {
    error = host_.connect(token(started), Command{"cat"}).error;
  }
  EXPECT_EQ(error, std::errc::connection_refused);
  EXPECT_GT(started, 200U);
}

TEST_F(SystemHostCommands, CommandsEndWithTheHostEvenIfTheyDontWantTo) {
  pid_t process = -1;
  {
    EventQueue queue;
    SystemHost host(queue);
    TestLoop loop(queue, host);
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

// What an embedded host's command sees, said by the command itself.
class EmbeddedHostCommands : public testing::StreamsFixture {
 protected:
  std::string output_of(const std::string& script) {
    SystemHostOptions options;
    options.embedded = true;
    EventQueue queue;
    SystemHost host(queue, options);
    TestLoop loop(queue, host);
    const Opened shell = host.connect(token(1), Command{"sh -c '" + script + "'"});
    EXPECT_EQ(shell.error, std::errc{});
    std::string said;
    const bool ended = loop.run_until([&] {
      for (;;) {
        std::array<std::uint8_t, 1000> buffer{};
        const std::array<MutableBytes, 1> pieces{MutableBytes(buffer)};
        const Transfer result = host.receive(shell.id, pieces);
        if (result.would_block()) return false;
        if (result.failed() || result.bytes == 0) return true;
        said += as_text(Bytes(buffer).first(result.bytes));
      }
    });
    EXPECT_TRUE(ended);
    return said;
  }
};

TEST_F(EmbeddedHostCommands, InheritNoDescriptorThatSomebodyLeftOpen) {
  constexpr int kNumber = 77;
  ASSERT_EQ(::dup2(STDERR_FILENO, kNumber), kNumber);
  EXPECT_EQ(output_of("test -e /proc/$$/fd/77 || echo none"), "none\n");
  ::close(kNumber);
}

TEST_F(EmbeddedHostCommands, AreTheOnlyChildrenOfTheProcess) {
  const std::string children = output_of("cat /proc/$PPID/task/*/children; echo $$");
  // The shell's own number, twice.
  const std::size_t space = children.find(' ');
  ASSERT_NE(space, std::string::npos) << children;
  EXPECT_EQ(children, children.substr(0, space) + " " + children.substr(0, space) + "\n");
}

TEST_F(EmbeddedHostCommands, OutliveTheThreadThatStartedThem) {
  SystemHostOptions options;
  options.embedded = true;
  EventQueue queue;
  SystemHost host(queue, options);
  TestLoop loop(queue, host);
  Opened cat;
  std::thread([&] { cat = host.connect(token(1), Command{"cat"}); }).join();
  ASSERT_EQ(cat.error, std::errc{});
  const std::array<Bytes, 1> sent{as_bytes("still there")};
  ASSERT_EQ(host.send(cat.id, sent).bytes, sent[0].size());
  ASSERT_TRUE(loop.wait_readable(1));
  std::array<std::uint8_t, 100> buffer{};
  const std::array<MutableBytes, 1> pieces{MutableBytes(buffer)};
  EXPECT_EQ(host.receive(cat.id, pieces).bytes, sent[0].size());
}

}  // namespace
}  // namespace sluice
