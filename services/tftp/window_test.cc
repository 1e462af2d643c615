#include "services/tftp/window.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

using Answer = TftpWindow::Answer;

// Sends as many blocks as there is room for, the last one being number `last`; returns how many.
std::size_t send(TftpWindow& window, std::uint64_t last = 1U << 30) {
  window.rewind();
  std::size_t sent = 0;
  while (window.has_room()) {
    const std::uint64_t behind = window.place().offset + 1;
    window.on_sent({behind, TftpPlace::kNone}, behind == last);
    ++sent;
  }
  return sent;
}

TEST(TftpWindow, WithoutOptionsBeginsAtBlockOne) {
  TftpWindow window(1, false);
  EXPECT_FALSE(window.awaits_options());
  EXPECT_EQ(window.block(), 1);
  EXPECT_EQ(send(window), 1U);
  EXPECT_EQ(window.on_acknowledgment(1), Answer::kAdvanced);
  EXPECT_EQ(window.block(), 2);
  EXPECT_EQ(window.place().offset, 1U);
}

TEST(TftpWindow, WithOptionsWaitsForTheirAcknowledgment) {
  TftpWindow window(1, true);
  EXPECT_TRUE(window.awaits_options());
  EXPECT_EQ(window.on_acknowledgment(1), Answer::kStale);
  EXPECT_EQ(window.on_acknowledgment(0), Answer::kAdvanced);
  EXPECT_FALSE(window.awaits_options());
  EXPECT_EQ(window.block(), 1);
}

TEST(TftpWindow, ASingleBlockIsNotSentForACopyOfAnAcknowledgment) {
  TftpWindow window(1, false);
  send(window);
  ASSERT_EQ(window.on_acknowledgment(1), Answer::kAdvanced);
  send(window);
  EXPECT_EQ(window.on_acknowledgment(1), Answer::kStale);
  EXPECT_EQ(window.on_acknowledgment(3), Answer::kStale);
}

TEST(TftpWindow, SeveralBlocksAreSentAgainOnceForCopiesOfAnAcknowledgment) {
  TftpWindow window(4, true);
  window.on_acknowledgment(0);
  EXPECT_EQ(send(window), 4U);
  EXPECT_EQ(window.on_acknowledgment(0), Answer::kRepeat);
  EXPECT_EQ(send(window), 4U);
  EXPECT_EQ(window.on_acknowledgment(0), Answer::kStale);
  window.on_timeout();
  EXPECT_EQ(window.on_acknowledgment(0), Answer::kRepeat);
}

TEST(TftpWindow, GoesOnBehindAnyBlockOfIt) {
  TftpWindow window(4, true);
  window.on_acknowledgment(0);
  send(window);
  EXPECT_EQ(window.on_acknowledgment(3), Answer::kAdvanced);
  EXPECT_EQ(window.block(), 4);
  EXPECT_EQ(window.place().offset, 3U);
  send(window);
  EXPECT_EQ(window.on_acknowledgment(2), Answer::kStale);
  EXPECT_EQ(window.on_acknowledgment(8), Answer::kStale);
  EXPECT_EQ(window.on_acknowledgment(7), Answer::kAdvanced);
}

TEST(TftpWindow, IsCompleteWhenTheLastBlockHasArrived) {
  TftpWindow window(4, true);
  window.on_acknowledgment(0);
  EXPECT_EQ(send(window, 3), 3U);
  EXPECT_EQ(window.on_acknowledgment(2), Answer::kAdvanced);
  EXPECT_EQ(send(window, 3), 1U);
  EXPECT_EQ(window.on_acknowledgment(3), Answer::kCompleted);
}

TEST(TftpWindow, NumbersRollOverToZero) {
  TftpWindow window(64, true);
  window.on_acknowledgment(0);
  std::uint64_t acknowledged = 0;
  while (acknowledged < 200000) {
    ASSERT_EQ(window.block(), static_cast<std::uint16_t>(acknowledged + 1));
    ASSERT_EQ(window.place().offset, acknowledged);
    ASSERT_EQ(send(window), 64U);
    acknowledged += 37;
    ASSERT_EQ(window.on_acknowledgment(static_cast<std::uint16_t>(acknowledged)),
              Answer::kAdvanced);
  }
}

TEST(TftpWindow, KnowsWhatItExpectsAndWhatIsBehindIt) {
  TftpWindow window(2, true);
  EXPECT_TRUE(window.expects(0));
  EXPECT_FALSE(window.has_begun());
  EXPECT_FALSE(window.is_behind(0xffff));
  window.on_acknowledgment(0);
  EXPECT_FALSE(window.expects(1));
  send(window);
  EXPECT_TRUE(window.expects(1) && window.expects(2) && !window.expects(3));
  EXPECT_TRUE(window.has_begun() && window.is_behind(0));
}

}  // namespace
}  // namespace sluice
