// Runs real commands in real namespaces; skipped where the system has none.

#include "app/namespace/contained_command.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <memory>
#include <system_error>

namespace sluice {
namespace {

class ContainedCommandTest : public testing::Test {
 protected:
  // The status of a shell script that runs inside, or nullopt where there are no namespaces.
  static std::unique_ptr<ContainedCommand> shell(const std::string& script, bool as_root = false) {
    return command({"sh", "-c", script}, as_root);
  }
  static std::unique_ptr<ContainedCommand> command(std::vector<std::string> words,
                                                   bool as_root = false) {
    GuestCommand command{.words = std::move(words)};
    ::sigemptyset(&command.signals);
    try {
      return std::make_unique<ContainedCommand>(GuestPlan{}, command, as_root);
    } catch (const std::system_error& error) {
      const std::string problem = error.what();
      for (const auto* missing : {"can't make a user namespace", "/dev/net/tun"}) {
        if (problem.find(missing) != std::string::npos) return nullptr;
      }
      throw;
    }
  }
};

int status_of(const std::unique_ptr<ContainedCommand>& contained) {
  contained->start();
  return contained->wait();
}

TEST_F(ContainedCommandTest, TheCommandsStatusIsReturned) {
  const auto contained = shell("exit 7");
  if (!contained) GTEST_SKIP() << "no namespaces here";
  EXPECT_EQ(status_of(contained), 7);
  EXPECT_EQ(status_of(shell("kill -9 $$")), 128 + SIGKILL);
  EXPECT_EQ(status_of(command({"/nonexistent"})), 127);
  EXPECT_EQ(status_of(command({"no-such-command"})), 127);
  EXPECT_EQ(status_of(command({"/etc/passwd"})), 126);
}

TEST_F(ContainedCommandTest, TheNetworkIsSetUpInside) {
  const auto contained = shell(
      "set -e; grep -q 'nameserver 10.0.2.3' /etc/resolv.conf;"
      "grep -q tap0 /proc/net/route; grep -q 0202000A /proc/net/route");
  if (!contained) GTEST_SKIP() << "no namespaces here";
  EXPECT_TRUE(contained->arrived().tap);
  EXPECT_EQ(contained->arrived().name, "tap0");
  EXPECT_EQ(status_of(contained), 0);
}

TEST_F(ContainedCommandTest, TheUserStaysTheSameUnlessRootIsAskedFor) {
  const auto contained = shell("test $(id -u) = " + std::to_string(::getuid()));
  if (!contained) GTEST_SKIP() << "no namespaces here";
  EXPECT_EQ(status_of(contained), 0);
  EXPECT_EQ(status_of(shell("test $(id -u) = 0", true)), 0);
}

TEST_F(ContainedCommandTest, SignalsArePassedOn) {
  const auto contained = shell("trap 'exit 3' TERM; sleep 60 & wait");
  if (!contained) GTEST_SKIP() << "no namespaces here";
  contained->start();
  // A signal that comes before the shell has set its trap ends it, which is right as well.
  contained->pass_on(SIGTERM);
  const int status = contained->wait();
  EXPECT_TRUE(status == 3 || status == 128 + SIGTERM) << status;
}

TEST_F(ContainedCommandTest, WhatTheCommandLeavesRunningEndsWithIt) {
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe(pipe.data()), 0);
  Descriptor read_end(pipe[0]);
  Descriptor write_end(pipe[1]);
  // The pipe stays open in a daemon; its end shows that the daemon is gone.
  const auto contained = shell("setsid sleep 60 & exit 0");
  if (!contained) GTEST_SKIP() << "no namespaces here";
  EXPECT_EQ(status_of(contained), 0);
  write_end.reset();
  char byte = 0;
  EXPECT_EQ(::read(read_end.get(), &byte, 1), 0);
}

TEST_F(ContainedCommandTest, KillingItsOwnerLeavesNothing) {
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe(pipe.data()), 0);
  Descriptor read_end(pipe[0]);
  Descriptor write_end(pipe[1]);
  {
    const auto contained = shell("sleep 60");
    if (!contained) GTEST_SKIP() << "no namespaces here";
    contained->start();
  }
  write_end.reset();
  char byte = 0;
  EXPECT_EQ(::read(read_end.get(), &byte, 1), 0);
}

TEST_F(ContainedCommandTest, TheHostsResolvConfIsUntouched) {
  struct stat before {};
  struct stat after {};
  if (::stat("/etc/resolv.conf", &before) != 0) GTEST_SKIP() << "no resolv.conf here";
  const auto contained = shell("echo x > /etc/resolv.conf");
  if (!contained) GTEST_SKIP() << "no namespaces here";
  status_of(contained);
  ASSERT_EQ(::stat("/etc/resolv.conf", &after), 0);
  EXPECT_EQ(before.st_ino, after.st_ino);
  EXPECT_EQ(before.st_size, after.st_size);
}

}  // namespace
}  // namespace sluice
