// Frames as a guest reads them.

#ifndef SLUICE_TESTS_SIM_SEEN_FRAME_H_
#define SLUICE_TESTS_SIM_SEEN_FRAME_H_

#include <optional>
#include <string>
#include <vector>

#include "stack/frame.h"
#include "stack/wire/arp.h"
#include "stack/wire/ethernet.h"
#include "stack/wire/icmp.h"
#include "stack/wire/ipv4.h"
#include "stack/wire/ipv6.h"
#include "stack/wire/tcp.h"
#include "stack/wire/udp.h"

namespace sluice {

// A frame for the guest, taken apart.
struct SeenFrame {
  EthernetHeader ethernet;
  Offload offload;
  std::optional<ArpMessage> arp;
  IpAddress source;  // of the IP packet, of either family
  IpAddress destination;
  std::optional<Ipv4Header> ip;
  std::optional<Ipv6Header> ip6;
  std::optional<Ipv6FragmentHeader> fragment6;
  std::optional<TcpHeader> tcp;
  TcpOptions tcp_options;
  std::optional<UdpHeader> udp;
  std::optional<IcmpHeader> icmp;  // of either ICMP
  std::vector<std::uint8_t> icmp_message;
  std::string payload;  // of the innermost layer above
};

// Fails the running test if anything about the frame is wrong: lengths, checksums that are claimed
// to be whole, an offload that does not fit the packet.
SeenFrame see(Bytes frame, const Offload& offload);

}  // namespace sluice

#endif  // SLUICE_TESTS_SIM_SEEN_FRAME_H_
