#include "devices/nic/virtio/net_receive.h"

#include <algorithm>
#include <array>

#include "devices/nic/little_endian.h"
#include "stack/wire/vnet_header.h"

namespace sluice {

bool VirtioNetReceiver::put(VirtioQueue& queue, Form form, Bytes head,
                            gsl::span<const Bytes> payload, const Offload& offload) {
  const std::size_t frame = head.size() + total_size(payload);
  if (!gather(queue, form.mergeable, form.header_size + frame)) return false;

  std::array<std::uint8_t, kVirtioNetHeader> header{};
  emit_vnet_header(offload, frame, header);
  store_little(MutableBytes(header), kVnetHeaderSize, static_cast<std::uint16_t>(taken_.size()));
  piece_ = filled_ = 0;
  copy(Bytes(header).first(form.header_size));
  copy(head);
  for (const Bytes piece : payload) copy(piece);
  std::size_t left = form.header_size + frame;
  for (const Taken& chain : taken_) {
    const std::size_t length = std::min<std::size_t>(chain.size, left);
    queue.complete(chain.name, static_cast<std::uint32_t>(length));
    left -= length;
  }
  return true;
}

void VirtioNetReceiver::reset() {
  most_room_ = 0;
  full_ = false;
}

std::size_t VirtioNetReceiver::enough() const {
  constexpr std::size_t kEnough = std::size_t{96} << 10;
  return full_ ? std::min(4 * kEnough, most_room_ / 2) : std::min(kEnough, most_room_ / 4);
}

bool VirtioNetReceiver::has_room(VirtioQueue& queue) {
  const std::size_t room = queue.waiting() * usual_buffer_;
  most_room_ = std::max(most_room_, room);
  full_ = room < enough();
  return !full_;
}

std::uint16_t VirtioNetReceiver::wanted(VirtioQueue& queue) const {
  const std::size_t enough_buffers = (enough() + usual_buffer_ - 1) / usual_buffer_;
  const std::size_t missing =
      enough_buffers - std::min<std::size_t>(queue.waiting(), enough_buffers);
  return static_cast<std::uint16_t>(std::max<std::size_t>(missing, 1));
}

bool VirtioNetReceiver::gather(VirtioQueue& queue, bool mergeable, std::size_t size) {
  // As many as one frame may be made of: enough for the largest in the smallest that drivers use.
  constexpr std::size_t kMaxChains = 288;
  constexpr std::size_t kMaxPieces = 2 * kMaxChains;
  const VirtioQueue::Position before = queue.position();
  pieces_.clear();
  taken_.clear();
  std::size_t room = 0;
  while (room < size && taken_.size() < (mergeable ? kMaxChains : 1) &&
         pieces_.size() < kMaxPieces && queue.next(chain_)) {
    const auto writable = chain_.writable();
    pieces_.insert(pieces_.end(), writable.begin(), writable.end());
    // Of one that can't be written to, nothing is used.
    const std::size_t part = std::min(chain_.writable_size(), size - room);
    taken_.push_back({chain_.name, static_cast<std::uint32_t>(part)});
    room += part;
  }
  if (!taken_.empty()) usual_buffer_ = std::max<std::size_t>(chain_.writable_size(), 1);
  if (room == size) return true;
  if (!mergeable && !taken_.empty()) {
    // A driver that left what can't be used for a frame gets it back without one.
    queue.complete(taken_.front().name, 0);
  } else {
    queue.rewind(before);
  }
  return false;
}

void VirtioNetReceiver::copy(Bytes bytes) {
  while (!bytes.empty()) {
    const MutableBytes place = pieces_.at(piece_).subspan(filled_);
    const Bytes part = bytes.first(std::min(bytes.size(), place.size()));
    copy_bytes(part, place);
    if (memory_.is_watched()) memory_.on_written(place.first(part.size()));
    bytes = bytes.subspan(part.size());
    filled_ += part.size();
    if (filled_ == pieces_.at(piece_).size()) {
      ++piece_;
      filled_ = 0;
    }
  }
}

}  // namespace sluice
