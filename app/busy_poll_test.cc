#include "app/busy_poll.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

using std::chrono::microseconds;

TEST(BusyPoll, BeginsWithoutPolling) {
  EXPECT_EQ(BusyPoll(microseconds(100)).window(), Duration::zero());
}

TEST(BusyPoll, PollsLongerTheMoreSleepsWereShortButNotLongerThanItMay) {
  BusyPoll poll(microseconds(80));
  poll.on_sleep(microseconds(80));
  EXPECT_EQ(poll.window(), microseconds(25));
  poll.on_sleep(microseconds(30));
  EXPECT_EQ(poll.window(), microseconds(50));
  poll.on_sleep(microseconds(60));
  EXPECT_EQ(poll.window(), microseconds(80));
  poll.on_sleep(microseconds(80));
  EXPECT_EQ(poll.window(), microseconds(80));
}

TEST(BusyPoll, ALongSleepEndsPolling) {
  BusyPoll poll(microseconds(100));
  poll.on_sleep(microseconds(1));
  poll.on_sleep(microseconds(1));
  poll.on_sleep(microseconds(101));
  EXPECT_EQ(poll.window(), Duration::zero());
}

TEST(BusyPoll, NeverPollsLongerThanItMayEvenAtFirst) {
  BusyPoll poll(microseconds(10));
  poll.on_sleep(microseconds(5));
  EXPECT_EQ(poll.window(), microseconds(10));
}

TEST(BusyPoll, PausesWhileMuchDataMoves) {
  BusyPoll poll(microseconds(100));
  poll.on_sleep(microseconds(1));
  poll.on_turn(1000);
  EXPECT_EQ(poll.window(), microseconds(25));
  poll.on_turn(120'000);
  EXPECT_EQ(poll.window(), Duration::zero());
  // The acknowledgments in between don't end it at once.
  for (int i = 0; i < 5; ++i) poll.on_turn(66);
  EXPECT_EQ(poll.window(), Duration::zero());
  for (int i = 0; i < 10; ++i) poll.on_turn(66);
  EXPECT_EQ(poll.window(), microseconds(25));
}

TEST(BusyPoll, CanBeSwitchedOff) {
  BusyPoll poll(Duration::zero());
  poll.on_sleep(Duration::zero());
  EXPECT_EQ(poll.window(), Duration::zero());
}

}  // namespace
}  // namespace sluice
