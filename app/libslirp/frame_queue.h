// Frames that wait, one behind the other in one piece of memory, which is kept for the next ones.

#ifndef SLUICE_APP_LIBSLIRP_FRAME_QUEUE_H_
#define SLUICE_APP_LIBSLIRP_FRAME_QUEUE_H_

#include <algorithm>
#include <cstddef>
#include <vector>

#include "stack/bytes.h"

namespace sluice {

class FrameQueue {
 public:
  bool empty() const { return ends_.empty(); }
  std::size_t size() const { return ends_.size(); }
  std::size_t bytes() const { return ends_.empty() ? 0 : ends_.back(); }

  void push(Bytes frame) {
    const std::size_t begin = bytes();
    const std::size_t end = begin + frame.size();
    if (end > memory_.size()) memory_.resize(std::max(end, 2 * memory_.size()));
    copy_bytes(frame, MutableBytes(memory_).subspan(begin));
    ends_.push_back(end);
  }
  void clear() { ends_.clear(); }
  // Valid until push() or clear().
  Bytes operator[](std::size_t index) const {
    const std::size_t begin = index == 0 ? 0 : ends_[index - 1];
    return Bytes(memory_).subspan(begin, ends_[index] - begin);
  }

 private:
  std::vector<std::uint8_t> memory_;
  std::vector<std::size_t> ends_;  // of each frame
};

}  // namespace sluice

#endif  // SLUICE_APP_LIBSLIRP_FRAME_QUEUE_H_
