// What a link does for the core when the other side takes over nothing: it completes checksums and
// cuts large frames into TCP segments, and into datagrams.
//
// The core builds the headers of 64 KiB once, whoever cuts them. Here each byte of payload is
// copied once, next to the headers of its segment, and summed while it is still near; of the
// headers only what differs from one segment to the next is written again. That costs less than
// half of what a segment costs that went through the whole core.

#ifndef SLUICE_STACK_SEGMENTER_H_
#define SLUICE_STACK_SEGMENTER_H_

#include <array>
#include <cstdint>

#include "stack/bytes.h"
#include "stack/frame.h"
#include "stack/link.h"

namespace sluice {

// Writes the checksum of a frame whose headers are in `head` and whose field for it is there, too.
// Nothing to do for a frame that is not kPartial.
void complete_checksum(MutableBytes head, gsl::span<const Bytes> payload, const Offload& offload);

// Bytes of what links look at of a frame: its headers, as far as the offload needs them.
std::size_t headers_size(const Frame& frame);

// What one frame may be cut into; more would let a guest have a lot done by saying little. It
// leaves room for 64 KiB in the smallest segments that Linux sends: 48 bytes, less 12 of
// timestamps.
inline constexpr std::size_t kMaxSegmentsOfAFrame = 2048;

// Whether a whole frame that asks for segmentation has the headers that this takes: of IP, behind
// VLAN tags or not, and of the transport that it asks for; and whether there are not too many
// segments. Those of the core fulfil that; others' must be asked.
bool can_be_cut(Bytes frame, const Offload& offload);

// The segments or datagrams of one frame, in their order.
class Segmenter {
 public:
  // What a link offers the core that uses this and complete_checksum().
  static constexpr LinkCapabilities kCapabilities{.checksum = true,
                                                  .tcp4_segmentation = true,
                                                  .tcp6_segmentation = true,
                                                  .udp_segmentation = true};

  // A frame as Link::commit() gets it, `offload` asking for segmentation: its headers lie in
  // `head`. Its bytes stay unchanged while this is used.
  Segmenter(Bytes head, gsl::span<const Bytes> payload, const Offload& offload);

  // Bytes of the next one, headers included; 0: there are no more.
  std::size_t next_size() const;
  // Writes the next segment, a frame with all its checksums, to the start of `into`, which has room
  // for the headers and the segment size, and returns its size; 0: there are no more.
  std::size_t next(MutableBytes into);

 private:
  // Writes the first `size` bytes of what is left.
  void take_payload(MutableBytes into);
  void finish_ip(MutableBytes ip, std::size_t size) const;

  Bytes headers_;
  std::array<Bytes, 1 + Link::kMaxPieces> pieces_;  // of payload, those that are left
  std::size_t left_ = 0;                            // bytes of payload
  std::size_t segment_size_;
  std::size_t ip_;               // where IP's header begins
  std::size_t transport_;        // where the transport's header begins
  std::size_t checksum_offset_;  // in it
  bool v4_;
  bool tcp_;
  std::uint32_t sequence_ = 0;
  std::uint16_t index_ = 0;      // of the next one
  std::uint16_t pseudo_header_;  // its sum, but for the length
};

}  // namespace sluice

#endif  // SLUICE_STACK_SEGMENTER_H_
