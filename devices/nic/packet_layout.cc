#include "devices/nic/packet_layout.h"

#include "stack/wire/ethernet.h"
#include "stack/wire/ipv4.h"
#include "stack/wire/ipv6.h"
#include "stack/wire/tcp.h"
#include "stack/wire/udp.h"

namespace sluice {
namespace {

constexpr std::size_t kV4Fragment = 6;
constexpr std::uint16_t kPieceBits = 0x3fff;  // more fragments, or an offset
constexpr std::size_t kV4Addresses = 12;
constexpr std::size_t kV4AddressesSize = 8;
constexpr std::size_t kV6Addresses = 8;
constexpr std::size_t kV6AddressesSize = 32;

bool is_summed(IpProtocol protocol) {
  return protocol == IpProtocol::kTcp || protocol == IpProtocol::kUdp;
}

void find_v4(PacketLayout& layout, Bytes packet) {
  if (packet.size() < Ipv4Header::kSize || packet[0] >> 4 != 4) return;
  const std::size_t header = std::size_t{4} * (packet[0] & 15U);
  if (header < Ipv4Header::kSize || header > packet.size()) return;
  layout.network = PacketLayout::Network::kIpv4;
  layout.end = layout.ip + load_big<std::uint16_t>(packet, Ipv4Header::kTotalLengthOffset);
  layout.protocol = IpProtocol{packet[Ipv4Header::kProtocolOffset]};
  layout.header_end = layout.ip + header;
  layout.piece = (load_big<std::uint16_t>(packet, kV4Fragment) & kPieceBits) != 0;
}

void find_v6(PacketLayout& layout, Bytes packet) {
  if (packet.size() < Ipv6Header::kSize || packet[0] >> 4 != 6) return;
  layout.network = PacketLayout::Network::kIpv6;
  layout.end = layout.ip + Ipv6Header::kSize +
               load_big<std::uint16_t>(packet, Ipv6Header::kPayloadLengthOffset);
  layout.protocol = IpProtocol{packet[Ipv6Header::kNextHeaderOffset]};
  layout.header_end = layout.ip + Ipv6Header::kSize;
}

}  // namespace

PacketLayout PacketLayout::of(Bytes frame, std::size_t link) {
  PacketLayout layout;
  layout.ip = link;
  if (frame.size() <= link) return layout;
  const Bytes packet = frame.subspan(link);
  switch (EtherType{load_big<std::uint16_t>(frame, link - 2)}) {
    case EtherType::kIpv4:
      find_v4(layout, packet);
      break;
    case EtherType::kIpv6:
      find_v6(layout, packet);
      break;
    default:
      break;
  }
  if (!layout.piece && is_summed(layout.protocol)) layout.transport = layout.header_end;
  return layout;
}

std::size_t PacketLayout::checksum_offset() const {
  return protocol == IpProtocol::kTcp ? TcpHeader::kChecksumOffset : UdpHeader::kChecksumOffset;
}

ChecksumSum PacketLayout::pseudo_header(Bytes frame) const {
  ChecksumSum sum;
  sum.add(network == Network::kIpv4 ? frame.subspan(ip + kV4Addresses, kV4AddressesSize)
                                    : frame.subspan(ip + kV6Addresses, kV6AddressesSize));
  sum.add16(static_cast<std::uint16_t>(protocol));
  sum.add32(static_cast<std::uint32_t>(end - header_end));
  return sum;
}

}  // namespace sluice
