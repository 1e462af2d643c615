// A whole frame, committed as the core does it, for tests of links.

#ifndef SLUICE_DEVICES_LINK_SEND_FRAME_H_
#define SLUICE_DEVICES_LINK_SEND_FRAME_H_

#include "stack/link.h"
#include "stack/wire/ethernet.h"

namespace sluice {

// Its Ethernet header lies in the link's room, the rest where it is until the link's flush.
inline void send_frame(Link& link, Bytes frame) {
  const MutableBytes head = link.reserve(EthernetHeader::kSize);
  copy_bytes(frame.first(head.size()), head);
  const Bytes rest = frame.subspan(head.size());
  link.commit(head.size(), gsl::span(&rest, 1), {});
}

}  // namespace sluice

#endif  // SLUICE_DEVICES_LINK_SEND_FRAME_H_
