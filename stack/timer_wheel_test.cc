#include "stack/timer_wheel.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <memory>
#include <vector>

namespace sluice {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

constexpr Duration kTick{1 << 20};

struct Recorder : TimerHandler {
  std::vector<std::pair<Time, Timer*>> fired;
  void on_timer(Time now, Timer& timer) override { fired.emplace_back(now, &timer); }
};

// Steps the clock from one deadline of the wheel to the next until nothing is set.
void run_out(TimerWheel& wheel) {
  for (int steps = 0; steps < 10000; ++steps) {
    const auto next = wheel.deadline();
    if (!next) return;
    wheel.advance(*next);
  }
  FAIL() << "the wheel does not run out";
}

TEST(TimerWheel, FiresNoEarlierThanAskedAndNoLaterThanATick) {
  const Time start{milliseconds(5)};
  TimerWheel wheel(start);
  Recorder recorder;
  Timer timer(recorder);
  const Time deadline = start + milliseconds(250);
  wheel.set(timer, deadline);
  wheel.advance(deadline - Duration(1));
  EXPECT_TRUE(recorder.fired.empty());
  wheel.advance(deadline + kTick);
  ASSERT_EQ(recorder.fired.size(), 1U);
  EXPECT_FALSE(timer.is_set());
  EXPECT_FALSE(wheel.deadline());
}

TEST(TimerWheel, CancelledTimersDoNotFire) {
  TimerWheel wheel(Time{});
  Recorder recorder;
  Timer timer(recorder);
  wheel.set(timer, Time{milliseconds(10)});
  timer.cancel();
  wheel.advance(Time{hours(1)});
  EXPECT_TRUE(recorder.fired.empty());
}

TEST(TimerWheel, ATimerSetInThePastByItsHandlerDoesNotHoldUpAdvance) {
  TimerWheel wheel(Time{});
  struct Rearm : TimerHandler {
    explicit Rearm(TimerWheel& w) : wheel(w) {}
    void on_timer(Time, Timer& timer) override {
      ++count;
      wheel.set(timer, Time{});
    }
    TimerWheel& wheel;
    int count = 0;
  } handler(wheel);
  Timer timer(handler);
  wheel.set(timer, Time{});
  wheel.advance(Time{hours(1)});
  EXPECT_EQ(handler.count, 1);
}

TEST(TimerWheel, ATimerYearsAwayFiresInItsTime) {
  TimerWheel wheel(Time{});
  Recorder recorder;
  Timer timer(recorder);
  const Time deadline{hours(24 * 365 * 200)};
  wheel.set(timer, deadline);
  run_out(wheel);
  ASSERT_EQ(recorder.fired.size(), 1U);
  EXPECT_GE(recorder.fired[0].first, deadline);
}

TEST(TimerWheel, AHandlerMayDestroyOtherTimers) {
  TimerWheel wheel(Time{});
  struct Destroyer : TimerHandler {
    std::unique_ptr<Timer> victim;
    int count = 0;
    void on_timer(Time, Timer&) override {
      ++count;
      victim.reset();
    }
  } handler;
  Timer first(handler);
  wheel.set(first, Time{milliseconds(3)});
  handler.victim = std::make_unique<Timer>(handler);
  wheel.set(*handler.victim, Time{milliseconds(3)});
  wheel.advance(Time{milliseconds(10)});
  EXPECT_EQ(handler.count, 1);
}

RC_GTEST_PROP(TimerWheel, EveryTimerFiresOnceInItsTick, ()) {
  const Time start{Duration(*rc::gen::inRange<std::int64_t>(0, 1'000'000'000'000))};
  TimerWheel wheel(start);
  Recorder recorder;
  std::map<Timer*, Time> expected;
  std::vector<std::unique_ptr<Timer>> timers;
  const auto scale = *rc::gen::elementOf(std::vector<std::int64_t>{100, 100'000, 100'000'000});
  const auto delays =
      *rc::gen::container<std::vector<std::int64_t>>(rc::gen::inRange<std::int64_t>(0, scale));
  Time now = start;
  const auto advance = [&] {
    const std::size_t before = recorder.fired.size();
    wheel.advance(now);
    for (std::size_t i = before; i < recorder.fired.size(); ++i) {
      RC_ASSERT(recorder.fired[i].first >= expected.at(recorder.fired[i].second));
      RC_ASSERT(expected.erase(recorder.fired[i].second) == 1U);
    }
    for (const auto& [timer, deadline] : expected) {
      RC_ASSERT(deadline + kTick >= now);
      RC_ASSERT(wheel.deadline() <= deadline + kTick);
    }
  };
  for (const std::int64_t delay : delays) {
    timers.push_back(std::make_unique<Timer>(recorder));
    const Time deadline = now + milliseconds(delay) + Duration(delay % 1000);
    wheel.set(*timers.back(), deadline);
    expected[timers.back().get()] = deadline;
    if (delay % 3 == 0) {
      now += milliseconds(delay / 2);
      advance();
    }
  }
  for (int steps = 0; steps < 100000; ++steps) {
    const auto next = wheel.deadline();
    if (!next) break;
    now = std::max(now, *next);
    advance();
  }
  RC_ASSERT(expected.empty());
}

TEST(TimerWheel, ATimerSetLaterDoesNotHideAnEarlierOneInACoarserSlot) {
  TimerWheel wheel(Time{});
  Recorder recorder;
  Timer first(recorder);
  Timer second(recorder);
  wheel.set(first, Time{69 * kTick});
  wheel.advance(Time{63 * kTick});  // the last tick before the slot where `first` waits
  wheel.set(second, Time{104 * kTick});
  EXPECT_LE(wheel.deadline(), Time{69 * kTick});
  wheel.advance(Time{69 * kTick});
  EXPECT_EQ(recorder.fired.size(), 1U);
}

}  // namespace
}  // namespace sluice
