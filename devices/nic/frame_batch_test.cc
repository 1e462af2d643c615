#include "devices/nic/frame_batch.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

void add(FrameBatch& batch, std::size_t size, std::uint8_t value) {
  const MutableBytes room = batch.room();
  std::fill_n(room.begin(), size, value);
  batch.commit(size, {.segment_size = value});
}

TEST(FrameBatch, FramesStayAsTheyAreUntilTheNextOneBegins) {
  FrameBatch batch;
  add(batch, 3, 1);
  add(batch, 70, 2);
  const auto frames = batch.take();
  ASSERT_EQ(frames.size(), 2U);
  EXPECT_EQ(frames[0].bytes.size(), 3U);
  EXPECT_EQ(frames[1].bytes[69], 2);
  EXPECT_EQ(frames[1].offload.segment_size, 2);
  EXPECT_TRUE(batch.take().empty());
  add(batch, 5, 3);
  ASSERT_EQ(batch.take().size(), 1U);
}

TEST(FrameBatch, IsFullOfManyAndOfLargeFrames) {
  FrameBatch batch;
  std::size_t small = 0;
  for (; batch.has_room(); ++small) add(batch, 60, 0);
  EXPECT_EQ(small, FrameBatch::kMaxFrames);
  batch.take();
  std::size_t large = 0;
  for (add(batch, Link::kMaxReserve, 0), ++large; batch.has_room(); ++large) {
    add(batch, Link::kMaxReserve, 0);
  }
  EXPECT_GE(large, 4U);
  EXPECT_LT(large, 10U);
}

}  // namespace
}  // namespace sluice
