// An IP packet as those above IP see it: checked, whole, its options behind it. Nothing in it says
// which version it is but its addresses.

#ifndef SLUICE_STACK_IP_PACKET_H_
#define SLUICE_STACK_IP_PACKET_H_

#include <optional>

#include "stack/address.h"
#include "stack/bytes.h"
#include "stack/wire/ipv4.h"
#include "stack/wire/ipv6.h"

namespace sluice {

struct IpPacket {
  explicit IpPacket(const Ipv4View& view)
      : IpPacket(view.header(), view.packet(), view.payload()) {}
  explicit IpPacket(const Ipv6View& view) : IpPacket(view.header(), view) {}
  // A packet of either version; nullopt for what neither can read.
  static std::optional<IpPacket> parse(Bytes packet);

  IpAddress source;
  IpAddress destination;
  IpProtocol protocol;
  std::uint8_t hop_limit;     // of IPv4: time to live
  std::uint32_t protocol_at;  // where in `whole` the protocol is named, in bytes
  bool fragmented;            // IPv6: it has a fragment header, or had, as who put it together says
  Bytes whole;                // from the first byte of the header: what an ICMP error quotes
  Bytes payload;              // the transport header and what follows it
  gsl::span<const Bytes> rest = {};  // and what follows that elsewhere, of TCP only (stack/frame.h)

 private:
  IpPacket(const Ipv4Header& header, Bytes packet, Bytes transport);
  IpPacket(const Ipv6Header& header, const Ipv6View& view);
};

// Whether a checksum that covers `transport` and its packet's pseudo-header is right (RFC 9293,
// section 3.1; RFC 8200, section 8.1).
bool checksum_holds(const IpPacket& packet, Bytes transport);

}  // namespace sluice

#endif  // SLUICE_STACK_IP_PACKET_H_
