#include "devices/link/impairment.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace sluice {
namespace {

using namespace std::chrono_literals;

constexpr Time kStart{1000s};

std::vector<std::uint8_t> numbered(std::uint32_t number, std::size_t size = 100) {
  std::vector<std::uint8_t> bytes(std::max<std::size_t>(size, 4));
  store_big(MutableBytes(bytes), 0, number);
  return bytes;
}

struct Arrival {
  Time time;
  ImpairedQueue::Frame frame;
  std::uint32_t number() const { return load_big<std::uint32_t>(frame, 0); }
};

// Everything that arrives, each frame when it does.
std::vector<Arrival> arrivals(ImpairedQueue& queue) {
  std::vector<Arrival> all;
  while (const auto deadline = queue.deadline()) {
    if (auto frame = queue.pop(*deadline)) all.push_back({*deadline, std::move(*frame)});
  }
  return all;
}

std::vector<Arrival> sent(const Impairment& impairment, std::uint32_t count, Duration apart = 1us) {
  ImpairedQueue queue(impairment, 1);
  for (std::uint32_t i = 0; i < count; ++i) queue.push(kStart + i * apart, numbered(i));
  return arrivals(queue);
}

TEST(ImpairedQueue, WithoutImpairmentFramesArriveAtOnce) {
  const auto all = sent({}, 3, 1ms);
  ASSERT_EQ(all.size(), 3U);
  for (std::uint32_t i = 0; i < 3; ++i) {
    EXPECT_EQ(all[i].time, kStart + i * 1ms);
    EXPECT_EQ(all[i].frame, numbered(i));
  }
}

TEST(ImpairedQueue, ADelayIsKept) {
  ImpairedQueue queue({.delay = 50ms}, 1);
  queue.push(kStart, numbered(1));
  EXPECT_EQ(queue.deadline(), kStart + 50ms);
  EXPECT_FALSE(queue.pop(kStart + 50ms - 1ns));
  EXPECT_TRUE(queue.pop(kStart + 50ms));
}

TEST(ImpairedQueue, ARateSpacesFramesByTheirSize) {
  // 100 bytes at 1 Mbit/s take 800 microseconds.
  const auto all = sent({.rate = 1'000'000}, 10, 0us);
  ASSERT_EQ(all.size(), 10U);
  for (std::uint32_t i = 0; i < 10; ++i) EXPECT_EQ(all[i].time, kStart + (i + 1) * 800us);
}

TEST(ImpairedQueue, JitterStaysWithinItsBoundsAndKeepsTheOrder) {
  for (const Duration apart : {Duration(20ms), Duration(100us)}) {
    const auto all = sent({.delay = 10ms, .jitter = 4ms}, 1000, apart);
    ASSERT_EQ(all.size(), 1000U);
    Duration least = 1s;
    Duration most{0};
    for (std::uint32_t i = 0; i < all.size(); ++i) {
      EXPECT_EQ(all[i].number(), i);
      const Duration delay = all[i].time - (kStart + i * apart);
      least = std::min(least, delay);
      most = std::max(most, delay);
    }
    EXPECT_GE(least, 6ms);
    EXPECT_LE(most, 14ms);
    // Close together, early ones wait for those before them.
    EXPECT_GT(most - least, apart > 4ms ? 7ms : 1ms);
  }
}

TEST(ImpairedQueue, LossAndDuplicatesAreAsOftenAsAskedFor) {
  EXPECT_NEAR(static_cast<double>(sent({.loss = 100'000}, 20000).size()), 18000, 300);
  EXPECT_NEAR(static_cast<double>(sent({.duplicate = 100'000}, 20000).size()), 22000, 300);
  EXPECT_TRUE(sent({.loss = Impairment::kAlways}, 100).empty());
}

TEST(ImpairedQueue, CorruptionFlipsOneBit) {
  for (const Arrival& each : sent({.corrupt = Impairment::kAlways}, 100)) {
    unsigned flipped = 0;
    // The number itself may be hit, so the frame is compared with all that it may have been.
    for (std::uint32_t i = 0; i < 100; ++i) {
      const auto original = numbered(i);
      unsigned differences = 0;
      for (std::size_t at = 0; at < original.size(); ++at) {
        differences += static_cast<unsigned>(__builtin_popcount(original[at] ^ each.frame[at]));
      }
      if (differences == 1) flipped = 1;
    }
    EXPECT_EQ(flipped, 1U);
  }
}

TEST(ImpairedQueue, SomeOvertakeAndTheOthersKeepTheirOrder) {
  const auto all = sent({.delay = 10ms, .reorder = 100'000}, 1000, 10us);
  ASSERT_EQ(all.size(), 1000U);
  std::size_t early = 0;
  std::uint32_t last = 0;
  for (const Arrival& each : all) {
    if (each.time < kStart + each.number() * 10us + 10ms) {
      ++early;
    } else {
      EXPECT_GE(each.number(), last);
      last = each.number();
    }
  }
  EXPECT_NEAR(static_cast<double>(early), 100, 40);
}

TEST(ImpairedQueue, WhatHasNoRoomIsLost) {
  ImpairedQueue queue({.delay = 1s, .queue_bytes = 1000}, 1);
  for (std::uint32_t i = 0; i < 20; ++i) queue.push(kStart, numbered(i));
  EXPECT_EQ(queue.lost(), 10U);
  EXPECT_EQ(arrivals(queue).size(), 10U);
  queue.push(kStart + 2s, numbered(1));
  EXPECT_TRUE(queue.deadline()) << "there is room again";
}

TEST(ImpairedQueue, SmallFramesAreBoundedByTheirNumber) {
  ImpairedQueue queue({.delay = 1s, .queue_bytes = std::size_t{1} << 30}, 1);
  for (std::size_t i = 0; i < ImpairedQueue::kMaxFrames + 7; ++i) queue.push(kStart, Bytes());
  EXPECT_EQ(queue.lost(), 7U);
}

// Any traffic over a line of a byte a microsecond, in bursts and with gaps.
RC_GTEST_PROP(ImpairedQueue, CarriesNoMoreThanTheRateAndHoldsNoMoreThanTheQueue,
              (const std::vector<std::pair<std::uint16_t, std::uint16_t>>& steps)) {
  const Impairment impairment{.rate = 8'000'000, .delay = 3ms, .queue_bytes = 20'000};
  ImpairedQueue queue(impairment, 1);
  std::vector<Arrival> all;
  Time now = kStart;
  for (const auto& [gap, size] : steps) {
    now += gap % 3 == 0 ? 0us : std::chrono::microseconds(gap % 10'000);
    while (queue.deadline() && *queue.deadline() <= now) {
      const Time time = *queue.deadline();
      all.push_back({time, queue.pop(time).value()});
    }
    queue.push(now, numbered(0, size % 9000));
    RC_ASSERT(queue.held_bytes() <= impairment.queue_bytes);
  }
  for (Arrival& rest : arrivals(queue)) all.push_back(std::move(rest));
  RC_ASSERT(queue.held_bytes() == 0U);
  RC_ASSERT(all.size() + queue.lost() == steps.size());
  for (std::size_t first = 0; first < all.size(); ++first) {
    Duration takes{};
    for (std::size_t i = first + 1; i < all.size(); ++i) {
      takes += all[i].frame.size() * 1us;
      RC_ASSERT(all[i].time - all[first].time >= takes);
    }
  }
}

RC_GTEST_PROP(ImpairedQueue, TheSameSeedGivesTheSameRun, (std::uint64_t seed)) {
  const Impairment impairment{.rate = 50'000'000,
                              .delay = 5ms,
                              .jitter = 2ms,
                              .loss = 50'000,
                              .duplicate = 50'000,
                              .reorder = 50'000,
                              .corrupt = 50'000,
                              .seed = seed};
  const auto one = sent(impairment, 200);
  const auto other = sent(impairment, 200);
  RC_ASSERT(one.size() == other.size());
  for (std::size_t i = 0; i < one.size(); ++i) {
    RC_ASSERT(one[i].time == other[i].time);
    RC_ASSERT(one[i].frame == other[i].frame);
  }
}

}  // namespace
}  // namespace sluice
