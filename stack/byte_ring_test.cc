#include "stack/byte_ring.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <deque>
#include <numeric>
#include <vector>

namespace sluice {
namespace {

std::vector<std::uint8_t> counting(std::size_t count, std::uint8_t from) {
  std::vector<std::uint8_t> bytes(count);
  std::iota(bytes.begin(), bytes.end(), from);
  return bytes;
}

std::vector<std::uint8_t> content(const ByteRing& ring) {
  std::vector<std::uint8_t> bytes;
  for (const Bytes piece : ring.pieces(0, ring.size())) {
    bytes.insert(bytes.end(), piece.begin(), piece.end());
  }
  return bytes;
}

TEST(BufferPool, NothingIsHandedOutBeyondTheLimit) {
  BufferPool pool(std::size_t{3} * BufferPool::kSmallest);
  auto first = pool.acquire(1);
  auto second = pool.acquire(BufferPool::kSmallest);
  EXPECT_TRUE(first.bytes && second.bytes);
  EXPECT_FALSE(pool.acquire(BufferPool::kSmallest + 1).bytes);
  auto third = pool.acquire(1);
  EXPECT_TRUE(third.bytes);
  EXPECT_FALSE(pool.acquire(1).bytes);
  pool.release(std::move(second));
  EXPECT_TRUE(pool.acquire(1).bytes);
}

TEST(BufferPool, ThereIsSomethingLeftForOneMore) {
  BufferPool pool(std::size_t{64} << 20);
  std::vector<BufferPool::Block> blocks;
  // Everybody takes their share and keeps it.
  while (blocks.size() < 80) blocks.push_back(pool.acquire(pool.share()));
  blocks.push_back(pool.acquire(BufferPool::kSmallest));
  EXPECT_TRUE(blocks.back().bytes);
  // Those who came first are asked to give back, the last are not.
  EXPECT_TRUE(pool.is_excess(blocks.front().size));
  EXPECT_FALSE(pool.is_excess(blocks.back().size));
  for (BufferPool::Block& block : blocks) pool.release(std::move(block));
  EXPECT_EQ(pool.share(), BufferPool::kLargest);
}

TEST(BufferPool, TheLastOfItIsForSmallestBlocks) {
  constexpr std::size_t kBlocks = 64;
  BufferPool pool(kBlocks * BufferPool::kSmallest);
  std::vector<BufferPool::Block> blocks;
  for (;;) {
    BufferPool::Block block = pool.acquire(4 * BufferPool::kSmallest);
    if (!block.bytes) break;
    blocks.push_back(std::move(block));
  }
  EXPECT_EQ(pool.available(), kBlocks / 16 * BufferPool::kSmallest);
  EXPECT_EQ(pool.share(), BufferPool::kSmallest);
  for (std::size_t i = 0; i < kBlocks / 16; ++i) {
    blocks.push_back(pool.acquire(BufferPool::kSmallest));
    EXPECT_TRUE(blocks.back().bytes);
  }
  EXPECT_FALSE(pool.acquire(BufferPool::kSmallest).bytes);
}

TEST(ByteRing, ShrinksToWhatItHoldsAndNoFurther) {
  BufferPool pool(std::size_t{8} << 20);
  ByteRing ring(pool);
  ASSERT_TRUE(ring.grow(BufferPool::kLargest));
  const auto bytes = counting(20000, 3);
  ring.append(bytes);
  ring.shrink(BufferPool::kSmallest);
  EXPECT_EQ(ring.capacity(), BufferPool::kLargest) << "it would not fit";
  ring.consume(15000);
  ring.shrink(BufferPool::kSmallest);
  EXPECT_EQ(ring.capacity(), BufferPool::kSmallest);
  EXPECT_EQ(content(ring), std::vector<std::uint8_t>(bytes.begin() + 15000, bytes.end()));
  EXPECT_EQ(pool.in_use(), BufferPool::kSmallest);
}

TEST(ByteRing, WithoutMemoryItTakesNothing) {
  BufferPool pool(0);
  ByteRing ring(pool);
  EXPECT_FALSE(ring.grow(1));
  EXPECT_EQ(ring.append(counting(10, 0)), 0U);
  EXPECT_FALSE(ring.put_aside(0, Bytes(counting(1, 0))));
  EXPECT_EQ(ring.room(10)[0].size(), 0U);
}

TEST(ByteRing, GrowingKeepsWhatWasPutAside) {
  BufferPool pool(10U << 20);
  ByteRing ring(pool);
  ASSERT_TRUE(ring.grow(1));
  ring.append(counting(ring.capacity() - 10, 0));
  ring.consume(ring.size());
  ring.append(counting(5, 1));
  ASSERT_TRUE(ring.put_aside(3, Bytes(counting(20, 100))));
  ASSERT_TRUE(ring.grow(ring.capacity() + 1));
  ring.append(counting(3, 6));
  ring.commit(20);
  auto expected = counting(8, 1);
  const auto aside = counting(20, 100);
  expected.insert(expected.end(), aside.begin(), aside.end());
  EXPECT_EQ(content(ring), expected);
}

RC_GTEST_PROP(ByteRing, BehavesAsAQueue, ()) {
  BufferPool pool(1U << 20);
  ByteRing ring(pool);
  std::deque<std::uint8_t> model;
  std::uint8_t next = 0;
  const auto steps = *rc::gen::container<std::vector<std::pair<int, std::uint16_t>>>(
      rc::gen::pair(rc::gen::inRange(0, 4), rc::gen::arbitrary<std::uint16_t>()));
  for (const auto& [kind, amount] : steps) {
    if (kind == 0) ring.grow(amount);
    if (kind == 1) {
      const auto bytes = counting(amount, next);
      const std::uint32_t taken = ring.append(bytes);
      model.insert(model.end(), bytes.begin(), bytes.begin() + taken);
      next = static_cast<std::uint8_t>(next + taken);
    }
    if (kind == 2) {
      const std::uint32_t count = std::min<std::uint32_t>(amount, ring.size());
      ring.consume(count);
      model.erase(model.begin(), model.begin() + count);
    }
    if (kind == 3) {
      for (const MutableBytes piece : ring.room(amount)) {
        for (std::uint8_t& byte : piece) {
          byte = next++;
          model.push_back(byte);
        }
        ring.commit(static_cast<std::uint32_t>(piece.size()));
      }
    }
    const auto bytes = content(ring);
    RC_ASSERT(std::equal(bytes.begin(), bytes.end(), model.begin(), model.end()));
  }
}

}  // namespace
}  // namespace sluice
