#include "devices/nic/virtio/net_transmit.h"

#include <algorithm>
#include <array>

#include "stack/wire/vnet_header.h"

namespace sluice {

VirtioNetTransmitter::VirtioNetTransmitter(bool in_place, Counters& counters)
    : in_place_(in_place), counters_(counters) {
  rests_.reserve(FrameBatch::kMaxFrames * Frame::kMaxRest + VirtioChain::kMaxPieces);
}

void VirtioNetTransmitter::begin() {
  rests_.clear();
  bytes_ = 0;
}

bool VirtioNetTransmitter::take_from(VirtioQueue& queue, std::size_t header_size, Names& taken) {
  for (unsigned i = 0; i < kMaxChains && has_room(); ++i) {
    if (!queue.next(chain_)) return false;
    taken.push_back(chain_.name);
    take(chain_, header_size);
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
  const std::size_t first_rest = rests_.size();
  copy(chain, 0, MutableBytes(header).first(header_size));
  const MutableBytes room = batch_.room();
  std::size_t copied = in_place_ ? std::min(size, Frame::kHeaders) : size;
  const auto read = [&] {
    rests_.resize(first_rest);
    copy(chain, header_size, room.first(copied));
    const bool scattered = rests_.size() - first_rest > Frame::kMaxRest;
    return scattered ? std::nullopt : parse_vnet_header(header, room.first(copied), size - copied);
  };
  auto offload = read();
  if (!offload && copied < size) {
    // In too many pieces, or with larger headers.
    copied = size;
    offload = read();
  }
  if (!offload) {
    counters_.count(Drop::kMalformed);
    return;
  }
  bytes_ += size;
  batch_.commit(copied, *offload, gsl::span<const Bytes>(rests_).subspan(first_rest));
}

void VirtioNetTransmitter::copy(const VirtioChain& chain, std::size_t skipped, MutableBytes into) {
  for (Bytes piece : chain.readable()) {
    const std::size_t before = std::min(piece.size(), skipped);
    skipped -= before;
    piece = piece.subspan(before);
    const Bytes part = piece.first(std::min(piece.size(), into.size()));
    snapshot(part, into);
    into = into.subspan(part.size());
    piece = piece.subspan(part.size());
    if (!piece.empty()) rests_.push_back(piece);
  }
}

}  // namespace sluice
