// How a virtio network device hands frames to its driver (virtio 1.2, section 5.1.6.4).
//
// A frame goes, behind its header, into the buffers that the driver has left, straight from where
// its pieces lie: into one chain, or into as many as it takes where the driver merges them. All or
// nothing: a frame that finds too few is not begun.

#ifndef SLUICE_DEVICES_NIC_VIRTIO_NET_RECEIVE_H_
#define SLUICE_DEVICES_NIC_VIRTIO_NET_RECEIVE_H_

#include <cstdint>
#include <vector>

#include "devices/nic/virtio/queue.h"
#include "stack/frame.h"

namespace sluice {

// The header in front of each frame: the tap's, and of how many buffers the frame has been made.
// Without version 1 and mergeable buffers it has no such number.
inline constexpr std::size_t kVirtioNetHeader = 12;
inline constexpr std::size_t kLegacyVirtioNetHeader = 10;

class VirtioNetReceiver {
 public:
  struct Form {
    std::size_t header_size = kLegacyVirtioNetHeader;
    bool mergeable = false;
  };

  explicit VirtioNetReceiver(SharedMemory& memory) : memory_(memory) {}

  // Another queue, of which nothing is known.
  void reset();
  // Whether the queue has room for one of the largest frames and some that are small, as far as can
  // be told from the buffers that were used last. When it had not, it has only when there is room
  // for a few of them, so that nobody is woken for each. A small queue has when there is part of
  // what it ever had.
  bool has_room(VirtioQueue& queue);
  // How many more buffers it takes to have room. For who has just heard that there is none.
  std::uint16_t wanted(VirtioQueue& queue) const;
  // Puts a frame, as Link::commit() gets it, into the queue; the driver sees it when the queue is
  // published. False: there is no room for it.
  bool put(VirtioQueue& queue, Form form, Bytes head, gsl::span<const Bytes> payload,
           const Offload& offload);

 private:
  struct Taken {
    VirtioChain::Name name;
    std::uint32_t size;
  };

  // So many bytes are room.
  std::size_t enough() const;
  // Takes chains for `size` bytes; false, with everything as it was, if there are too few.
  bool gather(VirtioQueue& queue, bool mergeable, std::size_t size);
  void copy(Bytes bytes);

  SharedMemory& memory_;
  VirtioChain chain_;
  std::vector<MutableBytes> pieces_;  // of the chains taken for one frame
  std::vector<Taken> taken_;
  // Drivers use no smaller ones where they merge them.
  std::size_t usual_buffer_ = 1526;
  std::size_t most_room_ = 0;
  bool full_ = false;
  std::size_t piece_ = 0;  // to be filled next, and how far it has been
  std::size_t filled_ = 0;
};

}  // namespace sluice

#endif  // SLUICE_DEVICES_NIC_VIRTIO_NET_RECEIVE_H_
