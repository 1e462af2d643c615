// How a virtio network device takes frames from its driver (virtio 1.2, section 5.1.6.2).
//
// Each chain is a header and a frame, in whatever pieces.

#ifndef SLUICE_DEVICES_NIC_VIRTIO_NET_TRANSMIT_H_
#define SLUICE_DEVICES_NIC_VIRTIO_NET_TRANSMIT_H_

#include "devices/nic/frame_batch.h"
#include "devices/nic/virtio_queue.h"
#include "stack/counters.h"

namespace sluice {

class VirtioNetTransmitter {
 public:
  static constexpr unsigned kMaxChains = 256;

  explicit VirtioNetTransmitter(Counters& counters) : counters_(counters) {}

  // Takes what there is and has room, at most kMaxChains, behind headers of `header_size` bytes.
  // What is no frame is dropped and counted. False if the queue had no more.
  bool take_from(VirtioQueue& queue, std::size_t header_size);
  // The frames that have been taken. They stay until the next take_from().
  gsl::span<const Frame> frames() { return batch_.take(); }

 private:
  void take(const VirtioChain& chain, std::size_t header_size);

  Counters& counters_;
  FrameBatch batch_;
  VirtioChain chain_;
};

}  // namespace sluice

#endif  // SLUICE_DEVICES_NIC_VIRTIO_NET_TRANSMIT_H_
