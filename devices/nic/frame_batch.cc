#include "devices/nic/frame_batch.h"

#include <utility>

#include <gsl/assert>

namespace sluice {

// Not initialised: a page is the kernel's until a frame reaches into it.
FrameBatch::FrameBatch() : bytes_(new std::uint8_t[kSize]) {}

MutableBytes FrameBatch::room() {
  if (std::exchange(taken_, false)) count_ = used_ = 0;
  Expects(has_room());
  return MutableBytes(bytes_.get(), kSize).subspan(used_, Link::kMaxReserve);
}

void FrameBatch::commit(std::size_t size, const Offload& offload, gsl::span<const Bytes> rest) {
  Expects(has_room() && size <= Link::kMaxReserve);
  frames_.at(count_++) = {Bytes(bytes_.get(), kSize).subspan(used_, size), offload, rest};
  used_ += size;
}

gsl::span<const Frame> FrameBatch::take() {
  const std::size_t count = std::exchange(taken_, true) ? 0 : count_;
  return gsl::span<const Frame>(frames_).first(count);
}

}  // namespace sluice
