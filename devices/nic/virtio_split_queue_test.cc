#include "devices/nic/virtio_split_queue.h"

#include <gtest/gtest.h>

#include "devices/nic/virtio_test_driver.h"

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

TEST_P(SplitVirtioQueueTest, ChainsComeInTheirOrderWithWhatTheyName) {
  EXPECT_FALSE(queue.next(chain));
  const auto first = driver.add({{kBuffers, 10}, {kBuffers + 64, 20}, {kBuffers + 128, 30, true}});
  const auto second = driver.add({{kBuffers + 256, 40, true}});
  ASSERT_TRUE(queue.next(chain));
  EXPECT_EQ(chain.name.id, first);
  EXPECT_EQ(chain.readable_size(), 30U);
  EXPECT_EQ(chain.writable_size(), 30U);
  ASSERT_EQ(chain.readable().size(), 2U);
  EXPECT_EQ(chain.readable()[1].data(), memory.view(kBuffers + 64, 1).data());
  ASSERT_TRUE(queue.next(chain));
  EXPECT_EQ(chain.name.id, second);
  EXPECT_EQ(chain.readable_size(), 0U);
  EXPECT_FALSE(queue.next(chain));
}

TEST_P(SplitVirtioQueueTest, IndirectTableIsOnePlace) {
  driver.add({{kBuffers, 10}, {kBuffers + 64, 20}, {kBuffers + 128, 30, true}}, kBuffers + 0x4007);
  ASSERT_TRUE(queue.next(chain));
  EXPECT_FALSE(chain.is_broken());
  EXPECT_EQ(chain.readable_size(), 30U);
  EXPECT_EQ(chain.writable_size(), 30U);
}

TEST_P(SplitVirtioQueueTest, BufferAcrossRegionsIsTwoPieces) {
  driver.add({{kRing + 0x8000 - 16, 64}});
  ASSERT_TRUE(queue.next(chain));
  ASSERT_EQ(chain.readable().size(), 2U);
  EXPECT_EQ(chain.readable()[0].size(), 16U);
  EXPECT_EQ(chain.readable()[1].size(), 48U);
}

TEST_P(SplitVirtioQueueTest, CompletedChainsAreSeenWhenPublished) {
  const auto head = driver.add({{kBuffers, 10, true}});
  ASSERT_TRUE(queue.next(chain));
  queue.complete(chain.name, 7);
  EXPECT_FALSE(driver.take_used());
  EXPECT_TRUE(queue.publish());
  const auto used = driver.take_used();
  ASSERT_TRUE(used);
  EXPECT_EQ(used->id, head);
  EXPECT_EQ(used->length, 7U);
  EXPECT_FALSE(queue.publish());
}

TEST_P(SplitVirtioQueueTest, RewoundChainsComeAgain) {
  driver.add({{kBuffers, 10}});
  driver.add({{kBuffers, 20}});
  const auto before = queue.position();
  ASSERT_TRUE(queue.next(chain));
  ASSERT_TRUE(queue.next(chain));
  queue.rewind(before);
  ASSERT_TRUE(queue.next(chain));
  EXPECT_EQ(chain.readable_size(), 10U);
}

TEST_P(SplitVirtioQueueTest, DriverTellsOnlyWhenItIsListenedTo) {
  EXPECT_FALSE(queue.listen(1));
  driver.add({{kBuffers, 1}});
  EXPECT_TRUE(driver.must_notify());
  queue.ignore();
  ASSERT_TRUE(queue.next(chain));
  driver.add({{kBuffers, 2}});
  EXPECT_FALSE(driver.must_notify());
  EXPECT_TRUE(queue.listen(1));
  ASSERT_TRUE(queue.next(chain));
  EXPECT_FALSE(queue.listen(1));
  driver.add({{kBuffers, 3}});
  EXPECT_TRUE(driver.must_notify());
}

TEST_P(SplitVirtioQueueTest, DriverThatWantsNoInterruptGetsNone) {
  driver.set_interrupts(false);
  driver.add({{kBuffers, 1}});
  ASSERT_TRUE(queue.next(chain));
  queue.complete(chain.name, 0);
  EXPECT_FALSE(queue.publish());
  driver.take_used();
  driver.set_interrupts(true);
  driver.add({{kBuffers, 1}});
  ASSERT_TRUE(queue.next(chain));
  queue.complete(chain.name, 0);
  EXPECT_TRUE(queue.publish());
}

TEST_P(SplitVirtioQueueTest, IndexesGoAroundManyTimes) {
  for (int i = 0; i < 70'000; ++i) {
    driver.add({{kBuffers, 1}});
    ASSERT_TRUE(queue.next(chain)) << i;
    queue.complete(chain.name, 0);
    ASSERT_TRUE(queue.publish()) << i;
    ASSERT_TRUE(driver.take_used()) << i;
    driver.set_interrupts(true);
  }
}

TEST_P(SplitVirtioQueueTest, LoopIsABrokenChain) {
  driver.write_descriptor(kRing, {kBuffers, 1}, VirtioDescriptor::kNext, 1);
  driver.write_descriptor(kRing + 16, {kBuffers, 1}, VirtioDescriptor::kNext, 0);
  driver.make_available(0);
  expect_broken_chain();
}

TEST_P(SplitVirtioQueueTest, AddressOutsideOfMemoryIsABrokenChain) {
  driver.add({{kBuffers, 10}, {TestSharedMemory::kBase + (1 << 20) - 4, 5}});
  expect_broken_chain();
  driver.add({{~std::uint64_t{0} - 3, 0xffffffff, true}});
  expect_broken_chain();
}

TEST_P(SplitVirtioQueueTest, ReadableBehindWritableIsABrokenChain) {
  driver.add({{kBuffers, 10, true}, {kBuffers, 10, false}});
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
