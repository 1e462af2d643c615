// The port towards the guest.
//
// Output is reserve, build in place, commit; one flush per batch. The headers are built in the
// room that reserve() gives; the payload is handed to commit() as it lies in a flow's ring, so a
// link that can gather (a tap, a socket) copies it once, into the kernel, and one that can't (a
// ring in guest memory) copies it once, into the guest.

#ifndef SLUICE_STACK_LINK_H_
#define SLUICE_STACK_LINK_H_

#include <cstddef>

#include "stack/address.h"
#include "stack/bytes.h"
#include "stack/frame.h"

namespace sluice {

// What the other side of the link takes over for frames towards the guest.
struct LinkCapabilities {
  bool checksum = false;           // completes kPartial checksums, or does not need them
  bool tcp4_segmentation = false;  // takes TCP/IPv4 frames above the MTU with a segment size
  bool tcp6_segmentation = false;
  bool udp_segmentation = false;
};

class Link {
 public:
  virtual ~Link() = default;

  // May change between batches: a driver negotiates them, and again after a reset.
  virtual LinkCapabilities capabilities() const = 0;
  // Room for `size` bytes, at most kMaxReserve. The room belongs to the link and is valid until
  // the next reserve(), commit() or flush(); a room that is not committed is forgotten.
  virtual MutableBytes reserve(std::size_t size) = 0;
  // Sends the first `size` bytes of the last reserved room followed by `payload`, at most
  // kMaxPieces pieces, which must stay unchanged until flush(). A link that is full drops the
  // frame, as a wire would, and counts it.
  virtual void commit(std::size_t size, gsl::span<const Bytes> payload, const Offload& offload) = 0;
  // False if what is committed for that address would find little room, or none: who can wait does.
  // When there is room again the Nat gets an input, be it an empty batch of frames.
  virtual bool has_room(const MacAddress& /*to*/) const { return true; }
  // Everything committed is on its way when this returns.
  virtual void flush() = 0;

  static constexpr std::size_t kMaxReserve = 65536 + 64;
  // Enough for all that may follow a frame's headers.
  static constexpr std::size_t kMaxPieces = 1 + Frame::kMaxRest;
};

}  // namespace sluice

#endif  // SLUICE_STACK_LINK_H_
