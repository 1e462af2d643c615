#include "tests/sim/keeping_link.h"

#include <algorithm>
#include <utility>

#include <gsl/assert>

namespace sluice {

MutableBytes KeepingLink::reserve(std::size_t size) {
  Expects(size <= kMaxReserve);
  room_.assign(size, 0xee);
  return room_;
}

void KeepingLink::commit(std::size_t size, gsl::span<const Bytes> payload, const Offload& offload) {
  Expects(size <= room_.size() && payload.size() <= kMaxPieces);
  room_.resize(size);
  committed_.push_back({std::exchange(room_, {}), {payload.begin(), payload.end()}, offload});
  most_ = std::max(most_, kept());
}

void KeepingLink::flush() {
  for (Committed& committed : committed_) {
    Octets frame = std::move(committed.header);
    for (const Bytes piece : committed.payload) {
      frame.insert(frame.end(), piece.begin(), piece.end());
    }
    flushed_.push_back({std::move(frame), committed.offload});
  }
  committed_.clear();
}

std::vector<KeepingLink::Kept> KeepingLink::take() {
  return std::exchange(flushed_, {});
}

}  // namespace sluice
