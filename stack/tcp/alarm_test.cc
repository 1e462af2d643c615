#include "stack/tcp/alarm.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace sluice::tcp {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

TEST(Alarm, IsNotDueUntilItIsSet) {
  const Alarm alarm;
  EXPECT_FALSE(alarm.is_set());
  EXPECT_FALSE(alarm.is_due(Time::max()));
}

TEST(Alarm, MayBeSetToTheMomentThatMeansUnset) {
  Alarm alarm;
  alarm.set(Time{});
  EXPECT_TRUE(alarm.is_set());
  EXPECT_TRUE(alarm.is_due(Time{} + milliseconds(1)));
}

RC_GTEST_PROP(Alarm, IsDueWithinTwoMillisecondsAndNeverEarly, ()) {
  // Hundreds of days: the count wraps several times.
  const Time now = Time{} + nanoseconds(*rc::gen::inRange<std::int64_t>(0, std::int64_t{1} << 55));
  const nanoseconds ahead(*rc::gen::inRange<std::int64_t>(0, nanoseconds(hours(20 * 24)).count()));
  Alarm alarm;
  alarm.set(now + ahead);
  RC_ASSERT(alarm.at(now) >= now + ahead);
  RC_ASSERT(alarm.at(now) <= now + ahead + milliseconds(2));
  RC_ASSERT(!alarm.is_due(now + ahead - nanoseconds(1)));
  RC_ASSERT(alarm.is_due(alarm.at(now)));
  RC_ASSERT(alarm.is_due(now + ahead + hours(4 * 24)));
}

}  // namespace
}  // namespace sluice::tcp
