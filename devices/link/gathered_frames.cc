#include "devices/link/gathered_frames.h"

#include <algorithm>

#include <gsl/assert>

#include "posix/gather.h"

namespace sluice {

void GatheredFrames::add(Bytes head, gsl::span<const Bytes> payload) {
  constexpr std::size_t kLength = FrameStreamWriter::kLength;
  Expects(!full() && head.size() <= kMaxHead && payload.size() <= Link::kMaxPieces);
  const std::size_t size = head.size() + total_size(payload);
  const MutableBytes kept = MutableBytes(heads_).subspan(heads_used_, kLength + head.size());
  store_big(kept, 0, static_cast<std::uint32_t>(size));
  copy_bytes(head, kept.subspan(kLength));
  heads_used_ += kept.size();
  bytes_ += kLength + size;
  pieces_.at(count_++) = to_be_written(kept);
  for (const Bytes piece : payload) {
    if (!piece.empty()) pieces_.at(count_++) = to_be_written(piece);
  }
}

void GatheredFrames::copy_rest(std::size_t sent, FrameStreamWriter& into) const {
  for (const iovec& piece : gsl::span(pieces_).first(count_)) {
    const Bytes bytes(static_cast<const std::uint8_t*>(piece.iov_base), piece.iov_len);
    const std::size_t skipped = std::min(sent, bytes.size());
    into.append(bytes.subspan(skipped));
    sent -= skipped;
  }
}

}  // namespace sluice
