#include "services/tftp/file_reader.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

#include "services/tftp/scripted_files.h"

namespace sluice {
namespace {

using namespace std::string_literals;

std::string translated(const std::string& content) {
  std::string text;
  for (const char c : content) {
    if (c == '\n') {
      text += "\r\n";
    } else if (c == '\r') {
      text += "\r\0"s;
    } else {
      text += c;
    }
  }
  return text;
}

// Blocks of a file, and the place where each of them began.
class Reading {
 public:
  Reading(const std::string& content, TftpMode mode) : mode_(mode) {
    files_.contents["f"] = {content.begin(), content.end()};
    file_ = files_.open("f").id;
  }

  std::string block(std::size_t size) {
    places_.push_back(place_);
    return read(place_, size);
  }
  std::string block_again(std::size_t index, std::size_t size) {
    TftpPlace place = places_.at(index);
    return read(place, size);
  }
  ScriptedFiles& files() { return files_; }

 private:
  std::string read(TftpPlace& place, std::size_t size) {
    std::vector<std::uint8_t> bytes(size);
    const Transfer got = read_tftp_file(files_, file_, mode_, place, bytes);
    return std::string(as_text(Bytes(bytes).first(got.bytes)));
  }

  TftpMode mode_;
  ScriptedFiles files_;
  FileId file_{};
  TftpPlace place_;
  std::vector<TftpPlace> places_;
};

TEST(TftpFileReader, OctetsAreAsTheyAre) {
  Reading reading("ab\ncd\re", TftpMode::kOctet);
  EXPECT_EQ(reading.block(4), "ab\nc");
  EXPECT_EQ(reading.block(4), "d\re");
  EXPECT_EQ(reading.block(4), "");
}

TEST(TftpFileReader, NetasciiEndsLinesInCrLfAndMarksEveryOtherCr) {
  Reading reading("a\nb\rc\r\n", TftpMode::kNetascii);
  EXPECT_EQ(reading.block(100), "a\r\nb\r\0c\r\0\r\n"s);
}

TEST(TftpFileReader, APairMayLieAcrossTwoBlocks) {
  Reading reading("abc\nd\r", TftpMode::kNetascii);
  EXPECT_EQ(reading.block(4), "abc\r");
  EXPECT_EQ(reading.block(3), "\nd\r");
  EXPECT_EQ(reading.block(3), "\0"s);
  EXPECT_EQ(reading.block(3), "");
  EXPECT_EQ(reading.block_again(1, 3), "\nd\r");
}

TEST(TftpFileReader, AFileThatEndsWithItsBlockHasAnEmptyBlockBehind) {
  for (const TftpMode mode : {TftpMode::kOctet, TftpMode::kNetascii}) {
    Reading reading("abcdefgh", mode);
    EXPECT_EQ(reading.block(8), "abcdefgh");
    EXPECT_EQ(reading.block(8), "");
  }
}

TEST(TftpFileReader, TellsOfErrors) {
  ScriptedFiles files;
  files.contents["f"] = {1};
  const FileId file = files.open("f").id;
  files.read_error = std::errc::io_error;
  std::vector<std::uint8_t> bytes(8);
  for (const TftpMode mode : {TftpMode::kOctet, TftpMode::kNetascii}) {
    TftpPlace place;
    EXPECT_EQ(read_tftp_file(files, file, mode, place, bytes).error, std::errc::io_error);
  }
}

RC_GTEST_PROP(TftpFileReaderProperty, NetasciiIsTheSameInBlocksOfAnySizeAndWhenReadAgain, ()) {
  const auto content =
      *rc::gen::container<std::string>(rc::gen::element('a', '\r', '\n', '\0', 'b'));
  const auto repeats = *rc::gen::inRange<std::size_t>(1, 200);
  std::string whole;
  for (std::size_t i = 0; i < repeats; ++i) whole += content;
  const auto size = *rc::gen::inRange<std::size_t>(1, 6000);
  Reading reading(whole, TftpMode::kNetascii);
  std::vector<std::string> blocks;
  do blocks.push_back(reading.block(size));
  while (blocks.back().size() == size);
  std::string carried;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    carried += blocks[i];
    RC_ASSERT(reading.block_again(i, size) == blocks[i]);
  }
  RC_ASSERT(carried == translated(whole));
}

}  // namespace
}  // namespace sluice
