#include "posix/socket_file.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace sluice {
namespace {

class SocketFileTest : public testing::Test {
 protected:
  SocketFileTest() {
    // The name of a unix socket is short.
    std::string pattern = "/tmp/sluice-file-XXXXXX";
    directory_ = ::mkdtemp(pattern.data());
    path_ = directory_ + "/socket";
  }
  ~SocketFileTest() override { std::filesystem::remove_all(directory_); }

  static Descriptor socket_of(int type) { return Descriptor(::socket(AF_UNIX, type, 0)); }

  std::string directory_;
  std::string path_;
};

TEST_F(SocketFileTest, IsRemovedAtTheEnd) {
  const Descriptor socket = socket_of(SOCK_STREAM);
  ASSERT_EQ(bind_socket_file(socket, path_, 0700), std::errc{});
  {
    const SocketFile file(path_);
    EXPECT_EQ(file.path(), path_);
    EXPECT_EQ(std::filesystem::status(path_).permissions() & std::filesystem::perms(077),
              std::filesystem::perms::none);
  }
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(SocketFileTest, SomebodyElsesIsLeftAlone) {
  const Descriptor socket = socket_of(SOCK_STREAM);
  const Descriptor other = socket_of(SOCK_STREAM);
  ASSERT_EQ(bind_socket_file(socket, path_), std::errc{});
  {
    const SocketFile file(path_);
    ASSERT_EQ(::unlink(path_.c_str()), 0);
    ASSERT_EQ(bind_socket_file(other, path_), std::errc{});
  }
  EXPECT_TRUE(std::filesystem::exists(path_));
}

TEST_F(SocketFileTest, OneThatWasLeftBehindIsReplacedWhateverItsType) {
  for (const int before : {SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM}) {
    for (const int after : {SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM}) {
      ASSERT_EQ(bind_socket_file(socket_of(before), path_), std::errc{});
      ASSERT_EQ(bind_socket_file(socket_of(after), path_), std::errc{});
      ASSERT_EQ(::unlink(path_.c_str()), 0);
    }
  }
}

TEST_F(SocketFileTest, OneInUseIsNotAndNeitherIsAnythingElse) {
  const Descriptor used = socket_of(SOCK_DGRAM);
  ASSERT_EQ(bind_socket_file(used, path_), std::errc{});
  EXPECT_EQ(bind_socket_file(socket_of(SOCK_STREAM), path_), std::errc::address_in_use);
  EXPECT_NE(hint_for_binding(std::errc::address_in_use), "");
  const std::string file = directory_ + "/file";
  std::ofstream(file) << "precious";
  EXPECT_EQ(bind_socket_file(socket_of(SOCK_STREAM), file), std::errc::file_exists);
  EXPECT_TRUE(std::filesystem::exists(file));
  for (const std::size_t size : {std::size_t{0}, std::size_t{108}}) {
    EXPECT_EQ(bind_socket_file(socket_of(SOCK_STREAM), std::string(size, 'x')),
              std::errc::filename_too_long);
  }
}

}  // namespace
}  // namespace sluice
