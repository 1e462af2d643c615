// What comes from the guests: frames become packets, and packets find who is meant.
//
// This is the border. A frame passes once each of its layers has been checked: who it is for, who
// it claims to be from, lengths and checksums. What fails is dropped and counted; what passes is
// given to the one it is for: ARP and echo of our own addresses to the answers here, fragments to
// reassembly, services' ports to services, all else to the flows.

#ifndef SLUICE_NAT_INGRESS_H_
#define SLUICE_NAT_INGRESS_H_

#include <optional>
#include <vector>

#include "nat/datagram_flows.h"
#include "nat/icmp_errors.h"
#include "nat/service_ports.h"
#include "nat/tcp_flows.h"
#include "stack/counters.h"
#include "stack/egress.h"
#include "stack/frame.h"
#include "stack/ip_packet.h"
#include "stack/reassembly.h"
#include "stack/wire/ethernet.h"

namespace sluice {

class Ingress {
 public:
  // All of these outlive it.
  struct Rooms {
    const Network& network;
    Egress& egress;
    IcmpErrors& errors;
    ServicePorts& services;
    TcpFlows& tcp;
    DatagramFlows& udp;
    DatagramFlows& echo;
    TimerWheel& timers;
    Counters& counters;
  };
  explicit Ingress(const Rooms& rooms);

  void on_frame(Time now, const Frame& frame);
  // `address` of the virtual network is one of ours: ARP and pings are answered for it.
  void own(const IpAddress& address);
  bool owns(const IpAddress& address) const;
  // A source that a guest of this network may have.
  bool is_guest(const IpAddress& address) const;
  // It is not any more.
  void disown(const IpAddress& address) { std::erase(own_, address); }

 private:
  // A packet with what is known of it from below.
  struct Packet {
    IpPacket ip;
    MacAddress link_from;
    bool verified = false;           // nobody needs to look at the transport checksum
    std::uint16_t segment_size = 0;  // of UDP: it is several datagrams of that size
  };

  void on_arp(const MacAddress& link_from, Bytes bytes);
  void on_ipv4(Time now, const EthernetHeader& ethernet, Bytes bytes, const Offload& offload);
  void on_packet(Time now, const Packet& packet);
  void on_icmp(Time now, const Packet& packet);
  void on_udp(Time now, const Packet& packet);
  // True if the packet may go on beyond the gateway; else it has been answered.
  bool may_leave(Time now, const Packet& packet);

  const Network& network_;
  Egress& egress_;
  IcmpErrors& errors_;
  ServicePorts& services_;
  TcpFlows& tcp_;
  DatagramFlows& udp_;
  DatagramFlows& echo_;
  Counters& counters_;
  Reassembler reassembler_;
  std::vector<IpAddress> own_;
};

}  // namespace sluice

#endif  // SLUICE_NAT_INGRESS_H_
