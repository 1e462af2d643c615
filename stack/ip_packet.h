// An IP packet as those above IP see it: checked, whole, its options behind it. Nothing in it says
// which version it is but its addresses.

#ifndef SLUICE_STACK_IP_PACKET_H_
#define SLUICE_STACK_IP_PACKET_H_

#include "stack/address.h"
#include "stack/bytes.h"
#include "stack/wire/ipv4.h"

namespace sluice {

struct IpPacket {
  explicit IpPacket(const Ipv4View& view)
      : IpPacket(view.header(), view.packet(), view.payload()) {}

  IpAddress source;
  IpAddress destination;
  IpProtocol protocol;
  std::uint8_t hop_limit;  // of IPv4: time to live
  Bytes whole;             // from the first byte of the header: what an ICMP error quotes
  Bytes payload;           // the transport header and what follows it

 private:
  IpPacket(const Ipv4Header& header, Bytes packet, Bytes transport)
      : source(header.source),
        destination(header.destination),
        protocol(header.protocol),
        hop_limit(header.ttl),
        whole(packet),
        payload(transport) {}
};

}  // namespace sluice

#endif  // SLUICE_STACK_IP_PACKET_H_
