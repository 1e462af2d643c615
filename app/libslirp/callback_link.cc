#include "app/libslirp/callback_link.h"

#include <gsl/assert>

#include "stack/wire/ethernet.h"

namespace sluice {

MutableBytes CallbackLink::reserve(std::size_t size) {
  Expects(size <= kMaxReserve);
  return MutableBytes(frame_).first(size);
}

void CallbackLink::commit(std::size_t size, gsl::span<const Bytes> payload,
                          const Offload& offload) {
  if (offload.segmentation != Segmentation::kNone) {
    Segmenter segmenter(Bytes(frame_).first(size), payload, offload);
    while (const std::size_t cut = segmenter.next(segment_)) {
      send(segment_, cut);
    }
    return;
  }
  for (const Bytes piece : payload) {
    copy_bytes(piece, MutableBytes(frame_).subspan(size, piece.size()));
    size += piece.size();
  }
  complete_checksum(MutableBytes(frame_).first(size), {}, offload);
  send(frame_, size);
}

void CallbackLink::send(MutableBytes room, std::size_t size) {
  // Not every card that is emulated takes runts.
  for (; size < EthernetHeader::kMinFrame; ++size) room[size] = 0;
  callbacks_.send_packet(room.first(size));
}

}  // namespace sluice
