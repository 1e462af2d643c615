#include "nat/host/directory_files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <string>
#include <system_error>

#include "nat/host/test_directory.h"

namespace sluice {
namespace {

class DirectoryFilesTest : public ::testing::Test {
 protected:
  DirectoryFilesTest() {
    std::filesystem::create_directories(directory_.path("root/sub"));
    directory_.write("root/hello", "hello, guest");
    directory_.write("root/sub/inner", "inner");
    directory_.write("secret", "secret");
    files_.emplace(directory_.path("root"));
  }

  void link(const std::string& target, const std::string& name) {
    std::filesystem::create_symlink(target, directory_.path("root/" + name));
  }
  std::errc error_of(std::string_view path) {
    const OpenedFile opened = files_->open(path);
    if (opened.id != FileId::kNone) files_->close(opened.id);
    return opened.error;
  }
  std::string read_all(std::string_view path) {
    const OpenedFile opened = files_->open(path);
    if (opened.id == FileId::kNone) return "(error)";
    std::string all;
    std::array<std::uint8_t, 5> buffer{};
    while (const std::size_t bytes = files_->read(opened.id, all.size(), buffer).bytes) {
      all += as_text(Bytes(buffer).first(bytes));
    }
    files_->close(opened.id);
    EXPECT_EQ(all.size(), opened.size);
    return all;
  }

  testing::TestDirectory directory_;
  std::optional<DirectoryFiles> files_;
};

TEST_F(DirectoryFilesTest, AFileIsReadFromAnyOffset) {
  EXPECT_EQ(read_all("hello"), "hello, guest");
  const OpenedFile opened = files_->open("hello");
  ASSERT_EQ(opened.error, std::errc{});
  EXPECT_EQ(opened.size, 12U);
  std::array<std::uint8_t, 100> buffer{};
  EXPECT_EQ(files_->read(opened.id, 7, buffer).bytes, 5U);
  EXPECT_EQ(as_text(Bytes(buffer).first(5)), "guest");
  EXPECT_EQ(files_->read(opened.id, 12, buffer).bytes, 0U);
  EXPECT_EQ(files_->read(opened.id, ~std::uint64_t{0}, buffer).bytes, 0U);
}

TEST_F(DirectoryFilesTest, ALeadingSlashMeansTheRoot) {
  EXPECT_EQ(read_all("/hello"), "hello, guest");
  EXPECT_EQ(read_all("//sub//inner"), "inner");
  EXPECT_EQ(read_all("sub/../hello"), "hello, guest");
}

TEST_F(DirectoryFilesTest, APathThatLeavesTheRootIsDenied) {
  EXPECT_EQ(error_of("../secret"), std::errc::permission_denied);
  EXPECT_EQ(error_of("/../secret"), std::errc::permission_denied);
  EXPECT_EQ(error_of("sub/../../secret"), std::errc::permission_denied);
  EXPECT_EQ(error_of("../root/hello"), std::errc::permission_denied);
}

TEST_F(DirectoryFilesTest, LinksAreFollowedOnlyInsideTheRoot) {
  link("hello", "inside");
  link("../hello", "sub/up");
  link("../secret", "outside");
  link(directory_.path("secret"), "absolute");
  link("..", "parent");
  link("/proc/self/root", "magic");
  link("loop", "loop");
  EXPECT_EQ(read_all("inside"), "hello, guest");
  EXPECT_EQ(read_all("sub/up"), "hello, guest");
  EXPECT_EQ(error_of("outside"), std::errc::permission_denied);
  EXPECT_EQ(error_of("absolute"), std::errc::permission_denied);
  EXPECT_EQ(error_of("parent/secret"), std::errc::permission_denied);
  EXPECT_EQ(error_of("magic/etc/passwd"), std::errc::permission_denied);
  EXPECT_EQ(error_of("loop"), std::errc::permission_denied);
}

TEST_F(DirectoryFilesTest, WhatIsNoRegularFileIsNotOpened) {
  ASSERT_EQ(::mkfifo(directory_.path("root/fifo").c_str(), 0600), 0);
  EXPECT_EQ(error_of("fifo"), std::errc::permission_denied);
  EXPECT_EQ(error_of("sub"), std::errc::is_a_directory);
  EXPECT_EQ(error_of("."), std::errc::is_a_directory);
}

TEST_F(DirectoryFilesTest, WhatIsNotThereIsToldAsSuch) {
  EXPECT_EQ(error_of("nothing"), std::errc::no_such_file_or_directory);
  EXPECT_EQ(error_of(""), std::errc::no_such_file_or_directory);
  EXPECT_EQ(error_of("///"), std::errc::no_such_file_or_directory);
  EXPECT_EQ(error_of(std::string_view("hello\0x", 7)), std::errc::no_such_file_or_directory);
  EXPECT_EQ(error_of("hello/x"), std::errc::not_a_directory);
  EXPECT_EQ(error_of(std::string(5000, 'a')), std::errc::filename_too_long);
}

TEST_F(DirectoryFilesTest, OpenFilesAreBounded) {
  std::array<FileId, DirectoryFiles::kMaxOpen> ids{};
  for (FileId& id : ids) {
    id = files_->open("hello").id;
    ASSERT_NE(id, FileId::kNone);
  }
  EXPECT_EQ(files_->open("hello").error, std::errc::too_many_files_open);
  files_->close(ids[5]);
  EXPECT_EQ(files_->open("hello").id, ids[5]);
}

TEST_F(DirectoryFilesTest, ARootThatIsNoDirectoryIsNamedInTheError) {
  try {
    const DirectoryFiles files(directory_.path("secret"));
    FAIL() << "opened a file as a directory";
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code(), std::errc::not_a_directory);
    EXPECT_NE(std::string(error.what()).find("secret"), std::string::npos);
  }
}

}  // namespace
}  // namespace sluice
