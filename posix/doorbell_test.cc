#include "posix/doorbell.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace sluice {
namespace {

// What another process has of a doorbell, and ours.
struct Shared {
  explicit Shared(int descriptor) : theirs(descriptor) {
    auto made = Doorbell::over(Descriptor(::dup(descriptor)));
    EXPECT_TRUE(made);
    if (made) ours = *std::move(made);
  }
  Descriptor theirs;
  Doorbell ours;
};

void make_blocking(const Descriptor& descriptor) {
  ASSERT_EQ(::fcntl(descriptor.get(), F_SETFL, O_RDWR), 0);
}

// As many as it takes without waiting, and then lets whoever writes wait.
void fill(const Descriptor& descriptor) {
  ASSERT_EQ(::fcntl(descriptor.get(), F_SETFL, O_RDWR | O_NONBLOCK), 0);
  const std::uint64_t most = ~std::uint64_t{0} - 1;
  while (::write(descriptor.get(), &most, sizeof most) > 0) {
  }
  ASSERT_EQ(errno, EAGAIN);
  make_blocking(descriptor);
}

TEST(Doorbell, AnEventfdCountsHowOftenItHasBeenRung) {
  const Shared shared(::eventfd(0, EFD_CLOEXEC));
  // More than requests of one kind may wait in the kernel.
  for (int i = 0; i < 1000; ++i) shared.ours.ring();
  std::uint64_t count = 0;
  ASSERT_EQ(::read(shared.theirs.get(), &count, sizeof count), 8);
  EXPECT_EQ(count, 1000U);
}

TEST(Doorbell, AnEventfdThatIsFullAndBlocksLetsNobodyWait) {
  const Shared shared(::eventfd(0, EFD_CLOEXEC));
  fill(shared.theirs);
  for (int i = 0; i < 3; ++i) shared.ours.ring();
  std::uint64_t count = 0;
  ASSERT_EQ(::read(shared.theirs.get(), &count, sizeof count), 8);
  shared.ours.ring();
  ASSERT_EQ(::read(shared.theirs.get(), &count, sizeof count), 8);
  EXPECT_EQ(count, 1U);
}

// Is heard at the first end when the second is rung, and lets nobody wait when that is full.
void expect_heard_and_never_waited_for(const std::array<int, 2>& ends) {
  const Descriptor reader(ends[0]);
  const Shared shared(ends[1]);
  shared.ours.ring();
  std::uint64_t one = 0;
  ASSERT_EQ(::read(reader.get(), &one, sizeof one), 8);
  EXPECT_EQ(one, 1U);
  fill(shared.theirs);
  shared.ours.ring();
}

TEST(Doorbell, APipeThatIsFullAndBlocksLetsNobodyWait) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  expect_heard_and_never_waited_for(ends);
}

TEST(Doorbell, AUnixSocketThatIsFullAndBlocksLetsNobodyWait) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  expect_heard_and_never_waited_for(ends);
}

TEST(Doorbell, AnotherSocketIsNone) {
  EXPECT_FALSE(Doorbell::over(Descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))));
}

TEST(Doorbell, AFileIsNone) {
  EXPECT_FALSE(Doorbell::over(Descriptor(::memfd_create("file", MFD_CLOEXEC))));
  EXPECT_FALSE(Doorbell::over(Descriptor()));
  Doorbell().ring();
}

}  // namespace
}  // namespace sluice
