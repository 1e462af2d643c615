// The virtio network header that travels in front of each frame (virtio 1.2, section 5.1.6).
//
// A tap opened with IFF_VNET_HDR puts ten bytes in front of every frame, in both directions, that
// say who completes the transport checksum and how a frame above the MTU is to be segmented:
//
//   flags(1) gso_type(1) hdr_len(2) gso_size(2) csum_start(2) csum_offset(2)
//
// Numbers are little-endian, which the tap is told to use on any machine. The form with
// num_buffers (twelve bytes) exists for rings; a tap has no use for it, and behind ten bytes the IP
// header that follows the Ethernet header lies on a multiple of eight.
//
// The guest's kernel writes these fields, but a packet socket lets a guest choose them nearly at
// will, so they are believed only as far as they agree with the frame. hdr_len in particular is
// what the sender's kernel happened to keep in one piece; the true length of the headers is read
// from the transport header instead.

#ifndef SLUICE_STACK_WIRE_VNET_HEADER_H_
#define SLUICE_STACK_WIRE_VNET_HEADER_H_

#include <cstddef>
#include <optional>

#include "stack/bytes.h"
#include "stack/frame.h"

namespace sluice {

inline constexpr std::size_t kVnetHeaderSize = 10;

// What `header` (kVnetHeaderSize bytes) says about `frame` (from the Ethernet header on, without
// the last `behind` bytes), or nullopt for a header that is unknown or contradicts the frame, or
// means what is not there. When it asks for segmentation, the transport header is whole,
// segment_size is at least 1 and the checksum is kPartial.
std::optional<Offload> parse_vnet_header(Bytes header, Bytes frame, std::size_t behind = 0);

// Writes kVnetHeaderSize bytes at the start of `into`, for a frame of `frame_size` bytes. The
// checksum field and the headers must lie within the frame, and a segmented frame's checksum must
// be kPartial: the receiver computes one for each segment.
void emit_vnet_header(const Offload& offload, std::size_t frame_size, MutableBytes into);

}  // namespace sluice

#endif  // SLUICE_STACK_WIRE_VNET_HEADER_H_
