#include "posix/small_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace sluice {
namespace {

std::string path_of(const std::string& name) {
  return testing::TempDir() + "/small_file_" + name;
}

TEST(SmallFile, IsReadWhole) {
  std::ofstream(path_of("whole")) << "one\ntwo";
  EXPECT_EQ(read_small_file(path_of("whole")), "one\ntwo");
}

TEST(SmallFile, OfALargeOneOnlyWholeLinesAreRead) {
  std::ofstream(path_of("large")) << "one\ntwo\nthree\n";
  EXPECT_EQ(read_small_file(path_of("large"), 10), "one\ntwo\n");
  EXPECT_EQ(read_small_file(path_of("large"), 2), "");
}

TEST(SmallFile, WhatIsNoFileIsEmptyAndNotWaitedFor) {
  EXPECT_EQ(read_small_file(path_of("missing")), "");
  EXPECT_EQ(read_small_file(testing::TempDir()), "");
  EXPECT_EQ(read_small_file("/dev/zero"), "");
  ASSERT_EQ(::mkfifo(path_of("fifo").c_str(), 0600), 0);
  EXPECT_EQ(read_small_file(path_of("fifo")), "");
  std::filesystem::remove(path_of("fifo"));
}

}  // namespace
}  // namespace sluice
