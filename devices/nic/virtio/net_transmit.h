// How a virtio network device takes frames from its driver (virtio 1.2, section 5.1.6.2).
//
// Each chain is a header and a frame, in whatever pieces. The frame's headers are copied before
// they are looked at; what follows them may stay in the driver's buffers, which are the device's
// until the frame has been used.

#ifndef SLUICE_DEVICES_NIC_VIRTIO_NET_TRANSMIT_H_
#define SLUICE_DEVICES_NIC_VIRTIO_NET_TRANSMIT_H_

#include <vector>

#include "devices/nic/frame_batch.h"
#include "devices/nic/virtio/queue.h"
#include "stack/counters.h"

namespace sluice {

class VirtioNetTransmitter {
 public:
  static constexpr unsigned kMaxChains = 256;

  using Names = std::vector<VirtioChain::Name>;

  // With `in_place`, payload stays where the driver has it.
  VirtioNetTransmitter(bool in_place, Counters& counters);

  // Forgets the frames that have been taken.
  void begin();
  // Takes what there is and has room, at most kMaxChains, behind headers of `header_size` bytes.
  // What is no frame is dropped and counted. False if the queue had no more. What has been taken is
  // to be completed, in this order, when the frames have been used; its names come to `taken`.
  bool take_from(VirtioQueue& queue, std::size_t header_size, Names& taken);
  // The frames that have been taken since begin().
  gsl::span<const Frame> frames() { return batch_.take(); }

 private:
  // What is taken before any of it is given back: enough to be worth a turn, and little enough that
  // the driver has buffers left to go on with.
  static constexpr std::size_t kMost = std::size_t{512} << 10;

  void take(const VirtioChain& chain, std::size_t header_size);
  // Fills `into` with what lies `skipped` bytes behind the beginning of the chain; what follows
  // that comes to rests_, as it lies.
  void copy(const VirtioChain& chain, std::size_t skipped, MutableBytes into);
  bool has_room() const { return batch_.has_room() && bytes_ < kMost; }

  const bool in_place_;
  Counters& counters_;
  FrameBatch batch_;
  std::size_t bytes_ = 0;
  std::vector<Bytes> rests_;  // of the frames in the batch; it never grows beyond its capacity
  VirtioChain chain_;
};

}  // namespace sluice

#endif  // SLUICE_DEVICES_NIC_VIRTIO_NET_TRANSMIT_H_
