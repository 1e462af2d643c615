#include "stack/ip_packet.h"

#include "stack/checksum.h"

namespace sluice {
namespace {

template <typename View>
std::optional<IpPacket> packet_of(const std::optional<View>& view) {
  if (!view || view->is_fragment()) return std::nullopt;
  return IpPacket(*view);
}

}  // namespace

IpPacket::IpPacket(const Ipv4Header& header, Bytes packet, Bytes transport)
    : source(header.source),
      destination(header.destination),
      protocol(header.protocol),
      hop_limit(header.ttl),
      protocol_at(Ipv4Header::kProtocolOffset),
      fragmented(false),
      whole(packet),
      payload(transport) {}

IpPacket::IpPacket(const Ipv6Header& header, const Ipv6View& view)
    : source(header.source),
      destination(header.destination),
      protocol(view.protocol()),
      hop_limit(header.hop_limit),
      protocol_at(static_cast<std::uint32_t>(view.protocol_named_at())),
      fragmented(view.fragment().has_value()),
      whole(view.packet()),
      payload(view.payload()) {}

std::optional<IpPacket> IpPacket::parse(Bytes packet) {
  const bool v6 = !packet.empty() && packet[0] >> 4 == 6;
  return v6 ? packet_of(Ipv6View::parse(packet)) : packet_of(Ipv4View::parse(packet));
}

bool checksum_holds(const IpPacket& packet, Bytes transport) {
  ChecksumSum sum;
  sum.add_pseudo_header(packet.source, packet.destination,
                        static_cast<std::uint8_t>(packet.protocol),
                        static_cast<std::uint32_t>(transport.size()));
  sum.add(transport);
  return sum.checksum() == 0;
}

}  // namespace sluice
