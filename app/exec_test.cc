// Runs real commands with a real network; skipped where the system has no namespaces.

#include "app/exec.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <string>
#include <system_error>
#include <utility>

#include "posix/descriptor.h"
#include "posix/socket_address.h"

namespace sluice {
namespace {

constexpr int kNoNamespaces = 77;

// Runs exec in a process of its own, whose standard output is `output`.
pid_t start(const ExecInvocation& invocation, const Descriptor& output) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  ::dup2(output.get(), STDOUT_FILENO);
  ::close_range(STDERR_FILENO + 1, ~0U, 0);
  try {
    ::_exit(run_exec(invocation));
  } catch (const std::system_error& error) {
    const std::string problem = error.what();
    for (const auto* missing : {"can't make a user namespace", "/dev/net/tun"}) {
      if (problem.find(missing) != std::string::npos) ::_exit(kNoNamespaces);
    }
    ::_exit(99);
  }
}

int status_of(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

// Reads to the end, with a pause before each block.
std::string read_all(const Descriptor& from, int pause_milliseconds = 0) {
  std::string text;
  std::array<char, 65536> block{};
  for (;;) {
    ::poll(nullptr, 0, pause_milliseconds);
    const ssize_t size = ::read(from.get(), block.data(), block.size());
    if (size <= 0) return text;
    text.append(block.data(), static_cast<std::size_t>(size));
  }
}

std::pair<Descriptor, Descriptor> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) std::abort();
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

TEST(Exec, ReturnsTheCommandsStatusAndLeavesItsOutputAlone) {
  auto [output, command_end] = make_pipe();
  ExecInvocation invocation;
  invocation.common.network = parse_user_network("user");
  invocation.command = {"sh", "-c", "echo words; exit 7"};
  const pid_t child = start(invocation, command_end);
  command_end.reset();
  const std::string text = read_all(output);
  const int status = status_of(child);
  if (status == kNoNamespaces) GTEST_SKIP() << "no namespaces here";
  EXPECT_EQ(status, 7);
  EXPECT_EQ(text, "words\n");
}

// The receiver reads nothing before the command has ended, so that all room for bytes on their way
// is full: in the guest's kernel, in Sluice, and in the host's. And then it reads slowly, so that
// Sluice is the last to hold some.
TEST(Exec, WhatACommandSentBeforeItEndedArrives) {
  Descriptor listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  SocketAddress local(Endpoint{.address = IpAddress::v4(127, 0, 0, 1), .port = 0});
  ASSERT_EQ(::bind(listener.get(), local.data(), local.size()), 0);
  ASSERT_EQ(::listen(listener.get(), 1), 0);
  socklen_t size = SocketAddress::kCapacity;
  ASSERT_EQ(::getsockname(listener.get(), local.data(), &size), 0);

  auto [output, command_end] = make_pipe();
  ExecInvocation invocation;
  invocation.common.network = parse_user_network("user");
  invocation.command = {"app/send_what_fits", std::to_string(local.endpoint()->port)};
  const pid_t child = start(invocation, command_end);
  command_end.reset();
  const std::string told = read_all(output);
  if (told.empty() && status_of(child) == kNoNamespaces) GTEST_SKIP() << "no namespaces here";
  ASSERT_FALSE(told.empty());

  const Descriptor connection(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  ASSERT_TRUE(connection);
  constexpr int kSlowly = 10;
  EXPECT_EQ(read_all(connection, kSlowly).size(), std::stoull(told));
  EXPECT_EQ(status_of(child), 0);
}

}  // namespace
}  // namespace sluice
