// What comes from the guests: frames become packets, and packets find who is meant.
//
// This is the border. A frame passes once each of its layers has been checked: who it is for, who
// it claims to be from, lengths and checksums. What fails is dropped and counted; what passes is
// given to the one it is for: ARP and echo of our own addresses to the answers here, neighbor
// discovery to the router, fragments to reassembly, services' ports to services, all else to the
// flows.

#ifndef SLUICE_NAT_INGRESS_H_
#define SLUICE_NAT_INGRESS_H_

#include <cstdint>
#include <memory>
#include <optional>

#include "nat/datagram_flows.h"
#include "nat/icmp_errors.h"
#include "nat/own_addresses.h"
#include "nat/router.h"
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
    const OwnAddresses& own;
    Router& router;
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

 private:
  // A packet with what is known of it from below.
  struct Packet {
    IpPacket ip;
    MacAddress link_from;
    bool verified = false;           // nobody needs to look at the transport checksum
    std::uint16_t segment_size = 0;  // of UDP: it is several datagrams of that size
  };

  // Whether what does not lie in the frame's first piece is payload of TCP, and nothing else.
  static bool is_stream_in_place(const Frame& frame);
  // All of the frame in one place, where it stays until this is called again, or for the batch if
  // that holds what comes before.
  Bytes gather(const Frame& frame);
  void on_ethernet(Time now, const Frame& frame);
  bool is_for_us(const EthernetHeader& ethernet) const;
  void on_arp(const MacAddress& link_from, Bytes bytes);
  void on_ipv4(Time now, const EthernetHeader& ethernet, Bytes bytes, const Frame& frame);
  void on_ipv6(Time now, const EthernetHeader& ethernet, Bytes bytes, const Frame& frame);
  // A packet of either version; with `fragment`, a part of one.
  void on_ip(Time now, const EthernetHeader& ethernet, const IpPacket& ip, const Frame& frame,
             const std::optional<Fragment>& fragment);
  void on_packet(Time now, const Packet& packet);
  void on_icmp(Time now, const Packet& packet);
  void on_icmpv6(Time now, const Packet& packet);
  void on_echo(Time now, const IpPacket& ip, const IcmpView& request);
  void on_udp(Time now, const Packet& packet);
  // Learns who is where from a packet whose source may be; else counts it and returns false.
  bool admits_source(const EthernetHeader& ethernet, const IpPacket& ip);
  bool admits_destination(const EthernetHeader& ethernet, const IpPacket& ip);
  // True if the packet may go on beyond the gateway; else it has been answered.
  bool may_leave(Time now, const IpPacket& ip);

  const Network& network_;
  const OwnAddresses& own_;
  Router& router_;
  Egress& egress_;
  IcmpErrors& errors_;
  ServicePorts& services_;
  TcpFlows& tcp_;
  DatagramFlows& udp_;
  DatagramFlows& echo_;
  Counters& counters_;
  Reassembler reassembler_;
  std::unique_ptr<std::uint8_t[]> gathered_;  // kGathered bytes, once there was something to gather
  std::size_t gathered_used_ = 0;
};

}  // namespace sluice

#endif  // SLUICE_NAT_INGRESS_H_
