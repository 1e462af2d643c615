#include "devices/nic/rtl8139/offload.h"

#include <algorithm>

#include <gsl/assert>

#include "devices/nic/ip_layout.h"
#include "stack/checksum.h"
#include "stack/wire/ethernet.h"
#include "stack/wire/ipv4.h"
#include "stack/wire/ipv6.h"
#include "stack/wire/tcp.h"

namespace sluice::rtl8139 {
namespace {

// Of a transmit descriptor's command.
constexpr std::uint32_t kLargeSend = 1U << 27;  // LGSEN
constexpr unsigned kMssShift = 16;
constexpr std::uint32_t kMss = 0x7ff;
constexpr std::uint32_t kIpcs = 1U << 18;
constexpr std::uint32_t kUdpcs = 1U << 17;
constexpr std::uint32_t kTcpcs = 1U << 16;
// Of its second double word.
constexpr std::uint32_t kTagc = 1U << 17;

constexpr std::size_t kAddresses = 2 * MacAddress::kSize;
constexpr std::size_t kTagSize = 4;
constexpr std::uint16_t kTagProtocol = 0x8100;
constexpr std::size_t kDataOffset = 12;  // in a TCP header

// Bytes in front of TCP's payload; nullopt if it is not TCP, or the header is not whole.
std::optional<std::size_t> tcp_headers(Bytes frame, const IpLayout& layout) {
  if (layout.protocol != IpProtocol::kTcp || !layout.checksum_offset()) return std::nullopt;
  const std::size_t size = std::size_t{4} * (frame[layout.transport + kDataOffset] >> 4);
  if (size < TcpHeader::kSize || layout.transport + size > layout.end) return std::nullopt;
  return layout.transport + size;
}

void finish_ip_checksum(MutableBytes frame, const IpLayout& layout) {
  if (!layout.v4) return;
  const MutableBytes header = frame.subspan(layout.ip, layout.transport - layout.ip);
  store_big(header, Ipv4Header::kChecksumOffset, std::uint16_t{0});
  store_big(header, Ipv4Header::kChecksumOffset, internet_checksum(header));
}

// Leaves the sum of TCP or UDP to whoever takes the frame.
void ask_for_checksum(MutableBytes frame, const IpLayout& layout, std::size_t at,
                      Offload& offload) {
  const std::size_t size = layout.end - layout.transport;
  store_big(frame, layout.transport + at, pseudo_header_sum(frame, layout, size));
  offload.checksum = ChecksumState::kPartial;
  offload.checksum_start = static_cast<std::uint16_t>(layout.transport);
  offload.checksum_offset = static_cast<std::uint16_t>(at);
}

// The packet of a large send is as long as the frame, whatever its header says: drivers leave the
// length zero, or what they like.
void set_ip_length(MutableBytes frame) {
  const auto type = load_big<std::uint16_t>(frame, kAddresses);
  const MutableBytes packet = frame.subspan(EthernetHeader::kSize);
  if (type == static_cast<std::uint16_t>(EtherType::kIpv4) && packet.size() <= 0xffff &&
      packet.size() >= Ipv4Header::kSize) {
    store_big(packet, Ipv4Header::kTotalLengthOffset, static_cast<std::uint16_t>(packet.size()));
  } else if (type == static_cast<std::uint16_t>(EtherType::kIpv6) &&
             packet.size() >= Ipv6Header::kSize && packet.size() - Ipv6Header::kSize <= 0xffff) {
    store_big(packet, Ipv6Header::kPayloadLengthOffset,
              static_cast<std::uint16_t>(packet.size() - Ipv6Header::kSize));
  }
}

// Fills the first `size` bytes of `room` up with zeros; returns how many there are then.
std::size_t pad(MutableBytes room, std::size_t size) {
  if (size >= EthernetHeader::kMinFrame) return size;
  std::fill(room.begin() + static_cast<std::ptrdiff_t>(size),
            room.begin() + static_cast<std::ptrdiff_t>(EthernetHeader::kMinFrame), std::uint8_t{0});
  return EthernetHeader::kMinFrame;
}

// Puts a tag behind the addresses of the frame that is the first `size` bytes of `room`.
void insert_tag(MutableBytes room, std::size_t size, const Tag& tag) {
  std::copy_backward(room.begin() + static_cast<std::ptrdiff_t>(kAddresses),
                     room.begin() + static_cast<std::ptrdiff_t>(size),
                     room.begin() + static_cast<std::ptrdiff_t>(size + kTagSize));
  store_big(room, kAddresses, kTagProtocol);
  copy_bytes(tag, room.subspan(kAddresses + 2));
}

}  // namespace

Command Command::of(std::uint32_t status, std::uint32_t vlan) {
  Command command;
  if ((status & kLargeSend) != 0) {
    command.segment_size = static_cast<std::uint16_t>(status >> kMssShift & kMss);
    command.ip_checksum = command.tcp_checksum = true;
  } else {
    command.ip_checksum = (status & kIpcs) != 0;
    command.udp_checksum = (status & kUdpcs) != 0;
    command.tcp_checksum = (status & kTcpcs) != 0;
  }
  if ((vlan & kTagc) != 0) {
    command.vlan = Tag{static_cast<std::uint8_t>(vlan), static_cast<std::uint8_t>(vlan >> 8)};
  }
  return command;
}

Outgoing TransmitOffload::apply(MutableBytes room, std::size_t size, const Command& command,
                                bool large_may_leave) {
  Expects(!cutting() && size >= EthernetHeader::kSize && size + kGrowth <= room.size());
  if (command.segment_size != 0) set_ip_length(room.first(size));
  Offload offload;
  if (const auto layout = IpLayout::find(room.first(size), size)) {
    const bool tcp = layout->protocol == IpProtocol::kTcp && command.tcp_checksum;
    const bool udp = layout->protocol == IpProtocol::kUdp && command.udp_checksum;
    const auto headers = tcp_headers(room.first(size), *layout);
    if (command.ip_checksum) finish_ip_checksum(room, *layout);
    if (const auto at = layout->checksum_offset(); at && (tcp || udp)) {
      ask_for_checksum(room, *layout, *at, offload);
      // Padding is not summed.
      size = layout->end;
    }
    if (headers && command.segment_size != 0 && size - *headers > command.segment_size) {
      offload.segmentation = layout->v4 ? Segmentation::kTcp4 : Segmentation::kTcp6;
      offload.segment_size = command.segment_size;
      offload.header_size = static_cast<std::uint16_t>(*headers);
      // Into pieces that tiny nobody cuts it: it leaves as it is.
      if (!can_be_cut(room.first(size), offload)) offload.segmentation = Segmentation::kNone;
    }
  }
  vlan_ = command.vlan;
  const bool large = offload.segmentation != Segmentation::kNone;
  if (large && (vlan_ || !large_may_leave)) {
    cut(room.first(size), offload);
    return {};
  }
  return tagged(room, size, offload);
}

void TransmitOffload::cut(Bytes frame, const Offload& offload) {
  if (!large_) large_ = std::make_unique_for_overwrite<std::uint8_t[]>(Link::kMaxReserve);
  const MutableBytes kept(large_.get(), Link::kMaxReserve);
  copy_bytes(frame, kept);
  cut_.emplace(kept.first(frame.size()), gsl::span<const Bytes>(), offload);
}

Outgoing TransmitOffload::next(MutableBytes room) {
  Expects(cutting());
  const std::size_t size = cut_->next(room);
  if (size == 0) {
    cut_.reset();
    return {};
  }
  return tagged(room, size, {});
}

Outgoing TransmitOffload::tagged(MutableBytes room, std::size_t size, Offload offload) const {
  size = pad(room, size);
  if (!vlan_) return {size, offload};
  insert_tag(room, size, *vlan_);
  if (offload.checksum == ChecksumState::kPartial) offload.checksum_start += kTagSize;
  return {size + kTagSize, offload};
}

}  // namespace sluice::rtl8139
