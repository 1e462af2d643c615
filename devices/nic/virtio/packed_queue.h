// A packed virtqueue (virtio 1.2, section 2.8).
//
//   descriptors   16 bytes each: address(8) length(4) id(2) flags(2)
//   driver        when the driver wants to be interrupted: place(2) flags(2)
//   device        when the device wants to be told: the same
//
// Driver and device go around one ring. Two bits of a descriptor's flags say whose it is, and what
// they mean turns around with each time around. Here places are counted on and on instead, from
// which both the index and the bits follow.
//
// Of what is completed together the first is marked last, for the driver looks at them in their
// order: so it sees all of them or none.

#ifndef SLUICE_DEVICES_NIC_VIRTIO_PACKED_QUEUE_H_
#define SLUICE_DEVICES_NIC_VIRTIO_PACKED_QUEUE_H_

#include <cstdint>
#include <memory>

#include "devices/nic/virtio/inflight.h"
#include "devices/nic/virtio/queue.h"

namespace sluice {

class PackedVirtioQueue final : public VirtioQueue {
 public:
  static constexpr std::uint16_t kMaxSize = 32768;

  // Bytes of the areas of a ring with `size` places.
  static constexpr std::size_t descriptors_size(std::size_t size) {
    return VirtioDescriptor::kSize * size;
  }
  static constexpr std::size_t kEventSize = 4;
  // Whether the areas are as large as that, and aligned.
  static bool accepts(const Areas& areas);

  // Whether a device has ever given back the first place, or the driver has gone on from there: not
  // in a ring that has just been made. `areas` are accepted.
  static bool has_gone_around(const Areas& areas);

  // `areas` are accepted, and `next` is in them; `memory` outlives it.
  PackedVirtioQueue(SharedMemory& memory, const Areas& areas, bool event_index, Position next);
  // As that; what is taken is written down. Goes on at what has not been given back.
  PackedVirtioQueue(SharedMemory& memory, const Areas& areas, bool event_index,
                    std::unique_ptr<PackedInflight> inflight);

  bool next(VirtioChain& chain) override;
  Position position() const override { return position_of(next_); }
  void rewind(Position position) override;
  void complete(VirtioChain::Name chain, std::uint32_t length) override;
  bool publish() override;
  std::uint16_t waiting() override;
  bool listen(std::uint16_t more) override;
  void ignore() override;
  bool is_broken() const override { return broken_; }

 private:
  using Place = std::uint64_t;

  std::size_t offset_of(Place place) const {
    return VirtioDescriptor::kSize * (place % areas_.size);
  }
  bool wrap_of(Place place) const { return place / areas_.size % 2 == 0; }
  Position position_of(Place place) const {
    return {.index = static_cast<std::uint16_t>(place % areas_.size), .wrap = wrap_of(place)};
  }
  bool is_available(Place place) const;
  PackedInflight::Named read(Place place) const;
  // Looks how far the driver is.
  void look();
  void set_event(std::uint16_t place, std::uint16_t flags);
  void tell_written(MutableBytes area, std::size_t offset, std::size_t size);

  SharedMemory& memory_;
  const Areas areas_;
  const bool event_index_;
  Place next_;       // to be taken next
  Place seen_;       // before it everything from next_ on was available when it was looked at
  Place used_;       // to be given back next
  Place published_;  // before it the driver can see what has been given back
  std::uint16_t first_flags_ = 0;  // of the place published_, if anything has been completed
  bool broken_ = false;
  std::unique_ptr<PackedInflight> inflight_;  // null if nobody wants to know
};

}  // namespace sluice

#endif  // SLUICE_DEVICES_NIC_VIRTIO_PACKED_QUEUE_H_
