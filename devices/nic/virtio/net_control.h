// The queue by which a driver commands a virtio network device (virtio 1.2, section 5.1.6.5).
//
// A command is two bytes and its data, and is answered by one. Those about what is to be received
// set the device's filter; each is known only with its feature. Several pairs of queues may be
// asked for, and are looked at anyway. What is longer or shorter than its command, or holds what
// the command does not know, is refused and changes nothing.

#ifndef SLUICE_DEVICES_NIC_VIRTIO_NET_CONTROL_H_
#define SLUICE_DEVICES_NIC_VIRTIO_NET_CONTROL_H_

#include <cstdint>

#include "devices/nic/virtio/chain_reader.h"
#include "devices/nic/virtio/net_filter.h"
#include "devices/nic/virtio/queue.h"

namespace sluice {

class VirtioNetControl {
 public:
  // `memory` and `filter` outlive it.
  VirtioNetControl(SharedMemory& memory, std::uint16_t pairs, VirtioNetFilter& filter)
      : memory_(memory), pairs_(pairs), filter_(filter) {}

  // Answers the commands that wait, at most kMost, of a driver with these features. False if there
  // are no more.
  bool answer(VirtioQueue& queue, std::uint64_t features);

  static constexpr unsigned kMost = 16;

 private:
  bool obey(VirtioChainReader command, std::uint64_t features);
  bool set_mode(std::uint8_t number, VirtioChainReader& data);
  bool set_tables(VirtioChainReader& data);
  bool set_station(VirtioChainReader& data);
  bool set_vlan(std::uint8_t number, VirtioChainReader& data);

  SharedMemory& memory_;
  const std::uint16_t pairs_;
  VirtioNetFilter& filter_;
  VirtioChain chain_;
};

}  // namespace sluice

#endif  // SLUICE_DEVICES_NIC_VIRTIO_NET_CONTROL_H_
