// The queue by which a driver commands a virtio network device (virtio 1.2, section 5.1.6.5).
//
// A command is two bytes and its data, and is answered by one. What the device is to receive is
// acknowledged and makes no difference: every frame that comes this way is for this guest. Several
// pairs of queues may be asked for, and are looked at anyway.

#ifndef SLUICE_DEVICES_NIC_VIRTIO_NET_CONTROL_H_
#define SLUICE_DEVICES_NIC_VIRTIO_NET_CONTROL_H_

#include <cstdint>

#include "devices/nic/virtio/queue.h"

namespace sluice {

class VirtioNetControl {
 public:
  VirtioNetControl(SharedMemory& memory, std::uint16_t pairs) : memory_(memory), pairs_(pairs) {}

  // Answers the commands that wait, at most kMost. False if there are no more.
  bool answer(VirtioQueue& queue);

  static constexpr unsigned kMost = 16;

 private:
  bool obey(Bytes command) const;

  SharedMemory& memory_;
  const std::uint16_t pairs_;
  VirtioChain chain_;
};

}  // namespace sluice

#endif  // SLUICE_DEVICES_NIC_VIRTIO_NET_CONTROL_H_
