// Where the headers of a frame are, for cards that sum packets.
//
// A card looks for an IP header behind the Ethernet header, and for TCP's or UDP's directly behind
// that. It takes lengths as they are: headers whose length a card is still to fill in are found
// too.

#ifndef SLUICE_DEVICES_NIC_PACKET_LAYOUT_H_
#define SLUICE_DEVICES_NIC_PACKET_LAYOUT_H_

#include <cstdint>

#include "stack/bytes.h"
#include "stack/checksum.h"
#include "stack/wire/ip_protocol.h"

namespace sluice {

struct PacketLayout {
  enum class Network : std::uint8_t { kNone, kIpv4, kIpv6 };

  Network network = Network::kNone;
  std::size_t ip = 0;          // where its header begins
  std::size_t header_end = 0;  // and ends, whatever follows
  std::size_t transport = 0;   // where TCP's or UDP's does; 0: neither is there, or only a piece
  std::size_t end = 0;         // where the packet ends, as IP says; may be anywhere
  IpProtocol protocol{};
  bool piece = false;  // of a packet that was cut

  // With `link` bytes in front of IP, the last two of which are the type.
  static PacketLayout of(Bytes frame, std::size_t link);

  // Whether the transport's checksum field is within the packet and the packet within `size` bytes.
  bool has_checksum(std::size_t size) const {
    return transport != 0 && end <= size && transport + checksum_offset() + 2 <= end;
  }
  // Of the transport's checksum field, from where its header begins.
  std::size_t checksum_offset() const;
  // Of the pseudo-header (RFC 9293, section 3.1; RFC 8200, section 8.1); only with IP.
  ChecksumSum pseudo_header(Bytes frame) const;
};

}  // namespace sluice

#endif  // SLUICE_DEVICES_NIC_PACKET_LAYOUT_H_
