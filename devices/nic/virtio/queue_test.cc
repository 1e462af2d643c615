#include "devices/nic/virtio/queue.h"

#include <gtest/gtest.h>

#include <memory>

#include "devices/nic/virtio/test_driver.h"

namespace sluice {
namespace {

constexpr std::uint16_t kSize = 8;
constexpr std::uint64_t kRing = TestSharedMemory::kBase;
constexpr std::uint64_t kBuffers = kRing + 0x1000;

// What holds for each form of a queue.
struct Form {
  bool packed;
  bool event_index;
};

struct VirtioQueueTest : testing::TestWithParam<Form> {
  VirtioQueueTest() {
    const auto [packed, event_index] = GetParam();
    if (packed) {
      driver = std::make_unique<PackedTestDriver>(memory, kRing, kSize, event_index);
      queue = std::make_unique<PackedVirtioQueue>(memory, driver->areas(), event_index,
                                                  VirtioQueue::Position{});
    } else {
      driver = std::make_unique<SplitTestDriver>(memory, kRing, kSize, event_index);
      queue = std::make_unique<SplitVirtioQueue>(memory, driver->areas(), event_index, 0);
    }
    driver->set_interrupts(true);
  }

  TestSharedMemory memory{std::size_t{1} << 20, 0x8000};
  std::unique_ptr<TestDriver> driver;
  std::unique_ptr<VirtioQueue> queue;
  VirtioChain chain;

  void expect_broken_chain() {
    ASSERT_TRUE(queue->next(chain));
    EXPECT_TRUE(chain.is_broken());
    EXPECT_TRUE(chain.readable().empty());
    EXPECT_TRUE(chain.writable().empty());
    queue->complete(chain.name, 0);
    queue->publish();
    const auto used = driver->take_used();
    ASSERT_TRUE(used);
    EXPECT_EQ(used->length, 0U);
    EXPECT_FALSE(queue->is_broken());
  }
};

INSTANTIATE_TEST_SUITE_P(Forms, VirtioQueueTest,
                         testing::Values(Form{false, false}, Form{false, true}, Form{true, false},
                                         Form{true, true}));

TEST_P(VirtioQueueTest, ChainsComeInTheirOrderWithWhatTheyName) {
  EXPECT_FALSE(queue->next(chain));
  const auto first = driver->add({{kBuffers, 10}, {kBuffers + 64, 20}, {kBuffers + 128, 30, true}});
  const auto second = driver->add({{kBuffers + 256, 40, true}});
  ASSERT_TRUE(queue->next(chain));
  EXPECT_EQ(chain.name.id, first);
  EXPECT_EQ(chain.readable_size(), 30U);
  EXPECT_EQ(chain.writable_size(), 30U);
  ASSERT_EQ(chain.readable().size(), 2U);
  EXPECT_EQ(chain.readable()[1].data(), memory.view(kBuffers + 64, 1).data());
  ASSERT_TRUE(queue->next(chain));
  EXPECT_EQ(chain.name.id, second);
  EXPECT_EQ(chain.readable_size(), 0U);
  EXPECT_FALSE(queue->next(chain));
}

TEST_P(VirtioQueueTest, IndirectTableIsOnePlace) {
  driver->add({{kBuffers, 10}, {kBuffers + 64, 20}, {kBuffers + 128, 30, true}}, kBuffers + 0x4007);
  ASSERT_TRUE(queue->next(chain));
  EXPECT_FALSE(chain.is_broken());
  EXPECT_EQ(chain.readable_size(), 30U);
  EXPECT_EQ(chain.writable_size(), 30U);
}

TEST_P(VirtioQueueTest, BufferAcrossRegionsIsTwoPieces) {
  driver->add({{kRing + 0x8000 - 16, 64}});
  ASSERT_TRUE(queue->next(chain));
  ASSERT_EQ(chain.readable().size(), 2U);
  EXPECT_EQ(chain.readable()[0].size(), 16U);
  EXPECT_EQ(chain.readable()[1].size(), 48U);
}

TEST_P(VirtioQueueTest, CompletedChainsAreSeenWhenPublished) {
  const auto head = driver->add({{kBuffers, 10, true}});
  ASSERT_TRUE(queue->next(chain));
  queue->complete(chain.name, 7);
  EXPECT_FALSE(driver->take_used());
  EXPECT_TRUE(queue->publish());
  const auto used = driver->take_used();
  ASSERT_TRUE(used);
  EXPECT_EQ(used->id, head);
  EXPECT_EQ(used->length, 7U);
  EXPECT_FALSE(queue->publish());
}

TEST_P(VirtioQueueTest, RewoundChainsComeAgain) {
  driver->add({{kBuffers, 10}});
  driver->add({{kBuffers, 20}});
  const auto before = queue->position();
  ASSERT_TRUE(queue->next(chain));
  ASSERT_TRUE(queue->next(chain));
  queue->rewind(before);
  ASSERT_TRUE(queue->next(chain));
  EXPECT_EQ(chain.readable_size(), 10U);
}

TEST_P(VirtioQueueTest, DriverTellsOnlyWhenItIsListenedTo) {
  EXPECT_FALSE(queue->listen(1));
  driver->add({{kBuffers, 1}});
  EXPECT_TRUE(driver->must_notify());
  queue->ignore();
  ASSERT_TRUE(queue->next(chain));
  driver->add({{kBuffers, 2}});
  EXPECT_FALSE(driver->must_notify());
  EXPECT_TRUE(queue->listen(1));
  ASSERT_TRUE(queue->next(chain));
  EXPECT_FALSE(queue->listen(1));
  driver->add({{kBuffers, 3}});
  EXPECT_TRUE(driver->must_notify());
}

TEST_P(VirtioQueueTest, DriverThatWantsNoInterruptGetsNone) {
  driver->set_interrupts(false);
  driver->add({{kBuffers, 1}});
  ASSERT_TRUE(queue->next(chain));
  queue->complete(chain.name, 0);
  EXPECT_FALSE(queue->publish());
  driver->take_used();
  driver->set_interrupts(true);
  driver->add({{kBuffers, 1}});
  ASSERT_TRUE(queue->next(chain));
  queue->complete(chain.name, 0);
  EXPECT_TRUE(queue->publish());
}

TEST_P(VirtioQueueTest, IndexesGoAroundManyTimes) {
  for (int i = 0; i < 70'000; ++i) {
    driver->add({{kBuffers, 1}});
    ASSERT_TRUE(queue->next(chain)) << i;
    queue->complete(chain.name, 0);
    ASSERT_TRUE(queue->publish()) << i;
    ASSERT_TRUE(driver->take_used()) << i;
    driver->set_interrupts(true);
  }
}

TEST_P(VirtioQueueTest, AddressOutsideOfMemoryIsABrokenChain) {
  driver->add({{kBuffers, 10}, {TestSharedMemory::kBase + (1 << 20) - 4, 5}});
  expect_broken_chain();
  driver->add({{~std::uint64_t{0} - 3, 0xffffffff, true}});
  expect_broken_chain();
}

TEST_P(VirtioQueueTest, ReadableBehindWritableIsABrokenChain) {
  driver->add({{kBuffers, 10, true}, {kBuffers, 10, false}});
  expect_broken_chain();
}

TEST_P(VirtioQueueTest, ChainsCompletedTogetherAreSeenTogether) {
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 3; ++i) driver->add({{kBuffers, 8}, {kBuffers + 64, 8, true}});
    for (std::uint32_t i = 0; i < 3; ++i) {
      ASSERT_TRUE(queue->next(chain));
      queue->complete(chain.name, i);
      EXPECT_FALSE(driver->take_used());
    }
    EXPECT_EQ(queue->publish(), round == 0) << "the driver asked for one interrupt";
    if (round == 0) driver->set_interrupts(false);
    for (std::uint32_t i = 0; i < 3; ++i) {
      const auto used = driver->take_used();
      ASSERT_TRUE(used);
      EXPECT_EQ(used->length, i);
    }
  }
}

TEST_P(VirtioQueueTest, DriverTellsWhenThereAreSoManyMore) {
  for (int i = 0; i < 2; ++i) driver->add({{kBuffers, 8}});
  EXPECT_EQ(queue->waiting(), 2U);
  EXPECT_FALSE(queue->listen(3));
  driver->must_notify();
  if (GetParam().event_index) {
    for (int i = 0; i < 2; ++i) driver->add({{kBuffers, 8}});
    EXPECT_FALSE(driver->must_notify());
  }
  for (int i = 0; i < 3; ++i) driver->add({{kBuffers, 8}});
  EXPECT_TRUE(driver->must_notify());
  EXPECT_TRUE(queue->waiting() >= 5U);
}

TEST_P(VirtioQueueTest, QueueThatIsFullCanBeRewound) {
  for (std::uint16_t i = 0; i < kSize; ++i) driver->add({{kBuffers, 1U + i}});
  const auto before = queue->position();
  for (std::uint16_t i = 0; i < kSize; ++i) ASSERT_TRUE(queue->next(chain));
  EXPECT_FALSE(queue->next(chain));
  queue->rewind(before);
  EXPECT_EQ(queue->waiting(), kSize);
  ASSERT_TRUE(queue->next(chain));
  EXPECT_EQ(chain.readable_size(), 1U);
}

}  // namespace
}  // namespace sluice
