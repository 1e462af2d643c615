// Reads what a virtio driver has put into a chain for the device, from its beginning on, wherever
// one buffer ends and the next begins. Each byte is read once, since the driver may change it
// meanwhile.

#ifndef SLUICE_DEVICES_NIC_VIRTIO_CHAIN_READER_H_
#define SLUICE_DEVICES_NIC_VIRTIO_CHAIN_READER_H_

#include <algorithm>
#include <array>
#include <concepts>
#include <cstdint>
#include <optional>

#include "devices/nic/little_endian.h"
#include "devices/nic/virtio/chain.h"
#include "devices/nic/virtio/shared_memory.h"

namespace sluice {

class VirtioChainReader {
 public:
  // `chain` stays as it is meanwhile.
  explicit VirtioChainReader(const VirtioChain& chain)
      : pieces_(chain.readable()), left_(chain.readable_size()) {}

  std::size_t left() const { return left_; }

  // The next of what there is; nothing, and nothing is read, if too little is left.
  template <std::size_t size>
  std::optional<std::array<std::uint8_t, size>> read() {
    std::array<std::uint8_t, size> bytes{};
    MutableBytes room(bytes);
    const bool there = advance(size, [&room](Bytes part) {
      snapshot(part, room);
      room = room.subspan(part.size());
    });
    return there ? std::optional(bytes) : std::nullopt;
  }
  template <std::unsigned_integral T>
  std::optional<T> read_number() {
    const auto bytes = read<sizeof(T)>();
    return bytes ? std::optional(load_little<T>(*bytes, 0)) : std::nullopt;
  }
  // False if so much is not left.
  bool skip(std::uint64_t size) {
    return advance(size, [](Bytes) {});
  }

 private:
  template <typename Visit>
  bool advance(std::uint64_t size, Visit visit) {
    if (size > left_) return false;
    left_ -= size;
    while (size != 0) {
      const Bytes piece = pieces_.front().subspan(used_);
      const Bytes part = piece.first(std::min<std::size_t>(piece.size(), size));
      visit(part);
      size -= part.size();
      used_ += part.size();
      if (part.size() == piece.size()) {
        pieces_ = pieces_.subspan(1);
        used_ = 0;
      }
    }
    return true;
  }

  gsl::span<const MutableBytes> pieces_;
  std::size_t used_ = 0;  // of the first
  std::size_t left_;
};

}  // namespace sluice

#endif  // SLUICE_DEVICES_NIC_VIRTIO_CHAIN_READER_H_
