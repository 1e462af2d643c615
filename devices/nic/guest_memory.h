// A guest's memory as a device sees it: by DMA, at the addresses that the guest's driver writes
// into registers and descriptors, which may be any.

#ifndef SLUICE_DEVICES_NIC_GUEST_MEMORY_H_
#define SLUICE_DEVICES_NIC_GUEST_MEMORY_H_

#include <cstdint>

#include "stack/bytes.h"

namespace sluice {

class GuestMemory {
 public:
  virtual ~GuestMemory() = default;

  // Copies as many bytes as `into` has from `address` on. False if not all of them are memory that
  // devices may read; then what `into` holds means nothing. The guest may write meanwhile: what is
  // read twice may differ.
  virtual bool read(std::uint64_t address, MutableBytes into) = 0;
  // Copies `bytes` to `address`. False if not all of that is memory that devices may write; then
  // any part of it may have been written.
  virtual bool write(std::uint64_t address, Bytes bytes) = 0;

  // The bytes themselves, where they lie in one piece in this process; empty where they don't, and
  // for devices that may not read them. Valid during the call from outside in which they were asked
  // for. The guest may write meanwhile.
  virtual Bytes view(std::uint64_t address, std::size_t size) = 0;

  // For devices that share memory with their driver: as many of the bytes from `address` on, up to
  // `size`, as lie in one piece in this process and may be read and written; empty if not even the
  // first does. Valid until generation() changes, which it does between calls from outside only.
  virtual MutableBytes window(std::uint64_t /*address*/, std::size_t /*size*/) { return {}; }
  virtual std::uint64_t generation() const { return 0; }
};

}  // namespace sluice

#endif  // SLUICE_DEVICES_NIC_GUEST_MEMORY_H_
