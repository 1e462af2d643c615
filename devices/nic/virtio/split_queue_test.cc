#include "devices/nic/virtio/split_queue.h"

#include <gtest/gtest.h>

#include "devices/nic/virtio/test_driver.h"

namespace sluice {
namespace {

constexpr std::uint16_t kSize = 8;
constexpr std::uint64_t kRing = TestSharedMemory::kBase;
constexpr std::uint64_t kBuffers = kRing + 0x1000;

struct SplitVirtioQueueTest : testing::TestWithParam<bool> {
  TestSharedMemory memory{std::size_t{1} << 20, 0x8000};
  SplitTestDriver driver{memory, kRing, kSize, GetParam()};
  SplitVirtioQueue queue{memory, driver.areas(), GetParam(), 0};
  VirtioChain chain;

  void expect_broken_chain() {
    ASSERT_TRUE(queue.next(chain));
    EXPECT_TRUE(chain.is_broken());
    EXPECT_TRUE(chain.readable().empty());
    EXPECT_TRUE(chain.writable().empty());
    queue.complete(chain.name, 0);
    queue.publish();
    const auto used = driver.take_used();
    ASSERT_TRUE(used);
    EXPECT_EQ(used->length, 0U);
    EXPECT_FALSE(queue.is_broken());
  }
};

INSTANTIATE_TEST_SUITE_P(WithAndWithoutEventIndex, SplitVirtioQueueTest, testing::Bool());

TEST_P(SplitVirtioQueueTest, LoopIsABrokenChain) {
  driver.write_descriptor(kRing, {kBuffers, 1}, VirtioDescriptor::kNext, 1);
  driver.write_descriptor(kRing + 16, {kBuffers, 1}, VirtioDescriptor::kNext, 0);
  driver.make_available(0);
  expect_broken_chain();
}

TEST_P(SplitVirtioQueueTest, NextOutsideOfTheTableIsABrokenChain) {
  driver.write_descriptor(kRing, {kBuffers, 1}, VirtioDescriptor::kNext, kSize);
  driver.make_available(0);
  expect_broken_chain();
}

TEST_P(SplitVirtioQueueTest, TablesThatAreNoneAreBrokenChains) {
  constexpr std::uint16_t kIndirect = VirtioDescriptor::kIndirect;
  constexpr std::uint16_t kNext = VirtioDescriptor::kNext;
  // A length that is no multiple; one that is too much; outside of memory; more behind it.
  driver.write_descriptor(kRing, {kBuffers, 24}, kIndirect, 0);
  driver.make_available(0);
  expect_broken_chain();
  driver.write_descriptor(kRing, {kBuffers, 0xfffffff0}, kIndirect, 0);
  driver.make_available(0);
  expect_broken_chain();
  driver.write_descriptor(kRing, {8, 16}, kIndirect, 0);
  driver.make_available(0);
  expect_broken_chain();
  driver.write_descriptor(kBuffers, {kBuffers, 16}, 0, 0);
  driver.write_descriptor(kRing, {kBuffers, 16}, kIndirect | kNext, 1);
  driver.make_available(0);
  expect_broken_chain();
  // An empty one, one in another, one that is a loop.
  driver.write_descriptor(kRing, {kBuffers, 0}, kIndirect, 0);
  driver.make_available(0);
  expect_broken_chain();
  driver.write_descriptor(kBuffers, {kBuffers, 16}, kIndirect, 0);
  driver.write_descriptor(kRing, {kBuffers, 16}, kIndirect, 0);
  driver.make_available(0);
  expect_broken_chain();
  driver.write_descriptor(kBuffers, {kBuffers, 16}, kNext, 0);
  driver.make_available(0);
  expect_broken_chain();
}

TEST_P(SplitVirtioQueueTest, HeadThatIsNoneStopsTheQueue) {
  driver.make_available(kSize);
  EXPECT_FALSE(queue.next(chain));
  EXPECT_TRUE(queue.is_broken());
  EXPECT_FALSE(queue.listen(1));
}

TEST_P(SplitVirtioQueueTest, MoreChainsThanPlacesStopTheQueue) {
  driver.set_available(kSize + 1);
  EXPECT_FALSE(queue.next(chain));
  EXPECT_TRUE(queue.is_broken());
}

TEST_P(SplitVirtioQueueTest, AreasMustBeThereAndAligned) {
  auto areas = driver.areas();
  EXPECT_TRUE(SplitVirtioQueue::accepts(areas, GetParam()));
  areas.size = 7;
  EXPECT_FALSE(SplitVirtioQueue::accepts(areas, GetParam()));
  areas = driver.areas();
  areas.driver = areas.driver.first(areas.driver.size() - 1);
  EXPECT_FALSE(SplitVirtioQueue::accepts(areas, GetParam()));
  areas = driver.areas();
  areas.device = memory.view(driver.device_at() + 2, areas.device.size());
  EXPECT_FALSE(SplitVirtioQueue::accepts(areas, GetParam()));
  areas = driver.areas();
  areas.descriptors = {};
  EXPECT_FALSE(SplitVirtioQueue::accepts(areas, GetParam()));
}

TEST_P(SplitVirtioQueueTest, WhatIsWrittenIsToldWhileItIsWatched) {
  memory.watched = true;
  driver.add({{kBuffers, 1}});
  ASSERT_TRUE(queue.next(chain));
  queue.complete(chain.name, 0);
  queue.publish();
  EXPECT_EQ(memory.written, 8U + 2U);
}

}  // namespace
}  // namespace sluice
