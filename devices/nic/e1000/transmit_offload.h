// What the 82540EM does to a packet before it sends it: checksums and segments (sections 3.5 and
// 3.6).
//
// Drivers describe where checksums start, end and go to, not which protocol they are of, and put
// the sum of the pseudo-header where the checksum goes. That is what a frame with a partial
// checksum is, so it leaves as one, and a large one as one that is to be cut, if what the driver
// says agrees with what the packet is. If it does not, the card computes what it was asked for.

#ifndef SLUICE_DEVICES_NIC_E1000_TRANSMIT_OFFLOAD_H_
#define SLUICE_DEVICES_NIC_E1000_TRANSMIT_OFFLOAD_H_

#include <cstdint>

#include "devices/nic/e1000/descriptors.h"
#include "stack/bytes.h"
#include "stack/frame.h"

namespace sluice::e1000 {

// A checksum: of what, and where to.
struct SumPlace {
  std::size_t start = 0;
  std::size_t at = 0;
  std::size_t last = 0;  // the last byte; 0: the packet's
};

// What a context descriptor says.
struct Context {
  SumPlace ip;
  SumPlace transport;
  std::uint32_t paylen = 0;
  std::uint16_t mss = 0;
  std::uint8_t hdrlen = 0;
  bool is_tcp = false;  // UDP otherwise
  bool is_v4 = false;   // IPv6 otherwise

  static Context of(const ContextDescriptor& descriptor);
};

// Sums where it is told to; does nothing if that is not within the frame.
void insert_sum(MutableBytes frame, const SumPlace& place);
// The same for a transport's checksum, which is left to others if they can do it.
Offload insert_transport_sum(MutableBytes frame, const SumPlace& place);

// Whether packets with this header may leave as one that is to be cut by others.
bool may_be_cut_later(Bytes header, const Context& context, std::uint8_t popts);

// One of the segments, or several that leave as one.
struct Segment {
  std::uint32_t payload_before = 0;   // bytes of those in front of it
  std::uint32_t segments_before = 0;  // how many
  bool last = false;
  bool cut_later = false;
};
// Makes of a copy of the header and some payload a packet of its own (section 3.5.7).
Offload finish_segment(MutableBytes frame, const Context& context, std::uint8_t popts,
                       const Segment& segment);

}  // namespace sluice::e1000

#endif  // SLUICE_DEVICES_NIC_E1000_TRANSMIT_OFFLOAD_H_
