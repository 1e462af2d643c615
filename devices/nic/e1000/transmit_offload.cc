#include "devices/nic/e1000/transmit_offload.h"

#include <algorithm>

#include <gsl/assert>

#include "devices/nic/packet_layout.h"
#include "stack/checksum.h"
#include "stack/wire/ethernet.h"
#include "stack/wire/ipv4.h"
#include "stack/wire/ipv6.h"
#include "stack/wire/tcp.h"

namespace sluice::e1000 {
namespace {

constexpr std::size_t kV4Identification = 4;
constexpr std::size_t kUdpLength = 4;
constexpr std::size_t kTcpDataOffset = 12;

std::uint16_t sum_of(Bytes frame, const SumPlace& place) {
  const std::size_t end = place.last == 0 ? frame.size() : std::min(place.last + 1, frame.size());
  ChecksumSum sum;
  if (place.start < end) sum.add(frame.subspan(place.start, end - place.start));
  return sum.checksum();
}

bool is_within(Bytes frame, const SumPlace& place) {
  return place.start < frame.size() && place.at + 2 <= frame.size();
}

// Fields of a header that may be too short for them.
std::uint16_t get16(Bytes frame, std::size_t at) {
  return at + 2 <= frame.size() ? load_big<std::uint16_t>(frame, at) : std::uint16_t{0};
}

void put16(MutableBytes frame, std::size_t at, std::size_t value) {
  if (at + 2 <= frame.size()) store_big(frame, at, static_cast<std::uint16_t>(value));
}

// Whether the checksum is that of the transport which the packet has.
bool agrees(const PacketLayout& layout, const SumPlace& place, std::size_t size) {
  return layout.transport != 0 && place.start == layout.transport &&
         place.at == layout.transport + layout.checksum_offset() &&
         (place.last == 0 || place.last + 1 == size);
}

void finish_ip(MutableBytes frame, const Context& context, const Segment& segment) {
  const std::size_t ip = context.ip.start;
  if (ip >= frame.size()) return;
  const std::size_t size = frame.size() - ip;
  if (context.is_v4) {
    put16(frame, ip + Ipv4Header::kTotalLengthOffset, size);
    const std::size_t at = ip + kV4Identification;
    put16(frame, at, std::size_t{get16(frame, at)} + segment.segments_before);
  } else {
    put16(frame, ip + Ipv6Header::kPayloadLengthOffset, size - Ipv6Header::kSize);
  }
}

void finish_transport(MutableBytes frame, const Context& context, const Segment& segment) {
  const std::size_t transport = context.transport.start;
  if (!context.is_tcp) {
    put16(frame, transport + kUdpLength, frame.size() - transport);
    return;
  }
  if (transport + TcpHeader::kSize > frame.size()) return;
  const MutableBytes header = frame.subspan(transport);
  const auto sequence = load_big<std::uint32_t>(header, TcpHeader::kSequenceOffset);
  store_big(header, TcpHeader::kSequenceOffset, sequence + segment.payload_before);
  if (!segment.last) header[TcpHeader::kFlagsOffset] &= ~TcpHeader::kFlagsOfTheLast;
}

// The sum of the pseudo-header that drivers give knows no length.
void add_length(MutableBytes frame, const SumPlace& place) {
  ChecksumSum sum;
  sum.add16(get16(frame, place.at));
  sum.add32(static_cast<std::uint32_t>(frame.size() - std::min(place.start, frame.size())));
  put16(frame, place.at, sum.folded());
}

}  // namespace

Context Context::of(const ContextDescriptor& descriptor) {
  const std::uint32_t word = descriptor.paylen_dtyp_tucmd;
  const std::uint32_t tucmd = word >> 24;
  return {
      .ip = {.start = descriptor.ipcss, .at = descriptor.ipcso, .last = descriptor.ipcse},
      .transport = {.start = descriptor.tucss, .at = descriptor.tucso, .last = descriptor.tucse},
      .paylen = word & kTxDtalen,
      .mss = descriptor.mss,
      .hdrlen = descriptor.hdrlen,
      .is_tcp = (tucmd & kTucmdTcp) != 0,
      .is_v4 = (tucmd & kTucmdIp) != 0};
}

void insert_sum(MutableBytes frame, const SumPlace& place) {
  if (is_within(frame, place)) store_big(frame, place.at, sum_of(frame, place));
}

Offload insert_transport_sum(MutableBytes frame, const SumPlace& place) {
  const PacketLayout layout = PacketLayout::of(frame, EthernetHeader::kSize);
  if (agrees(layout, place, frame.size()) && layout.has_checksum(frame.size())) {
    return {.checksum = ChecksumState::kPartial,
            .checksum_start = static_cast<std::uint16_t>(place.start),
            .checksum_offset = static_cast<std::uint16_t>(place.at - place.start)};
  }
  if (!is_within(frame, place)) return {};
  const std::uint16_t sum = sum_of(frame, place);
  // Zero would mean that there is none (RFC 768), and is as good as all ones to everybody else.
  store_big(frame, place.at, sum == 0 ? std::uint16_t{0xffff} : sum);
  return {};
}

bool may_be_cut_later(Bytes header, const Context& context, std::uint8_t popts) {
  const PacketLayout layout = PacketLayout::of(header, EthernetHeader::kSize);
  if (!context.is_tcp || layout.protocol != IpProtocol::kTcp) return false;
  if ((popts & kPoptsTxsm) == 0 || context.transport.last != 0) return false;
  if (!agrees(layout, context.transport, header.size())) return false;
  if (context.ip.start != layout.ip) return false;
  if (layout.transport + TcpHeader::kSize > header.size()) return false;
  const std::size_t tcp = std::size_t{4} * (header[layout.transport + kTcpDataOffset] >> 4);
  if (tcp < TcpHeader::kSize || layout.transport + tcp != header.size()) return false;
  if (layout.network == PacketLayout::Network::kIpv6) return !context.is_v4;
  return context.is_v4 && (popts & kPoptsIxsm) != 0 &&
         context.ip.at == layout.ip + Ipv4Header::kChecksumOffset &&
         context.ip.last + 1 == layout.transport;
}

Offload finish_segment(MutableBytes frame, const Context& context, std::uint8_t popts,
                       const Segment& segment) {
  finish_ip(frame, context, segment);
  finish_transport(frame, context, segment);
  if ((popts & kPoptsIxsm) != 0) insert_sum(frame, context.ip);
  if ((popts & kPoptsTxsm) == 0) return {};
  add_length(frame, context.transport);
  Offload offload = insert_transport_sum(frame, context.transport);
  if (segment.cut_later && frame.size() > std::size_t{context.hdrlen} + context.mss) {
    Ensures(offload.checksum == ChecksumState::kPartial);
    offload.segmentation = context.is_v4 ? Segmentation::kTcp4 : Segmentation::kTcp6;
    offload.segment_size = context.mss;
    offload.header_size = context.hdrlen;
  }
  return offload;
}

}  // namespace sluice::e1000
