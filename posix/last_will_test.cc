#include "posix/last_will.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace sluice {
namespace {

class LastWillTest : public testing::Test {
 protected:
  LastWillTest() {
    std::string pattern = std::filesystem::temp_directory_path() / "sluice-will-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) std::abort();
    base_ = pattern;
  }
  ~LastWillTest() override { std::filesystem::remove_all(base_); }

  std::string make_file(const std::string& name) const {
    std::filesystem::create_directories(std::filesystem::path(base_ + "/" + name).parent_path());
    std::ofstream(base_ + "/" + name) << "x";
    return base_ + "/" + name;
  }

  // A process that leads a group and does nothing.
  static pid_t start_group() {
    const pid_t leader = ::fork();
    if (leader != 0) {
      ::setpgid(leader, leader);
      return leader;
    }
    ::setpgid(0, 0);
    ::alarm(60);
    for (;;) ::pause();
  }

  template <typename Condition>
  static bool comes_true(Condition condition) {
    // Who does it is not our child, so there is nothing to wait for but this.
    for (int i = 0; i < 500 && !condition(); ++i) ::usleep(10000);
    return condition();
  }

  std::string base_;
};

TEST_F(LastWillTest, IsDoneAtTheEnd) {
  const std::string file = make_file("file");
  make_file("directory/a/b");
  const pid_t group = start_group();
  {
    LastWill will;
    EXPECT_TRUE(will.remove(file));
    EXPECT_TRUE(will.remove(base_ + "/directory"));
    EXPECT_TRUE(will.kill_group(group));
  }
  EXPECT_TRUE(std::filesystem::is_empty(base_));
  int status = 0;
  ASSERT_EQ(::waitpid(group, &status, 0), group);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

TEST_F(LastWillTest, WhatIsTakenBackIsNotDone) {
  const std::string file = make_file("file");
  const pid_t group = start_group();
  {
    LastWill will;
    EXPECT_TRUE(will.remove(file));
    EXPECT_TRUE(will.kill_group(group));
    will.leave(file);
    will.spare_group(group);
  }
  EXPECT_TRUE(std::filesystem::exists(file));
  EXPECT_EQ(::waitpid(group, nullptr, WNOHANG), 0);
  ::kill(group, SIGKILL);
  ::waitpid(group, nullptr, 0);
}

TEST_F(LastWillTest, IsDoneWhenTheProcessIsKilled) {
  const std::string file = make_file("file");
  const pid_t group = start_group();
  const pid_t owner = ::fork();
  ASSERT_GE(owner, 0);
  if (owner == 0) {
    LastWill will;
    if (!will.remove(file) || !will.kill_group(group)) ::_exit(1);
    ::raise(SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(owner, &status, 0), owner);
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_TRUE(comes_true([&] { return !std::filesystem::exists(file); }));
  EXPECT_EQ(::waitpid(group, &status, 0), group);
}

TEST_F(LastWillTest, AnotherFileOfThatNameStays) {
  const std::string file = make_file("file");
  {
    LastWill will;
    EXPECT_TRUE(will.remove(file));
    std::filesystem::rename(make_file("other"), file);
  }
  EXPECT_TRUE(std::filesystem::exists(file));
}

TEST_F(LastWillTest, AFileThatIsNotThereCantBePromised) {
  LastWill will;
  EXPECT_FALSE(will.remove(base_ + "/nothing"));
  EXPECT_EQ(errno, ENOENT);
}

}  // namespace
}  // namespace sluice
