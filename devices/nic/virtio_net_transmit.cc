#include "devices/nic/virtio_net_transmit.h"

#include <algorithm>
#include <array>

#include "stack/wire/vnet_header.h"

namespace sluice {

bool VirtioNetTransmitter::take_from(VirtioQueue& queue, std::size_t header_size) {
  for (unsigned i = 0; i < kMaxChains && batch_.has_room(); ++i) {
    if (!queue.next(chain_)) return false;
    take(chain_, header_size);
    queue.complete(chain_.name, 0);
  }
  return true;
}

void VirtioNetTransmitter::take(const VirtioChain& chain, std::size_t header_size) {
  if (chain.is_broken() || chain.readable_size() < header_size) {
    counters_.count(Drop::kMalformed);
    return;
  }
  const std::size_t size = chain.readable_size() - header_size;
  if (size > Link::kMaxReserve) {
    counters_.count(Drop::kTruncated);
    return;
  }
  std::array<std::uint8_t, 16> header{};
  MutableBytes header_room = MutableBytes(header).first(header_size);
  const MutableBytes frame = batch_.room().first(size);
  MutableBytes frame_room = frame;
  for (Bytes piece : chain.readable()) {
    const Bytes part = piece.first(std::min(piece.size(), header_room.size()));
    snapshot(part, header_room);
    header_room = header_room.subspan(part.size());
    piece = piece.subspan(part.size());
    snapshot(piece, frame_room);
    frame_room = frame_room.subspan(piece.size());
  }
  const auto offload = parse_vnet_header(header, frame);
  if (!offload) {
    counters_.count(Drop::kMalformed);
    return;
  }
  batch_.commit(size, *offload);
}

}  // namespace sluice
