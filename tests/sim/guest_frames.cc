#include "tests/sim/guest_frames.h"

#include "stack/checksum.h"
#include "stack/wire/ethernet.h"
#include "stack/wire/icmp.h"
#include "stack/wire/icmpv4.h"
#include "stack/wire/icmpv6.h"

namespace sluice {

Octets udp_datagram(UdpHeader header, Bytes payload) {
  Octets datagram(UdpHeader::kSize + payload.size());
  header.length = static_cast<std::uint16_t>(datagram.size());
  header.emit(datagram);
  copy_bytes(payload, MutableBytes(datagram).subspan(UdpHeader::kSize));
  return datagram;
}

Octets tcp_segment(const TcpHeader& header, const TcpOptions& options, Bytes payload) {
  const std::size_t header_size = TcpHeader::kSize + options.size();
  Octets segment(header_size + payload.size());
  header.emit(options, segment);
  copy_bytes(payload, MutableBytes(segment).subspan(header_size));
  return segment;
}

std::uint16_t transport_checksum(const IpAddress& from, const IpAddress& to, IpProtocol protocol,
                                 Bytes transport) {
  ChecksumSum sum;
  sum.add_pseudo_header(from, to, static_cast<std::uint8_t>(protocol),
                        static_cast<std::uint32_t>(transport.size()));
  sum.add(transport);
  return sum.checksum();
}

Octets arp_frame(const ArpMessage& message) {
  Octets frame(EthernetHeader::kSize + ArpMessage::kSize);
  EthernetHeader{MacAddress::broadcast(), message.sender_mac, EtherType::kArp}.emit(frame);
  message.emit(MutableBytes(frame).subspan(EthernetHeader::kSize));
  return frame;
}

Octets ip_frame(Ipv4Header header, Bytes payload) {
  Octets frame(EthernetHeader::kSize + Ipv4Header::kSize + payload.size());
  header.total_length = static_cast<std::uint16_t>(Ipv4Header::kSize + payload.size());
  EthernetHeader{kGatewayMac, kGuestMac, EtherType::kIpv4}.emit(frame);
  const MutableBytes packet = MutableBytes(frame).subspan(EthernetHeader::kSize);
  header.emit(packet);
  copy_bytes(payload, packet.subspan(Ipv4Header::kSize));
  return frame;
}

Octets packet_frame(const IpHeader& header, Bytes payload) {
  const bool v4 = header.destination.is_v4();
  Octets frame(EthernetHeader::kSize + header.size() + payload.size());
  MacAddress to = v4 ? kGatewayMac : kRouterMac;
  if (!v4 && header.destination.is_multicast()) to = header.destination.multicast_mac();
  EthernetHeader{to, kGuestMac, v4 ? EtherType::kIpv4 : EtherType::kIpv6}.emit(frame);
  const MutableBytes packet = MutableBytes(frame).subspan(EthernetHeader::kSize);
  header.emit(packet, payload.size());
  copy_bytes(payload, packet.subspan(header.size()));
  return frame;
}

Octets udp_frame(const Endpoint& from, const Endpoint& to, std::string_view payload,
                 std::uint8_t ttl) {
  UdpHeader header{.source_port = from.port, .destination_port = to.port};
  header.checksum = transport_checksum(from.address, to.address, IpProtocol::kUdp,
                                       udp_datagram(header, as_bytes(payload)));
  return packet_frame(IpHeader{.protocol = IpProtocol::kUdp,
                               .hop_limit = ttl,
                               .source = from.address,
                               .destination = to.address,
                               .identification = 0},
                      udp_datagram(header, as_bytes(payload)));
}

Octets tcp_frame(const IpAddress& from, const IpAddress& to, TcpHeader header,
                 const TcpOptions& options, Bytes payload) {
  header.checksum = 0;
  header.checksum =
      transport_checksum(from, to, IpProtocol::kTcp, tcp_segment(header, options, payload));
  return packet_frame(IpHeader{.protocol = IpProtocol::kTcp, .source = from, .destination = to},
                      tcp_segment(header, options, payload));
}

Octets icmpv6_frame(const IpAddress& from, const IpAddress& to, Octets message,
                    std::uint8_t hop_limit) {
  store_big(MutableBytes(message), IcmpHeader::kChecksumOffset, std::uint16_t{0});
  store_big(MutableBytes(message), IcmpHeader::kChecksumOffset,
            transport_checksum(from, to, IpProtocol::kIcmpv6, message));
  return packet_frame(IpHeader{.protocol = IpProtocol::kIcmpv6,
                               .hop_limit = hop_limit,
                               .source = from,
                               .destination = to},
                      message);
}

Octets echo_frame(const IpAddress& from, const IpAddress& to, std::uint16_t identifier,
                  std::uint16_t sequence, std::string_view payload, std::uint8_t ttl) {
  const bool v4 = to.is_v4();
  Octets message(IcmpHeader::kSize + payload.size());
  IcmpHeader header{.type = v4 ? AnyIcmpType(IcmpType::kEchoRequest) : Icmpv6Type::kEchoRequest,
                    .rest = IcmpHeader::echo_rest(identifier, sequence)};
  header.emit(message);
  copy_bytes(as_bytes(payload), MutableBytes(message).subspan(IcmpHeader::kSize));
  if (!v4) return icmpv6_frame(from, to, std::move(message), ttl);
  header.checksum = internet_checksum(message);
  header.emit(message);
  return packet_frame(IpHeader{.protocol = IpProtocol::kIcmp,
                               .hop_limit = ttl,
                               .source = from,
                               .destination = to,
                               .identification = 0},
                      message);
}

}  // namespace sluice
