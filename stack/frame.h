// A frame and what the other side of a link has promised or asks for about it.
//
// The guest's kernel and the host's kernel hand over up to 64 KiB at a time when asked to. The
// metadata that makes this possible travels with the frame through the whole core, as the virtio
// specification defines it (virtio 1.2, section 5.1.6): who completes the transport checksum, and
// into which size of segment a large frame is to be cut by whoever puts it on a real wire.

#ifndef SLUICE_STACK_FRAME_H_
#define SLUICE_STACK_FRAME_H_

#include <cstdint>

#include "stack/bytes.h"

namespace sluice {

enum class ChecksumState : std::uint8_t {
  kInPacket,  // the checksum field holds the full checksum: the receiver verifies it
  kVerified,  // someone below has verified it
  kPartial,   // the field holds the pseudo-header sum; the frame never crossed a wire
};

enum class Segmentation : std::uint8_t { kNone, kTcp4, kTcp6, kUdp };

struct Offload {
  ChecksumState checksum = ChecksumState::kInPacket;
  Segmentation segmentation = Segmentation::kNone;
  // For kPartial: where summing starts, and where the sum goes relative to that. In bytes.
  std::uint16_t checksum_start = 0;
  std::uint16_t checksum_offset = 0;
  // For segmentation: payload bytes per segment, and bytes of headers in front of the payload.
  std::uint16_t segment_size = 0;
  std::uint16_t header_size = 0;
};

// A frame from the guest, from the Ethernet header on. The link owns the bytes; they stay until
// the call they were passed to returns.
//
// A link that shares the guest's memory may leave there what follows the first kHeaders bytes. The
// guest may change it at any time: it is payload that is carried on, whatever it is by then, or it
// is copied before anything is concluded from it.
struct Frame {
  Bytes bytes;
  Offload offload;
  gsl::span<const Bytes> rest = {};  // at most kMaxRest pieces, behind `bytes`

  std::size_t size() const { return bytes.size() + total_size(rest); }

  // Room for all headers that usual frames have, in bytes.
  static constexpr std::size_t kHeaders = 256;
  static constexpr std::size_t kMaxRest = 19;
};

}  // namespace sluice

#endif  // SLUICE_STACK_FRAME_H_
