#include "app/namespace/target.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <string>
#include <system_error>

#include "app/private_directory.h"

namespace sluice {
namespace {

TEST(ParseProcess, TakesANumberInEitherForm) {
  EXPECT_EQ(parse_process("123"), 123);
  EXPECT_EQ(parse_process("/proc/123/ns/net"), 123);
  EXPECT_EQ(parse_process("0"), std::nullopt);
  EXPECT_EQ(parse_process("-1"), std::nullopt);
  EXPECT_EQ(parse_process("12x"), std::nullopt);
  EXPECT_EQ(parse_process("/proc/self/ns/net"), std::nullopt);
  EXPECT_EQ(parse_process("/proc//ns/net"), std::nullopt);
  EXPECT_EQ(parse_process("/run/netns/x"), std::nullopt);
  EXPECT_EQ(parse_process(""), std::nullopt);
}

TEST(NamespaceTarget, WhatIsNoNamespaceIsRefusedWithAReason) {
  EXPECT_THROW(NamespaceTarget("/dev/null"), std::system_error);
  EXPECT_THROW(NamespaceTarget("/proc/self/ns/user"), std::system_error);
  EXPECT_THROW(NamespaceTarget("/nonexistent"), std::system_error);
  EXPECT_THROW(NamespaceTarget("2147483647"), std::system_error);
}

TEST(NamespaceTarget, AProcessThatLivesHasNotEnded) {
  const NamespaceTarget target(std::to_string(::getpid()));
  EXPECT_FALSE(target.ended());
}

// In a process of its own, for it leaves the namespaces it was in. Returns what went wrong.
std::string attach_to_a_path(const std::string& path) {
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET) != 0) return "skip";
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return "skip";
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  if (::mount("/proc/self/ns/net", path.c_str(), nullptr, MS_BIND, nullptr) != 0) return "skip";
  try {
    NamespaceTarget target(path);
    const ArrivedTap arrived = target.open_tap({.network = {}, .tap_name = "eth0", .search = {}});
    if (!arrived.tap || arrived.name != "eth0") return "no tap";
    if (target.ended()) return "it has ended before its end";
    if (::umount(path.c_str()) != 0) return "the path is held";
    return target.ended() ? "" : "its end is not seen";
  } catch (const std::system_error& error) {
    const std::string problem = error.what();
    return problem.find("/dev/net/tun") == std::string::npos ? problem : "skip";
  }
}

TEST(NamespaceTarget, APathCanBeUnmountedAndThatIsItsEnd) {
  const PrivateDirectory directory("sluice-target-test");
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const Descriptor result(ends[0]);
  Descriptor child_end(ends[1]);
  const pid_t child = ::fork();
  if (child == 0) {
    const std::string problem = attach_to_a_path(directory.path() + "/network");
    const bool told = ::write(child_end.get(), problem.data(), problem.size()) >= 0;
    ::_exit(told ? 0 : 1);
  }
  child_end.reset();
  std::array<char, 1000> text{};
  const ssize_t size = ::read(result.get(), text.data(), text.size());
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_GE(size, 0);
  EXPECT_EQ(status, 0);
  const std::string problem(text.data(), static_cast<std::size_t>(size));
  if (problem == "skip") GTEST_SKIP() << "no namespaces here";
  EXPECT_EQ(problem, "");
}

}  // namespace
}  // namespace sluice
