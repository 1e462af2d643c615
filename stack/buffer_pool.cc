#include "stack/buffer_pool.h"

#include <algorithm>

#include <gsl/assert>

namespace sluice {

BufferPool::Block BufferPool::acquire(std::uint32_t size) {
  Expects(size <= kLargest);
  const auto found = std::lower_bound(kSizes.begin(), kSizes.end(), size);
  if (*found > available()) return {};
  if (*found > kSmallest && available() - *found < reserve()) return {};
  auto& free = free_.at(static_cast<std::size_t>(found - kSizes.begin()));
  Block block{nullptr, *found};
  if (free.empty()) {
    // Not value-initialised: pages that are never written are never touched.
    block.bytes.reset(new std::uint8_t[*found]);
  } else {
    block.bytes = std::move(free.back());
    free.pop_back();
    idle_ -= block.size;
  }
  in_use_ += block.size;
  return block;
}

std::uint32_t BufferPool::share() const {
  constexpr std::size_t kParts = 16;
  const std::size_t beyond_reserve = available() - std::min(available(), reserve());
  const std::size_t part = std::min(available() / kParts, beyond_reserve);
  const auto above = std::upper_bound(kSizes.begin() + 1, kSizes.end(), part);
  return *(above - 1);
}

bool BufferPool::is_excess(std::uint32_t size) const {
  // One step above is tolerated while there is plenty: what is given back raises the share again.
  return size > (is_scarce() ? 1 : 4) * share();
}

void BufferPool::release(Block block) {
  if (!block.bytes) return;
  in_use_ -= block.size;
  if (idle_ + block.size > kKept) return;
  const auto found = std::lower_bound(kSizes.begin(), kSizes.end(), block.size);
  free_.at(static_cast<std::size_t>(found - kSizes.begin())).push_back(std::move(block.bytes));
  idle_ += block.size;
}

}  // namespace sluice
