#include "devices/nic/ip_layout.h"

#include "stack/checksum.h"
#include "stack/wire/ethernet.h"
#include "stack/wire/ipv4.h"
#include "stack/wire/ipv6.h"
#include "stack/wire/tcp.h"
#include "stack/wire/udp.h"

namespace sluice {
namespace {

constexpr std::size_t kTypeOffset = 12;
constexpr std::size_t kFragmentOffset = 6;
constexpr std::uint16_t kMoreFragmentsAndOffset = 0x3fff;
// Where the addresses are: to the end of the header without options.
constexpr std::size_t kAddresses4 = 12;
constexpr std::size_t kAddresses6 = 8;

std::optional<IpLayout> find_v4(Bytes packet, std::size_t size) {
  if (packet.size() < Ipv4Header::kSize || packet[0] >> 4 != 4) return std::nullopt;
  const std::size_t header = std::size_t{4} * (packet[0] & 0xf);
  const std::size_t total = load_big<std::uint16_t>(packet, Ipv4Header::kTotalLengthOffset);
  if (header < Ipv4Header::kSize || header > packet.size() || total < header || total > size) {
    return std::nullopt;
  }
  const auto fragment = load_big<std::uint16_t>(packet, kFragmentOffset);
  return IpLayout{.v4 = true,
                  .transport = header,
                  .end = total,
                  .protocol = static_cast<IpProtocol>(packet[Ipv4Header::kProtocolOffset]),
                  .fragment = (fragment & kMoreFragmentsAndOffset) != 0};
}

std::optional<IpLayout> find_v6(Bytes packet, std::size_t size) {
  if (packet.size() < Ipv6Header::kSize || packet[0] >> 4 != 6) return std::nullopt;
  const std::size_t total =
      Ipv6Header::kSize + load_big<std::uint16_t>(packet, Ipv6Header::kPayloadLengthOffset);
  if (total > size) return std::nullopt;
  return IpLayout{.v4 = false,
                  .transport = Ipv6Header::kSize,
                  .end = total,
                  .protocol = static_cast<IpProtocol>(packet[Ipv6Header::kNextHeaderOffset])};
}

}  // namespace

std::optional<IpLayout> IpLayout::find(Bytes start, std::size_t frame_size) {
  if (start.size() <= EthernetHeader::kSize) return std::nullopt;
  const auto type = static_cast<EtherType>(load_big<std::uint16_t>(start, kTypeOffset));
  const Bytes packet = start.subspan(EthernetHeader::kSize);
  const std::size_t size = frame_size - EthernetHeader::kSize;
  std::optional<IpLayout> layout;
  if (type == EtherType::kIpv4) layout = find_v4(packet, size);
  if (type == EtherType::kIpv6) layout = find_v6(packet, size);
  if (layout) {
    layout->ip = EthernetHeader::kSize;
    layout->transport += EthernetHeader::kSize;
    layout->end += EthernetHeader::kSize;
  }
  return layout;
}

std::optional<std::size_t> IpLayout::checksum_offset() const {
  if (fragment) return std::nullopt;
  const std::size_t size = end - transport;
  if (protocol == IpProtocol::kTcp && size >= TcpHeader::kSize) return TcpHeader::kChecksumOffset;
  if (protocol == IpProtocol::kUdp && size >= UdpHeader::kSize) return UdpHeader::kChecksumOffset;
  return std::nullopt;
}

std::uint16_t pseudo_header_sum(Bytes start, const IpLayout& layout, std::size_t transport_size) {
  const std::size_t addresses = layout.v4 ? kAddresses4 : kAddresses6;
  const std::size_t header = layout.v4 ? Ipv4Header::kSize : Ipv6Header::kSize;
  ChecksumSum sum;
  sum.add(start.subspan(layout.ip + addresses, header - addresses));
  sum.add16(static_cast<std::uint8_t>(layout.protocol));
  sum.add32(static_cast<std::uint32_t>(transport_size));
  return sum.folded();
}

}  // namespace sluice
