// Where the headers of a frame are, as far as cards have to know that compute and verify checksums
// and cut large segments.
//
// This is no check of a packet: its checksums may be still to be written, and more than one field
// may be wrong. What is told here lies within the packet, and nothing else is promised.

#ifndef SLUICE_DEVICES_NIC_IP_LAYOUT_H_
#define SLUICE_DEVICES_NIC_IP_LAYOUT_H_

#include <optional>

#include "stack/bytes.h"
#include "stack/wire/ip_protocol.h"

namespace sluice {

// What a PacketLayout says of a packet that is whole: of an untagged frame with IPv4, or with IPv6
// without extension headers; offsets are from the frame's first byte.
struct IpLayout {
  bool v4 = true;
  std::size_t ip = 0;         // where the IP header is
  std::size_t transport = 0;  // where it ends
  std::size_t end = 0;        // where the packet ends; what follows is padding
  IpProtocol protocol{};
  bool fragment = false;  // what is at `transport` is no header, or not of all that follows

  // `start` is the frame's beginning, with at least the headers, and `frame_size` all of its bytes.
  // nullopt if there is no IP packet in it, or not all of one.
  static std::optional<IpLayout> find(Bytes start, std::size_t frame_size);

  // Where the checksum of TCP or UDP is, from `transport` on; nullopt for another protocol, for a
  // fragment, and where there are too few bytes for a header.
  std::optional<std::size_t> checksum_offset() const;
};

// The folded sum of the pseudo-header (RFC 9293, section 3.1; RFC 8200, section 8.1), for
// `transport_size` bytes of transport header and payload. `start` is as above.
std::uint16_t pseudo_header_sum(Bytes start, const IpLayout& layout, std::size_t transport_size);

}  // namespace sluice

#endif  // SLUICE_DEVICES_NIC_IP_LAYOUT_H_
