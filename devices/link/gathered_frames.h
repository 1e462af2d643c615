// Frames on their way into a stream, each behind its length, as one call writes them: their headers
// are kept here, their payload stays where it is.

#ifndef SLUICE_DEVICES_LINK_GATHERED_FRAMES_H_
#define SLUICE_DEVICES_LINK_GATHERED_FRAMES_H_

#include <sys/uio.h>

#include <array>
#include <cstdint>

#include "devices/link/frame_stream.h"
#include "stack/bytes.h"
#include "stack/link.h"

namespace sluice {

class GatheredFrames {
 public:
  // The largest head that is kept here; what has a larger one is as well copied as a whole.
  static constexpr std::size_t kMaxHead = 256;

  bool empty() const { return count_ == 0; }
  bool full() const {
    return count_ + kPiecesOfOne > kPieces || heads_used_ + kHeadOfOne > heads_.size();
  }
  std::size_t bytes() const { return bytes_; }
  // Adds a frame, if it is not full. The payload is not touched before clear().
  void add(Bytes head, gsl::span<const Bytes> payload);
  // For sendmsg(2).
  gsl::span<iovec> pieces() { return gsl::span(pieces_).first(count_); }
  // Copies what lies behind the first `sent` bytes to the end of what waits there.
  void copy_rest(std::size_t sent, FrameStreamWriter& into) const;
  void clear() { count_ = heads_used_ = bytes_ = 0; }

 private:
  static constexpr std::size_t kFrames = 64;
  static constexpr std::size_t kPieces = 1024;  // what one call takes (IOV_MAX)
  static constexpr std::size_t kPiecesOfOne = 1 + Link::kMaxPieces;
  static constexpr std::size_t kHeadOfOne = FrameStreamWriter::kLength + kMaxHead;

  std::array<iovec, kPieces> pieces_{};
  std::array<std::uint8_t, kFrames * kHeadOfOne> heads_{};
  std::size_t count_ = 0;
  std::size_t heads_used_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace sluice

#endif  // SLUICE_DEVICES_LINK_GATHERED_FRAMES_H_
