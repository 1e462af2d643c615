#include "devices/nic/virtio/inflight.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <random>

#include "devices/nic/virtio/test_driver.h"

namespace sluice {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint16_t kSize = 8;
constexpr std::uint64_t kRing = TestSharedMemory::kBase;
constexpr std::size_t kMemory = std::size_t{1} << 14;
constexpr std::uint64_t kBuffers = kRing + 0x1000;
// A front end may have room for larger queues than the driver makes.
constexpr std::uint16_t kPlaces = 16;

struct VirtioInflightTest : testing::TestWithParam<bool> {
  VirtioInflightTest() : packed(GetParam()) {
    if (packed) {
      driver = std::make_unique<PackedTestDriver>(memory, kRing, kSize, true);
    } else {
      driver = std::make_unique<SplitTestDriver>(memory, kRing, kSize, true);
    }
    words.resize(
        (packed ? PackedInflight::region_size(kPlaces) : SplitInflight::region_size(kPlaces)) / 8);
    start();
    Ensures(queue);
  }

  MutableBytes region() {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast)
    return {reinterpret_cast<std::uint8_t*>(words.data()), words.size() * 8};
  }
  std::uint8_t in_flight(std::size_t state) { return region()[state_at(state)]; }
  std::size_t state_at(std::size_t state) const {
    return packed ? 32 + 32 * state : 16 + 16 * state;
  }
  // As a process does that knows nothing but the ring and the region; no queue if it makes no
  // sense.
  void start() {
    queue.reset();
    const auto areas = driver->areas();
    if (packed) {
      if (auto kept = PackedInflight::restore(region(), areas, {})) {
        queue = std::make_unique<PackedVirtioQueue>(memory, areas, true, std::move(kept));
      }
    } else if (auto kept =
                   SplitInflight::restore(region(), kSize, SplitVirtioQueue::used_index(areas))) {
      queue = std::make_unique<SplitVirtioQueue>(memory, areas, true, std::move(kept));
    }
  }
  std::uint16_t add(std::uint32_t length = 10) { return driver->add({{kBuffers, length}}); }
  std::uint16_t add_two() { return driver->add({{kBuffers, 10}, {kBuffers + 64, 20}}); }
  VirtioChain::Name take() {
    Ensures(queue->next(chain));
    return chain.name;
  }
  std::vector<std::uint16_t> take_all() {
    std::vector<std::uint16_t> ids;
    while (queue->next(chain)) ids.push_back(chain.name.id);
    return ids;
  }
  std::vector<std::uint16_t> used() {
    std::vector<std::uint16_t> ids;
    while (const auto each = driver->take_used()) ids.push_back(each->id);
    return ids;
  }

  const bool packed;
  TestSharedMemory memory{kMemory};
  std::unique_ptr<TestDriver> driver;
  std::unique_ptr<VirtioQueue> queue;
  std::vector<std::uint64_t> words;
  VirtioChain chain;
};

INSTANTIATE_TEST_SUITE_P(Forms, VirtioInflightTest, testing::Bool());

TEST_P(VirtioInflightTest, NewRegionSaysItsVersionAndSize) {
  EXPECT_EQ(load_little<std::uint64_t>(region(), 0), 0U);
  EXPECT_EQ(load_little<std::uint16_t>(region(), 8), 1U);
  EXPECT_EQ(load_little<std::uint16_t>(region(), 10), kPlaces);
}

TEST_P(VirtioInflightTest, ChainIsInFlightFromWhenItIsTakenUntilItIsShown) {
  add();
  EXPECT_EQ(in_flight(0), 0U);
  const auto name = take();
  EXPECT_EQ(in_flight(0), 1U);
  queue->complete(name, 0);
  EXPECT_EQ(in_flight(0), 1U);
  queue->publish();
  EXPECT_EQ(in_flight(0), 0U);
}

TEST_P(VirtioInflightTest, WhatWasTakenIsTakenAgainBeforeWhatIsNew) {
  const auto first = add_two();
  const auto second = add();
  take();
  take();
  const auto third = add();
  start();
  ASSERT_TRUE(queue);
  EXPECT_EQ(queue->waiting(), packed ? 4 : 3);
  EXPECT_EQ(take().id, first);
  EXPECT_EQ(chain.readable_size(), 30U);
  EXPECT_EQ(chain.name.places, packed ? 2 : 1);
  EXPECT_THAT(take_all(), ElementsAre(second, third));
}

TEST_P(VirtioInflightTest, ProcessThatEndsInTheMidstOfABatchHasGivenNothingBack) {
  const auto first = add();
  const auto second = add_two();
  const auto third = add();
  for (const auto name : {take(), take()}) queue->complete(name, 0);
  take();
  start();
  ASSERT_TRUE(queue);
  EXPECT_THAT(used(), IsEmpty());
  EXPECT_EQ(take().id, first);
  queue->complete(chain.name, 0);
  EXPECT_EQ(take().id, second);
  EXPECT_EQ(chain.readable_size(), 30U);
  queue->complete(chain.name, 0);
  EXPECT_EQ(take().id, third);
  queue->complete(chain.name, 0);
  queue->publish();
  EXPECT_THAT(used(), ElementsAre(first, second, third));
  const auto fourth = add();
  EXPECT_THAT(take_all(), ElementsAre(fourth));
}

// The driver has seen a batch; whether it was written down that it has is another matter.
TEST_P(VirtioInflightTest, WhatTheDriverHasSeenIsNotTakenAgain) {
  const auto first = add();
  const auto second = add_two();
  const auto third = add();
  const VirtioChain::Name names[] = {take(), take()};
  take();
  for (const auto name : names) queue->complete(name, 0);
  const auto before = words;
  queue->publish();
  // All that publishing writes only after the driver sees it, undone.
  const auto old = MutableBytes(region());
  std::vector<std::uint8_t> saved(words.size() * 8);
  std::memcpy(saved.data(), before.data(), saved.size());
  const auto undo = [&](std::size_t at, std::size_t size) {
    copy_bytes(Bytes(saved).subspan(at, size), old.subspan(at, size));
  };
  for (std::size_t i = 0; i < kPlaces; ++i) undo(state_at(i), 1);
  undo(14, 2);
  if (packed) {
    undo(18, 2);
    undo(21, 1);
  }
  EXPECT_EQ(in_flight(0), 1U);
  start();
  ASSERT_TRUE(queue);
  EXPECT_EQ(in_flight(0), 0U);
  EXPECT_THAT(take_all(), ElementsAre(third));
  EXPECT_THAT(used(), ElementsAre(first, second));
}

// All that was to be written before is written, and the driver has not seen it.
TEST_P(VirtioInflightTest, WhatTheDriverHasNotSeenIsTakenAgain) {
  if (!packed) GTEST_SKIP() << "for split rings nothing is written before";
  const auto first = add_two();
  const auto second = add();
  auto kept = PackedInflight::restore(region(), driver->areas(), {});
  for (const std::uint16_t flags : {VirtioDescriptor::kNext, std::uint16_t{0}}) {
    kept->add({{kBuffers, 10, flags}, first});
  }
  kept->take(0);
  kept->add({{kBuffers, 10, 0}, second});
  kept->take(2);
  kept->complete(kept->state_at(0));
  kept->complete(kept->state_at(2));
  kept->on_publishing({.index = 3});
  start();
  ASSERT_TRUE(queue);
  EXPECT_THAT(take_all(), ElementsAre(first, second));
}

TEST_P(VirtioInflightTest, WhatWasPutBackIsNotInFlight) {
  const auto first = add();
  const auto second = add_two();
  const auto third = add();
  take();
  const auto before = queue->position();
  take_all();
  queue->rewind(before);
  EXPECT_EQ(in_flight(1), 0U);
  start();
  ASSERT_TRUE(queue);
  EXPECT_THAT(take_all(), ElementsAre(first, second, third));
}

TEST_P(VirtioInflightTest, WhatIsTakenAgainAndPutBackStaysInFlight) {
  const auto first = add_two();
  const auto second = add();
  take_all();
  start();
  const auto before = queue->position();
  EXPECT_THAT(take_all(), ElementsAre(first, second));
  queue->rewind(before);
  EXPECT_THAT(take_all(), ElementsAre(first, second));
  start();
  EXPECT_THAT(take_all(), ElementsAre(first, second));
}

TEST_P(VirtioInflightTest, OrderIsThatOfTheCounter) {
  const auto first = add();
  const auto second = add();
  take_all();
  // As another back end would have taken them.
  store_little(region(), state_at(0) + 8, std::uint64_t{9});
  store_little(region(), state_at(1) + 8, std::uint64_t{4});
  start();
  ASSERT_TRUE(queue);
  EXPECT_THAT(take_all(), ElementsAre(second, first));
}

TEST_P(VirtioInflightTest, RegionThatMakesNoSenseIsRefused) {
  add_two();
  add();
  take_all();
  const auto good = words;
  const auto refused = [&](std::size_t at, std::uint16_t value) {
    words = good;
    store_little(region(), at, value);
    start();
    return !queue;
  };
  EXPECT_TRUE(refused(0, 1)) << "features";
  EXPECT_TRUE(refused(8, 2)) << "version";
  EXPECT_TRUE(refused(10, kSize)) << "places";
  if (packed) {
    EXPECT_TRUE(refused(16, kSize)) << "used index";
    EXPECT_TRUE(refused(18, kSize)) << "old used index";
    EXPECT_TRUE(refused(state_at(0) + 6, 0)) << "no places";
    EXPECT_TRUE(refused(state_at(0) + 6, 9)) << "too many places";
    EXPECT_TRUE(refused(state_at(0) + 6, 3)) << "the same twice";
    EXPECT_TRUE(refused(state_at(0) + 4, 5)) << "another last";
    EXPECT_TRUE(refused(state_at(0) + 2, 0xffff)) << "next is none";
    EXPECT_TRUE(refused(state_at(0) + 2, 0)) << "a loop";
  } else {
    EXPECT_TRUE(refused(14, 100)) << "used index";
    words = good;
    store_little(region(), 12, std::uint16_t{0xffff});
    store_little(region(), 14, std::uint16_t{0xffff});
    start();
    EXPECT_FALSE(queue) << "a last batch of what is none";
    EXPECT_TRUE(refused(state_at(kSize), 1)) << "behind the end of the ring";
  }
  words = good;
  start();
  EXPECT_TRUE(queue);
}

TEST_P(VirtioInflightTest, AnyContentsAreRefusedOrServed) {
  std::minstd_rand random(1);
  for (int i = 0; i < 1000; ++i) {
    add();
    take_all();
    // Most of it is as it should be.
    for (int j = 0; j < 4; ++j) {
      store_little(region(), 12 + random() % (region().size() - 12),
                   static_cast<std::uint8_t>(random() % 3 == 0 ? random() : random() % kSize));
    }
    start();
    if (queue) {
      std::size_t taken = 0;
      while (queue->next(chain)) {
        queue->complete(chain.name, 0);
        ASSERT_LE(++taken, 2 * kSize);
      }
      queue->publish();
    }
    // Another driver.
    memory = TestSharedMemory(kMemory);
    std::fill(words.begin(), words.end(), 0);
    if (packed) {
      driver = std::make_unique<PackedTestDriver>(memory, kRing, kSize, true);
    } else {
      driver = std::make_unique<SplitTestDriver>(memory, kRing, kSize, true);
    }
    start();
    ASSERT_TRUE(queue);
  }
}

TEST_P(VirtioInflightTest, EachChainComesBackOnceHoweverOftenProcessesEnd) {
  std::minstd_rand random(7);
  std::deque<std::uint16_t> out;  // with the device, in their order
  std::deque<VirtioChain::Name> taken;
  std::size_t completed = 0;  // and not published
  std::size_t places = 0;
  std::map<std::uint16_t, std::size_t> places_of;
  const auto see_used = [&] {
    for (const std::uint16_t id : used()) {
      ASSERT_FALSE(out.empty());
      ASSERT_EQ(id, out.front());
      out.pop_front();
      places -= places_of[id];
    }
  };
  for (int i = 0; i < 20000; ++i) {
    switch (random() % 7) {
      case 0:
      case 1: {
        const std::size_t count = 1 + random() % 2;
        if (places + count > kSize) break;
        out.push_back(count == 2 ? add_two() : add());
        places_of[out.back()] = count;
        places += count;
        break;
      }
      case 2:
        if (queue->next(chain)) {
          ASSERT_LT(completed + taken.size(), out.size());
          ASSERT_EQ(chain.name.id, out.at(completed + taken.size()));
          taken.push_back(chain.name);
        }
        break;
      case 3:
        if (taken.empty()) break;
        queue->complete(taken.front(), 0);
        taken.pop_front();
        ++completed;
        break;
      case 4:
        queue->publish();
        completed = 0;
        see_used();
        break;
      case 5: {
        const auto before = queue->position();
        for (unsigned j = 0; j < random() % 3 && queue->next(chain); ++j) {
        }
        queue->rewind(before);
        break;
      }
      default:
        if (random() % 4 != 0) break;
        start();
        ASSERT_TRUE(queue);
        taken.clear();
        completed = 0;
        break;
    }
  }
}

TEST_P(VirtioInflightTest, DriverThatGivesNoEndCostsItsRingAlone) {
  if (!packed) GTEST_SKIP() << "a split ring has one place for each chain";
  for (int i = 0; i < kSize; ++i) {
    static_cast<PackedTestDriver&>(*driver).make_available({kBuffers, 10}, 1,
                                                           VirtioDescriptor::kNext);
  }
  EXPECT_FALSE(queue->next(chain));
  EXPECT_TRUE(queue->is_broken());
  EXPECT_EQ(in_flight(0), 0U);
}

}  // namespace
}  // namespace sluice
