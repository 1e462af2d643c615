#include "devices/link/frame_stream.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace sluice {
namespace {

using Octets = std::vector<std::uint8_t>;

// Reads `bytes` in pieces of at most `piece`, and gives all frames.
std::vector<Octets> read_all(FrameStreamReader& reader, Bytes bytes, std::size_t piece) {
  std::vector<Octets> frames;
  while (!bytes.empty()) {
    const MutableBytes room = reader.room();
    const std::size_t size = std::min({bytes.size(), piece, room.size()});
    copy_bytes(bytes.first(size), room);
    reader.commit(size);
    bytes = bytes.subspan(size);
    while (const auto frame = reader.next()) frames.emplace_back(frame->begin(), frame->end());
  }
  return frames;
}

bool write(FrameStreamWriter& writer, const Octets& frame) {
  const MutableBytes room = writer.room(frame.size());
  if (room.size() != frame.size()) return false;
  copy_bytes(frame, room);
  writer.commit(frame.size());
  return true;
}

RC_GTEST_PROP(FrameStream, WhatIsWrittenIsReadHoweverItIsCutUp,
              (const std::vector<Octets>& frames, std::uint8_t piece)) {
  FrameStreamWriter writer;
  for (const Octets& frame : frames) RC_ASSERT(write(writer, frame));
  FrameStreamReader reader;
  RC_ASSERT(read_all(reader, writer.waiting(), piece + 1U) == frames);
}

TEST(FrameStream, TheLargestFramesPassManyTimesOver) {
  const Octets frame(FrameStreamReader::kMaxFrame, 7);
  FrameStreamWriter writer;
  FrameStreamReader reader;
  std::size_t passed = 0;
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(write(writer, frame));
    passed += read_all(reader, writer.waiting(), 50'000).size();
    writer.consume(writer.waiting().size());
  }
  EXPECT_EQ(passed, 100U);
}

TEST(FrameStream, ALengthThatNoFrameHasBreaksIt) {
  for (const Octets& bytes : {Octets{0xff, 0xff, 0xff, 0xff, 0}, Octets{0, 1, 0, 0x41}}) {
    FrameStreamReader reader;
    EXPECT_TRUE(read_all(reader, bytes, 100).empty());
    EXPECT_EQ(reader.broken(), load_big<std::uint32_t>(bytes, 0));
    reader.reset();
    EXPECT_FALSE(reader.broken());
    EXPECT_EQ(read_all(reader, Octets{0, 0, 0, 1, 9}, 100), std::vector<Octets>{{9}});
  }
}

TEST(FrameStream, WhoWritesNothingAwayRunsOutOfRoom) {
  FrameStreamWriter writer;
  const Octets frame(60'000, 1);
  std::size_t taken = 0;
  for (; taken < 1000 && write(writer, frame); ++taken) {
  }
  EXPECT_GT(taken, 10U);
  EXPECT_LT(taken, 100U);
  writer.consume(60'004);
  EXPECT_TRUE(write(writer, frame));
  EXPECT_EQ(load_big<std::uint32_t>(writer.waiting(), 0), 60'000U);
}

}  // namespace
}  // namespace sluice
