// ICMP errors to guests (RFC 792; RFC 1812, section 4.3; RFC 4443; RFC 5508).
//
// What went wrong with a packet, here or on the host's side, is told to the guest that sent it, in
// the quotation that its system needs to find the socket. A packet at hand is quoted as it came; of
// one that is long gone, the part that an answer is recognised by is written anew. An error that
// the network told is passed on as it came; one of the other family, which a forward between two
// families can meet, in the nearest words of the guest's.

#ifndef SLUICE_NAT_ICMP_ERRORS_H_
#define SLUICE_NAT_ICMP_ERRORS_H_

#include <optional>

#include "nat/host.h"
#include "nat/path_error.h"
#include "nat/translation.h"
#include "stack/counters.h"
#include "stack/egress.h"
#include "stack/ip_packet.h"
#include "stack/rate_limit.h"
#include "stack/wire/icmp.h"
#include "stack/wire/icmpv6.h"
#include "stack/wire/ipv6.h"

namespace sluice {

class IcmpErrors {
 public:
  // All of these outlive it.
  IcmpErrors(const Network& network, const Translation& translation, Egress& egress,
             Counters& counters)
      : network_(network), translation_(translation), egress_(egress), counters_(counters) {}

  // About a whole packet from a guest, told by the gateway. Nothing is said about ICMP errors
  // (RFC 1122, section 3.2.2; RFC 4443, section 2.4) and about what was sent to many.
  void report(Time now, const IpPacket& packet, const PathError& error);
  // About an IPv6 packet that can't be read to its end, with what could be read.
  void report_refused(Time now, Bytes packet, const Ipv6Header& header,
                      const Icmpv6Problem& problem);
  // About the SYN, number `sequence`, of `guest` to `remote`.
  void report_tcp(Time now, const Endpoint& guest, const Endpoint& remote, std::uint32_t sequence,
                  const PathError& error);
  // About a datagram that a host socket sent for `guest`, which knows the gateway as `gateway`. For
  // kEcho the guest's port is the identifier.
  void report_datagram(Time now, DatagramKind kind, const Endpoint& guest, const IpAddress& gateway,
                       const DatagramError& error);

 private:
  void send(Time now, const IpAddress& from, const IpAddress& to, const IcmpMessage& message,
            Bytes quotation);
  // The quotation of a packet of which `transport` is what is known.
  void send_about(Time now, const IpAddress& from, IpProtocol protocol, const IpAddress& source,
                  const IpAddress& destination, Bytes transport, const IcmpMessage& message);

  const Network& network_;
  const Translation& translation_;
  Egress& egress_;
  Counters& counters_;
  // RFC 1812, section 4.3.2.8. What a system sends by itself is far below; this ends storms.
  RateLimit rate_{.per_second = 1000, .burst = 200};
};

}  // namespace sluice

#endif  // SLUICE_NAT_ICMP_ERRORS_H_
