#include "posix/known_status.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sluice {
namespace {

TEST(KnownStatus, OfAFileInMemory) {
  const Descriptor file(::memfd_create("memory", MFD_CLOEXEC));
  ASSERT_EQ(::ftruncate(file.get(), 12345), 0);
  const auto status = known_status(file);
  ASSERT_TRUE(status);
  EXPECT_TRUE(S_ISREG(status->type));
  EXPECT_EQ(status->size, 12345U);
  EXPECT_EQ(status->block_size, 4096U);
  EXPECT_TRUE(is_memory(file));
  EXPECT_EQ(file_system_of(file), "");
}

TEST(KnownStatus, OfWhatIsMounted) {
  const Descriptor file(::open("/proc/self/status", O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(file_system_of(file), "proc");
  EXPECT_FALSE(known_status(file)->on_disk);
  EXPECT_FALSE(is_memory(file));
}

TEST(KnownStatus, OfWhatHasNoName) {
  const Descriptor event(::eventfd(0, EFD_CLOEXEC));
  const auto status = known_status(event);
  ASSERT_TRUE(status);
  EXPECT_EQ(status->type, 0U);
  EXPECT_FALSE(is_memory(event));
}

TEST(KnownStatus, OfNothing) {
  EXPECT_FALSE(known_status(Descriptor()));
  EXPECT_FALSE(is_memory(Descriptor()));
  EXPECT_EQ(file_system_of(Descriptor()), "");
}

}  // namespace
}  // namespace sluice
