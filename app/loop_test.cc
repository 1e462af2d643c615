#include "app/loop.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <vector>

#include "nat/host/clock.h"
#include "posix/descriptor.h"

namespace sluice {
namespace {

struct Pipe {
  Pipe() {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) == 0) {
      read_end.reset(ends[0]);
      write_end.reset(ends[1]);
    }
  }
  void put() const { EXPECT_EQ(::write(write_end.get(), "x", 1), 1); }

  Descriptor read_end;
  Descriptor write_end;
};

TEST(Loop, AWatchFiresWheneverThereIsMore) {
  Loop loop;
  const Pipe pipe;
  pipe.put();
  int fired = 0;
  const auto watch = loop.watch(pipe.read_end.get(), [&] {
    if (++fired == 3) return loop.stop();
    pipe.put();
  });
  loop.run();
  EXPECT_EQ(fired, 3);
}

TEST(Loop, PollingSeesWhatComesAndWhatIsDue) {
  Loop loop(std::chrono::milliseconds(1));
  const Pipe pipe;
  pipe.put();
  int fired = 0;
  const auto watch = loop.watch(pipe.read_end.get(), [&] { ++fired; });
  int turns = 0;
  loop.on_turn([&](gsl::span<const epoll_event>) -> Loop::Rest {
    constexpr int kTurns = 40;
    if (++turns == kTurns) loop.stop();
    // Soon enough for the next wait to begin by polling; every other turn something comes as well.
    if (turns % 2 == 0) pipe.put();
    return {.until = monotonic_now() + std::chrono::microseconds(200),
            .moved = turns % 3 == 0 ? 1U << 20 : 0U};
  });
  loop.run();
  EXPECT_EQ(fired, 20);
}

TEST(Loop, AWatchThatFindsNothingNewIsSilent) {
  Loop loop;
  const Pipe pipe;
  pipe.put();
  int fired = 0;
  const auto watch = loop.watch(pipe.read_end.get(), [&] { ++fired; });
  int turns = 0;
  loop.on_turn([&](gsl::span<const epoll_event>) {
    if (++turns == 20) loop.stop();
    return Loop::Rest{.until = Time{}};
  });
  loop.run();
  // Although nobody has read what is there.
  EXPECT_EQ(fired, 1);
}

TEST(Loop, AWatchThatHasEndedNeverFires) {
  Loop loop;
  const Pipe first;
  const Pipe second;
  first.put();
  second.put();
  int fired = 0;
  std::array<std::unique_ptr<Loop::Watch>, 2> watches;
  // Both are fetched at once.
  watches[0] = loop.watch(first.read_end.get(), [&] {
    ++fired;
    watches[1].reset();
  });
  watches[1] = loop.watch(second.read_end.get(), [&] {
    ++fired;
    watches[0].reset();
  });
  loop.run_for(std::chrono::milliseconds(5));
  EXPECT_EQ(fired, 1);
  // The descriptor is still its owner's.
  char byte = 0;
  EXPECT_EQ(::read(second.read_end.get(), &byte, 1), 1);
}

TEST(Loop, WhatWasFetchedBeforeAStopIsDelivered) {
  Loop loop;
  const Pipe first;
  const Pipe second;
  first.put();
  second.put();
  int fired = 0;
  const auto on_readable = [&] {
    ++fired;
    loop.stop();
  };
  const auto one = loop.watch(first.read_end.get(), on_readable);
  const auto other = loop.watch(second.read_end.get(), on_readable);
  int turns = 0;
  loop.on_turn([&](gsl::span<const epoll_event> fetched) {
    ++turns;
    EXPECT_EQ(fetched.size(), 2U);
    return Loop::Rest{};
  });
  loop.run();
  EXPECT_EQ(fired, 2);
  EXPECT_EQ(turns, 1);
}

TEST(Loop, ATurnSeesWhatOthersHaveRegistered) {
  Loop loop;
  const Pipe pipe;
  const Token token{.kind = Token::Kind::kTcp, .index = 7};
  ASSERT_EQ(loop.queue().add(pipe.read_end.get(), token, EventQueue::kArrivals), std::errc{});
  pipe.put();
  Token seen;
  loop.on_turn([&](gsl::span<const epoll_event> fetched) {
    for (const epoll_event& event : fetched) seen = EventQueue::token_of(event);
    if (seen == token) loop.stop();
    return Loop::Rest{};
  });
  loop.run_for(std::chrono::seconds(10));
  EXPECT_EQ(seen, token);
}

TEST(Loop, ATurnComesNotBeforeItsTime) {
  Loop loop;
  const Time due = monotonic_now() + std::chrono::milliseconds(20);
  std::vector<Time> turns;
  loop.on_turn([&](gsl::span<const epoll_event>) -> Loop::Rest {
    turns.push_back(monotonic_now());
    if (turns.back() >= due) loop.stop();
    return {.until = due};
  });
  loop.run();
  EXPECT_GE(turns.back(), due);
  // The first, and when it was due.
  EXPECT_EQ(turns.size(), 2U);
}

TEST(Loop, ATurnMayMoveEitherWay) {
  Loop loop;
  const Time start = monotonic_now();
  const Time last = start + std::chrono::milliseconds(30);
  const std::vector<Time> due{start + std::chrono::hours(1), start + std::chrono::milliseconds(5),
                              last};
  const Pipe pipe;
  const auto watch = loop.watch(pipe.read_end.get(), [] {});
  std::size_t turns = 0;
  loop.on_turn([&](gsl::span<const epoll_event>) -> Loop::Rest {
    if (monotonic_now() >= last) loop.stop();
    const Time next = due.at(std::min(turns++, due.size() - 1));
    // The hour is not waited for.
    if (turns < due.size()) pipe.put();
    return {.until = next};
  });
  loop.run();
  EXPECT_GE(monotonic_now(), last);
  EXPECT_LT(monotonic_now(), start + std::chrono::minutes(1));
}

TEST(Loop, ATurnThatIsTakenBackDoesNotCome) {
  Loop loop;
  int turns = 0;
  loop.on_turn([&](gsl::span<const epoll_event>) -> Loop::Rest {
    if (++turns == 1) return {.until = monotonic_now() + std::chrono::milliseconds(1)};
    return {};
  });
  loop.run_for(std::chrono::milliseconds(30));
  // The first, when it was due, and what ended the run.
  EXPECT_LE(turns, 3);
}

TEST(Loop, ACallbackMayEndItsOwnWatchAndAnotherBeginInItsPlace) {
  Loop loop;
  const Pipe pipe;
  const Pipe other;
  pipe.put();
  other.put();
  std::string fired;
  std::unique_ptr<Loop::Watch> first;
  std::unique_ptr<Loop::Watch> second;
  const std::string name = "first ";
  // A copy of the name, which is the callback's own, is used after the watch has ended.
  first = loop.watch(pipe.read_end.get(), [&, name] {
    first.reset();
    second = loop.watch(other.read_end.get(), [&] {
      fired += "second";
      loop.stop();
    });
    fired += name;
  });
  loop.run();
  EXPECT_EQ(fired, "first second");
}

TEST(Loop, WithoutAnythingToDoItRunsForItsTime) {
  Loop loop;
  const Time start = monotonic_now();
  loop.run_for(std::chrono::milliseconds(10));
  EXPECT_GE(monotonic_now() - start, std::chrono::milliseconds(10));
}

}  // namespace
}  // namespace sluice
