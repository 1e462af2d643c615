// Memory for payload in flight, of all flows together, with one limit.
//
// Blocks come in a few sizes and are kept for the next flow when one is done, so steady traffic
// allocates nothing. When the limit is reached, acquire() gives nothing and the flow goes on with
// what it has: a smaller window, a socket read later.
//
// So that it is not reached by those who came first, nobody should hold more than a part of what is
// still free (dynamic thresholds: Choudhury and Hahne, 1998). The more there are, the smaller is
// the part, and there is always something for one more; who holds more than that, because there
// were fewer, is to give it back when it can.

#ifndef SLUICE_STACK_BUFFER_POOL_H_
#define SLUICE_STACK_BUFFER_POOL_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace sluice {

class BufferPool {
 public:
  // `limit` in bytes, of all blocks handed out.
  explicit BufferPool(std::size_t limit) : limit_(limit) {}

  struct Block {
    std::unique_ptr<std::uint8_t[]> bytes;  // null: the limit is reached
    std::uint32_t size = 0;                 // a power of two
  };

  // The smallest block of at least `size` bytes, at most kLargest. What is left when it is scarce
  // is for those who have nothing: only the smallest blocks are made of it.
  Block acquire(std::uint32_t size);
  void release(Block block);

  // The largest block that anybody should have now.
  std::uint32_t share() const;
  // So little is left that only what can't wait may have it.
  bool is_scarce() const { return available() < reserve(); }
  // Whether a block of this size is to be exchanged for one of share() when its content fits.
  bool is_excess(std::uint32_t size) const;

  std::size_t in_use() const { return in_use_; }
  std::size_t available() const { return limit_ - in_use_; }

  static constexpr std::uint32_t kSmallest = 16U << 10;
  static constexpr std::uint32_t kLargest = 4U << 20;

 private:
  static constexpr std::array<std::uint32_t, 5> kSizes = {kSmallest, 64U << 10, 256U << 10,
                                                          1U << 20, kLargest};
  static constexpr std::size_t kKept = 8U << 20;  // bytes of idle blocks

  std::size_t reserve() const { return limit_ / 16; }

  std::size_t limit_;
  std::size_t in_use_ = 0;
  std::size_t idle_ = 0;
  std::array<std::vector<std::unique_ptr<std::uint8_t[]>>, kSizes.size()> free_;
};

}  // namespace sluice

#endif  // SLUICE_STACK_BUFFER_POOL_H_
