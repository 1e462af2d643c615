#include "app/private_directory.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>

namespace sluice {
namespace {

TEST(PrivateDirectory, IsTheOwnersOnlyAndGoneWithAllThatIsInIt) {
  std::string path;
  {
    const PrivateDirectory directory("sluice-test");
    path = directory.path();
    struct stat status {};
    ASSERT_EQ(::stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0700U);
    std::filesystem::create_directories(path + "/a/b");
    std::ofstream(path + "/a/b/file") << "x";
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(PrivateDirectory, IsGoneWhenItsProcessIsKilled) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const PrivateDirectory directory("sluice-test");
    if (::write(ends[1], directory.path().c_str(), directory.path().size()) < 0) ::_exit(1);
    ::raise(SIGKILL);
  }
  std::array<char, 4096> text{};
  const ssize_t size = ::read(ends[0], text.data(), text.size());
  ASSERT_GT(size, 0);
  ::waitpid(child, nullptr, 0);
  const std::string path(text.data(), static_cast<std::size_t>(size));
  // The process that removes it is not our child, so there is nothing to wait for but this.
  for (int i = 0; i < 500 && std::filesystem::exists(path); ++i) ::usleep(10000);
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace sluice
