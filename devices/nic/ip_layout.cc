#include "devices/nic/ip_layout.h"

#include "devices/nic/packet_layout.h"
#include "stack/wire/ethernet.h"
#include "stack/wire/tcp.h"
#include "stack/wire/udp.h"

namespace sluice {
std::optional<IpLayout> IpLayout::find(Bytes start, std::size_t frame_size) {
  const PacketLayout found = PacketLayout::of(start, EthernetHeader::kSize);
  if (found.network == PacketLayout::Network::kNone || found.end < found.header_end ||
      found.end > frame_size) {
    return std::nullopt;
  }
  return IpLayout{.v4 = found.network == PacketLayout::Network::kIpv4,
                  .ip = found.ip,
                  .transport = found.header_end,
                  .end = found.end,
                  .protocol = found.protocol,
                  .fragment = found.piece};
}

std::optional<std::size_t> IpLayout::checksum_offset() const {
  if (fragment) return std::nullopt;
  const std::size_t size = end - transport;
  if (protocol == IpProtocol::kTcp && size >= TcpHeader::kSize) return TcpHeader::kChecksumOffset;
  if (protocol == IpProtocol::kUdp && size >= UdpHeader::kSize) return UdpHeader::kChecksumOffset;
  return std::nullopt;
}

std::uint16_t pseudo_header_sum(Bytes start, const IpLayout& layout, std::size_t transport_size) {
  using Network = PacketLayout::Network;
  const PacketLayout packet{.network = layout.v4 ? Network::kIpv4 : Network::kIpv6,
                            .ip = layout.ip,
                            .header_end = layout.transport,
                            .end = layout.transport + transport_size,
                            .protocol = layout.protocol};
  return packet.pseudo_header(start).folded();
}

}  // namespace sluice
