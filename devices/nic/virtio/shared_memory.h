// Memory that a device shares with a guest whose driver runs at the same time.
//
// A virtqueue's fields are the only thing both sides order their accesses by, so they are read and
// written as atomics, each once. All else that the guest may change under the reader's feet is
// copied before it is looked at.

#ifndef SLUICE_DEVICES_NIC_VIRTIO_SHARED_MEMORY_H_
#define SLUICE_DEVICES_NIC_VIRTIO_SHARED_MEMORY_H_

#include <atomic>
#include <concepts>
#include <cstdint>

#include "stack/bytes.h"

namespace sluice {

// The guest's memory as far as it lies in this process.
class SharedMemory {
 public:
  virtual ~SharedMemory() = default;

  // `size` bytes at a guest's address, where they lie in one piece; else, empty. Valid until
  // whoever has the memory says that it changes.
  virtual MutableBytes view(std::uint64_t address, std::size_t size) = 0;
  // As many of the bytes there as lie in one piece, up to `size`; empty if not even the first does.
  virtual MutableBytes prefix(std::uint64_t address, std::size_t size) = 0;
  // The device has written there. Told only while is_watched().
  virtual void on_written(Bytes bytes) = 0;
  // Somebody wants to know what the device writes, as a machine does that is being moved.
  virtual bool is_watched() const = 0;
};

// The integer at `offset`, which is checked, as is that it is aligned.
template <std::unsigned_integral T>
std::atomic_ref<T> shared_word(MutableBytes memory, std::size_t offset) {
  const MutableBytes field = memory.subspan(offset, sizeof(T));
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): what is shared has no type here.
  auto* const word = reinterpret_cast<T*>(field.data());
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast)
  Expects(reinterpret_cast<std::uintptr_t>(word) % sizeof(T) == 0);
  return std::atomic_ref<T>(*word);
}

template <std::unsigned_integral T>
bool is_aligned_for(Bytes memory) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast)
  return reinterpret_cast<std::uintptr_t>(memory.data()) % sizeof(T) == 0;
}

// Copies what the guest may change meanwhile. The copy is what was there at some time, byte by
// byte, and does not change any more: no compiler may read the original again in its place.
inline void snapshot(Bytes from, MutableBytes to) {
  copy_bytes(from, to);
  std::atomic_signal_fence(std::memory_order_seq_cst);
}

}  // namespace sluice

#endif  // SLUICE_DEVICES_NIC_VIRTIO_SHARED_MEMORY_H_
