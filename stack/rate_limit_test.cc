#include "stack/rate_limit.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

unsigned taken(RateLimit& limit, Time now) {
  unsigned count = 0;
  while (count < 1000 && limit.take(now)) ++count;
  return count;
}

TEST(RateLimit, GivesABurstAndThenItsRate) {
  RateLimit limit{.per_second = 10, .burst = 5};
  const Time start{std::chrono::hours(1)};
  EXPECT_EQ(taken(limit, start), 5U);
  EXPECT_EQ(taken(limit, start + std::chrono::milliseconds(99)), 0U);
  EXPECT_EQ(taken(limit, start + std::chrono::milliseconds(100)), 1U);
  EXPECT_EQ(taken(limit, start + std::chrono::milliseconds(400)), 3U);
}

TEST(RateLimit, SavesNoMoreThanABurst) {
  RateLimit limit{.per_second = 10, .burst = 5};
  taken(limit, Time{});
  EXPECT_EQ(taken(limit, Time{std::chrono::hours(1)}), 5U);
}

}  // namespace
}  // namespace sluice
