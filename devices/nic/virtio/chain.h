// What a virtio driver hands over in one piece: buffers for the device to read, then buffers for it
// to write (virtio 1.2, section 2.6.4).

#ifndef SLUICE_DEVICES_NIC_VIRTIO_CHAIN_H_
#define SLUICE_DEVICES_NIC_VIRTIO_CHAIN_H_

#include <array>
#include <cstdint>

#include "devices/nic/virtio/shared_memory.h"
#include "stack/bytes.h"

namespace sluice {

// A descriptor as a driver writes it, in either kind of ring.
struct VirtioDescriptor {
  std::uint64_t address;
  std::uint32_t length;
  std::uint16_t flags;

  static constexpr std::size_t kSize = 16;
  static constexpr std::uint16_t kNext = 1;
  static constexpr std::uint16_t kWrite = 2;
  static constexpr std::uint16_t kIndirect = 4;
};

// One buffer, or a row of them.
class VirtioChain {
 public:
  // More pieces, and descriptors, than any driver uses: a frame has one per page, and one or two of
  // headers. Longer chains are broken.
  static constexpr std::size_t kMaxPieces = 256;

  gsl::span<const MutableBytes> readable() const { return pieces().first(readable_); }
  gsl::span<const MutableBytes> writable() const { return pieces().subspan(readable_); }
  std::size_t readable_size() const { return readable_size_; }
  std::size_t writable_size() const { return writable_size_; }
  // Something is wrong with it: it has no pieces, and is completed with length 0.
  bool is_broken() const { return broken_; }

  // What the ring calls it by.
  struct Name {
    std::uint16_t id = 0;
    std::uint16_t places = 0;  // that it takes of a packed ring
    std::uint16_t state = 0;   // where it is written down that it is in flight, if it is
  };
  Name name;

  // For rings.
  void clear();
  // Adds what a descriptor names; false, and broken, if that is no memory, out of order or too
  // much.
  bool add(SharedMemory& memory, const VirtioDescriptor& descriptor);
  void set_broken();

 private:
  gsl::span<const MutableBytes> pieces() const {
    return gsl::span<const MutableBytes>(pieces_).first(count_);
  }

  std::array<MutableBytes, kMaxPieces> pieces_;
  std::size_t count_ = 0;
  std::size_t readable_ = 0;
  std::size_t readable_size_ = 0;
  std::size_t writable_size_ = 0;
  bool broken_ = false;
};

}  // namespace sluice

#endif  // SLUICE_DEVICES_NIC_VIRTIO_CHAIN_H_
