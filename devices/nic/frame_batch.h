// The frames that a card has read from its guest's memory, until the network takes them.

#ifndef SLUICE_DEVICES_NIC_FRAME_BATCH_H_
#define SLUICE_DEVICES_NIC_FRAME_BATCH_H_

#include <array>
#include <memory>

#include "stack/frame.h"
#include "stack/link.h"

namespace sluice {

class FrameBatch {
 public:
  static constexpr std::size_t kMaxFrames = 64;

  FrameBatch();

  // Whether one more of the largest frames has room.
  bool has_room() const {
    return taken_ || (count_ < kMaxFrames && used_ + Link::kMaxReserve <= kSize);
  }
  // Room for one more frame, of Link::kMaxReserve bytes, to be filled and then committed.
  MutableBytes room();
  // The first `size` bytes of the room are a frame, or what `rest` follows elsewhere.
  void commit(std::size_t size, const Offload& offload, gsl::span<const Bytes> rest = {});

  // All of them. They stay until the next room(), which then begins anew.
  gsl::span<const Frame> take();

 private:
  // Half of a usual second-level cache, and room for what is being filled.
  static constexpr std::size_t kSize = std::size_t{512} << 10;

  std::unique_ptr<std::uint8_t[]> bytes_;
  std::array<Frame, kMaxFrames> frames_;
  std::size_t used_ = 0;
  std::size_t count_ = 0;
  bool taken_ = false;
};

}  // namespace sluice

#endif  // SLUICE_DEVICES_NIC_FRAME_BATCH_H_
