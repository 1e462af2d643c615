#include "app/libslirp/guest_clock.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

using std::chrono::hours;
using std::chrono::nanoseconds;

TEST(GuestClock, GoesOnAsTheReadingDoes) {
  GuestClock clock;
  const Time start = clock.at(5'000);
  EXPECT_EQ(clock.at(5'000), start);
  EXPECT_EQ(clock.at(5'001), start + nanoseconds(1));
  EXPECT_EQ(clock.at(9'000), start + nanoseconds(4'000));
}

TEST(GuestClock, NeverGoesBack) {
  GuestClock clock;
  const Time start = clock.at(1'000'000);
  EXPECT_EQ(clock.at(10), start);
  EXPECT_EQ(clock.at(11), start + nanoseconds(1));
  EXPECT_EQ(clock.at(INT64_MIN), start + nanoseconds(1));
  EXPECT_EQ(clock.at(INT64_MIN + 1), start + nanoseconds(2));
}

TEST(GuestClock, TakesNoStepLongerThanADay) {
  GuestClock clock;
  const Time start = clock.at(INT64_MIN);
  EXPECT_EQ(clock.at(INT64_MAX), start + hours(24));
  for (int i = 0; i < 1'000'000; ++i) {
    clock.at(INT64_MIN);
    clock.at(INT64_MAX);
  }
  // It stops rather than wraps.
  EXPECT_LT(clock.at(INT64_MAX), Time::max() - hours(24 * 365));
}

}  // namespace
}  // namespace sluice
