// Tables of descriptors that lie outside of a ring (virtio 1.2, sections 2.7.5.3 and 2.8.7).

#ifndef SLUICE_DEVICES_NIC_VIRTIO_INDIRECT_H_
#define SLUICE_DEVICES_NIC_VIRTIO_INDIRECT_H_

#include "devices/nic/virtio/chain.h"

namespace sluice {

enum class TableForm : std::uint8_t {
  kLinked,  // of split rings: each names the next
  kRow,     // of packed rings: all of them, one behind the other
};

// Adds what a table holds that `table` names, or makes the chain a broken one.
void add_table(VirtioChain& chain, SharedMemory& memory, const VirtioDescriptor& table,
               TableForm form);

}  // namespace sluice

#endif  // SLUICE_DEVICES_NIC_VIRTIO_INDIRECT_H_
