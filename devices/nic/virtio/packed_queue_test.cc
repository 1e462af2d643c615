#include "devices/nic/virtio/packed_queue.h"

#include <gtest/gtest.h>

#include "devices/nic/virtio/test_driver.h"

namespace sluice {
namespace {

constexpr std::uint16_t kSize = 5;
constexpr std::uint64_t kRing = TestSharedMemory::kBase;
constexpr std::uint64_t kBuffers = kRing + 0x1000;

struct PackedVirtioQueueTest : testing::Test {
  TestSharedMemory memory{std::size_t{1} << 20};
  PackedTestDriver driver{memory, kRing, kSize, true};
  PackedVirtioQueue queue{memory, driver.areas(), true, VirtioQueue::Position{}};
  VirtioChain chain;
};

TEST_F(PackedVirtioQueueTest, SizeNeedNotBeAPowerOfTwo) {
  for (int i = 0; i < 1000; ++i) {
    driver.add({{kBuffers, 1}, {kBuffers, 2}, {kBuffers, 3, true}});
    ASSERT_TRUE(queue.next(chain));
    EXPECT_EQ(chain.readable_size(), 3U);
    EXPECT_EQ(chain.writable_size(), 3U);
    EXPECT_FALSE(queue.next(chain));
    queue.complete(chain.name, 3);
    queue.publish();
    ASSERT_TRUE(driver.take_used());
  }
}

TEST_F(PackedVirtioQueueTest, ChainWithoutAnEndStopsTheQueue) {
  for (int i = 0; i < kSize; ++i) {
    driver.make_available({kBuffers, 1}, 0, VirtioDescriptor::kNext);
  }
  EXPECT_FALSE(queue.next(chain));
  EXPECT_TRUE(queue.is_broken());
  EXPECT_FALSE(queue.listen(1));
  EXPECT_EQ(queue.waiting(), 0U);
}

TEST_F(PackedVirtioQueueTest, TableWithinAChainIsABrokenChainOfSoManyPlaces) {
  driver.make_available({kBuffers, 1}, 0, VirtioDescriptor::kNext);
  driver.make_available({kBuffers, 16}, 7, VirtioDescriptor::kIndirect);
  driver.add({{kBuffers, 9}});
  ASSERT_TRUE(queue.next(chain));
  EXPECT_TRUE(chain.is_broken());
  EXPECT_EQ(chain.name.id, 7U);
  EXPECT_EQ(chain.name.places, 2U);
  ASSERT_TRUE(queue.next(chain));
  EXPECT_EQ(chain.readable_size(), 9U);
}

TEST_F(PackedVirtioQueueTest, GoesOnWhereAnotherHasStopped) {
  for (int i = 0; i < 7; ++i) {
    driver.add({{kBuffers, 1}});
    ASSERT_TRUE(queue.next(chain));
    queue.complete(chain.name, 0);
    queue.publish();
    ASSERT_TRUE(driver.take_used());
  }
  const auto position = queue.position();
  EXPECT_EQ(position.index, 2U);
  EXPECT_FALSE(position.wrap);
  PackedVirtioQueue another(memory, driver.areas(), true, position);
  driver.add({{kBuffers, 5}});
  ASSERT_TRUE(another.next(chain));
  another.complete(chain.name, 0);
  another.publish();
  EXPECT_TRUE(driver.take_used());
}

TEST_F(PackedVirtioQueueTest, RingThatIsNewHasNotGoneAround) {
  EXPECT_FALSE(PackedVirtioQueue::has_gone_around(driver.areas()));
  driver.add({{kBuffers, 1}});
  EXPECT_FALSE(PackedVirtioQueue::has_gone_around(driver.areas()));
  ASSERT_TRUE(queue.next(chain));
  queue.complete(chain.name, 0);
  queue.publish();
  EXPECT_TRUE(PackedVirtioQueue::has_gone_around(driver.areas()));
  ASSERT_TRUE(driver.take_used());
  for (int i = 0; i < kSize; ++i) driver.add({{kBuffers, 1}});
  EXPECT_TRUE(PackedVirtioQueue::has_gone_around(driver.areas()));
}

TEST_F(PackedVirtioQueueTest, AreasMustBeThereAndAligned) {
  auto areas = driver.areas();
  EXPECT_TRUE(PackedVirtioQueue::accepts(areas));
  areas.size = 0;
  EXPECT_FALSE(PackedVirtioQueue::accepts(areas));
  areas = driver.areas();
  areas.device = areas.device.first(3);
  EXPECT_FALSE(PackedVirtioQueue::accepts(areas));
  areas = driver.areas();
  areas.descriptors = memory.view(kRing + 4, areas.descriptors.size());
  EXPECT_FALSE(PackedVirtioQueue::accepts(areas));
}

}  // namespace
}  // namespace sluice
