// A split virtqueue (virtio 1.2, section 2.7), with the event index if that was negotiated.
//
//   descriptors   16 bytes each: address(8) length(4) flags(2) next(2)
//   driver        flags(2) index(2) head(2) for each place, used_event(2)
//   device        flags(2) index(2) {id(4) length(4)} for each place, avail_event(2)

#ifndef SLUICE_DEVICES_NIC_VIRTIO_SPLIT_QUEUE_H_
#define SLUICE_DEVICES_NIC_VIRTIO_SPLIT_QUEUE_H_

#include <array>
#include <cstdint>
#include <memory>

#include "devices/nic/virtio/inflight.h"
#include "devices/nic/virtio/queue.h"

namespace sluice {

class SplitVirtioQueue final : public VirtioQueue {
 public:
  static constexpr std::uint16_t kMaxSize = 32768;

  // Bytes of the areas of a ring with `size` places.
  static constexpr std::size_t descriptors_size(std::size_t size) {
    return VirtioDescriptor::kSize * size;
  }
  static constexpr std::size_t driver_size(std::size_t size, bool event_index) {
    return 4 + 2 * size + (event_index ? 2 : 0);
  }
  static constexpr std::size_t device_size(std::size_t size, bool event_index) {
    return 4 + 8 * size + (event_index ? 2 : 0);
  }
  // Whether the areas are as large as that, aligned, and the size is a power of two.
  static bool accepts(const Areas& areas, bool event_index);

  // `areas` are accepted; `memory` outlives it. Goes on at `next`, which whoever had the ring
  // before has told, or 0.
  SplitVirtioQueue(SharedMemory& memory, const Areas& areas, bool event_index, std::uint16_t next);
  // As that; what is taken is written down. Goes on at what has not been given back.
  SplitVirtioQueue(SharedMemory& memory, const Areas& areas, bool event_index,
                   std::unique_ptr<SplitInflight> inflight);
  // The index of the device's area, from which what is in flight is counted.
  static std::uint16_t used_index(const Areas& areas);

  bool next(VirtioChain& chain) override;
  Position position() const override { return {.index = next_}; }
  void rewind(Position position) override;
  void complete(VirtioChain::Name chain, std::uint32_t length) override;
  bool publish() override;
  std::uint16_t waiting() override;
  bool listen(std::uint16_t more) override;
  void ignore() override;
  bool is_broken() const override { return broken_; }

 private:
  std::uint16_t mask() const { return static_cast<std::uint16_t>(areas_.size - 1); }
  // Looks how far the driver is.
  void look();
  void walk(VirtioChain& chain, std::uint16_t head);

  SharedMemory& memory_;
  const Areas areas_;
  const bool event_index_;
  std::uint16_t next_;       // of the driver's, to be taken next
  std::uint16_t seen_;       // the driver's index as it was when it was looked at last
  std::uint16_t completed_;  // the device's index, with what has not been published
  std::uint16_t published_;
  bool broken_ = false;
  const std::unique_ptr<SplitInflight> inflight_;  // null if nobody wants to know
};

}  // namespace sluice

#endif  // SLUICE_DEVICES_NIC_VIRTIO_SPLIT_QUEUE_H_
