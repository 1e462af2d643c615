#include "app/libslirp/callback_link.h"

#include <gsl/assert>

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
      callbacks_.send_packet(Bytes(segment_).first(cut));
    }
    return;
  }
  for (const Bytes piece : payload) {
    copy_bytes(piece, MutableBytes(frame_).subspan(size, piece.size()));
    size += piece.size();
  }
  complete_checksum(MutableBytes(frame_).first(size), {}, offload);
  callbacks_.send_packet(Bytes(frame_).first(size));
}

}  // namespace sluice
