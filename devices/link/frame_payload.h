// What follows the headers of a frame from one link, as the next one's commit() takes it.

#ifndef SLUICE_DEVICES_LINK_FRAME_PAYLOAD_H_
#define SLUICE_DEVICES_LINK_FRAME_PAYLOAD_H_

#include <algorithm>
#include <array>
#include <cstddef>

#include "stack/link.h"

namespace sluice {

// A view of the frame's bytes, which stay the link's that it came by.
class FramePayload {
 public:
  // All behind the first `head` bytes, which lie in frame.bytes.
  FramePayload(const Frame& frame, std::size_t head)
      : pieces_{frame.bytes.subspan(head)}, count_(1 + frame.rest.size()) {
    std::copy(frame.rest.begin(), frame.rest.end(), pieces_.begin() + 1);
  }
  gsl::span<const Bytes> pieces() const { return gsl::span<const Bytes>(pieces_).first(count_); }

 private:
  std::array<Bytes, Link::kMaxPieces> pieces_;
  std::size_t count_;
};

}  // namespace sluice

#endif  // SLUICE_DEVICES_LINK_FRAME_PAYLOAD_H_
