#include "stack/segmenter.h"

#include <algorithm>

#include <gsl/assert>

#include "stack/checksum.h"
#include "stack/wire/ethernet.h"
#include "stack/wire/ipv4.h"
#include "stack/wire/ipv6.h"
#include "stack/wire/tcp.h"
#include "stack/wire/udp.h"

namespace sluice {
namespace {

// Zero would mean that there is none (RFC 768), and is as good as all ones to everybody else.
std::uint16_t never_zero(std::uint16_t checksum) {
  return checksum == 0 ? 0xffff : checksum;
}

// One's complement subtraction.
std::uint16_t without(std::uint16_t sum, std::uint16_t part) {
  ChecksumSum rest;
  rest.add16(sum);
  rest.add16(static_cast<std::uint16_t>(~part));
  return rest.folded();
}

// Writes one field of an IPv4 header, and the checksum that the header then has.
void rewrite(MutableBytes ip, std::size_t offset, std::uint16_t value) {
  const auto before = load_big<std::uint16_t>(ip, offset);
  const auto checksum = load_big<std::uint16_t>(ip, Ipv4Header::kChecksumOffset);
  store_big(ip, offset, value);
  store_big(ip, Ipv4Header::kChecksumOffset, updated_checksum(checksum, before, value));
}

constexpr std::size_t kTag = 4;  // bytes of a VLAN tag (IEEE 802.1Q-2018, section 9.3)

bool is_tag(std::uint16_t type) {
  constexpr std::uint16_t kCustomer = 0x8100;
  constexpr std::uint16_t kService = 0x88a8;
  return type == kCustomer || type == kService;
}

// Where the header of IP begins: behind two tags at most.
std::size_t ip_offset(Bytes frame) {
  constexpr std::size_t kMost = EthernetHeader::kSize + 2 * kTag;
  std::size_t at = EthernetHeader::kSize;
  while (at < kMost && at + kTag <= frame.size() &&
         is_tag(load_big<std::uint16_t>(frame, at - sizeof(std::uint16_t)))) {
    at += kTag;
  }
  return at;
}

}  // namespace

std::size_t headers_size(const Frame& frame) {
  const Offload& offload = frame.offload;
  if (offload.segmentation != Segmentation::kNone) return offload.header_size;
  if (offload.checksum != ChecksumState::kPartial) return EthernetHeader::kSize;
  return std::size_t{offload.checksum_start} + offload.checksum_offset + sizeof(std::uint16_t);
}

bool can_be_cut(Bytes frame, const Offload& offload) {
  const std::size_t ip = ip_offset(frame);
  if (offload.checksum != ChecksumState::kPartial || offload.segment_size == 0 ||
      offload.header_size > frame.size() || ip >= frame.size()) {
    return false;
  }
  const std::size_t payload = frame.size() - offload.header_size;
  if (payload > kMaxSegmentsOfAFrame * offload.segment_size) return false;
  const bool v4 = frame[ip] >> 4 == 4;
  const bool udp = offload.segmentation == Segmentation::kUdp;
  if (!udp && v4 != (offload.segmentation == Segmentation::kTcp4)) return false;
  if (!v4 && frame[ip] >> 4 != 6) return false;
  const std::size_t transport = udp ? UdpHeader::kSize : TcpHeader::kSize;
  const std::size_t checksum = udp ? UdpHeader::kChecksumOffset : TcpHeader::kChecksumOffset;
  return ip + (v4 ? Ipv4Header::kSize : Ipv6Header::kSize) <= offload.checksum_start &&
         offload.checksum_offset == checksum &&
         offload.checksum_start + transport <= offload.header_size;
}

void complete_checksum(MutableBytes head, gsl::span<const Bytes> payload, const Offload& offload) {
  if (offload.checksum != ChecksumState::kPartial) return;
  // The field holds the sum of the pseudo-header, so that it is added by being there.
  ChecksumSum sum;
  sum.add(head.subspan(offload.checksum_start));
  for (const Bytes piece : payload) sum.add(piece);
  store_big(head, std::size_t{offload.checksum_start} + offload.checksum_offset,
            never_zero(sum.checksum()));
}

Segmenter::Segmenter(Bytes head, gsl::span<const Bytes> payload, const Offload& offload)
    : headers_(head.first(offload.header_size)),
      segment_size_(offload.segment_size),
      ip_(ip_offset(head)),
      transport_(offload.checksum_start),
      checksum_offset_(offload.checksum_offset),
      v4_(head[ip_] >> 4 == 4),
      tcp_(offload.segmentation != Segmentation::kUdp) {
  Expects(offload.segmentation != Segmentation::kNone);
  Expects(can_be_cut(head, offload));
  Expects(payload.size() <= Link::kMaxPieces);
  pieces_[0] = head.subspan(headers_.size());
  std::copy(payload.begin(), payload.end(), pieces_.begin() + 1);
  left_ = total_size(pieces_);
  const std::size_t whole = headers_.size() - transport_ + left_;
  pseudo_header_ = without(load_big<std::uint16_t>(headers_, transport_ + checksum_offset_),
                           static_cast<std::uint16_t>(whole));
  if (tcp_) sequence_ = load_big<std::uint32_t>(head, transport_ + TcpHeader::kSequenceOffset);
}

std::size_t Segmenter::next_size() const {
  return left_ == 0 ? 0 : headers_.size() + std::min(segment_size_, left_);
}

std::size_t Segmenter::next(MutableBytes into) {
  const std::size_t size = std::min(segment_size_, left_);
  if (size == 0) return 0;
  const MutableBytes frame = into.first(next_size());
  copy_bytes(headers_, frame);
  take_payload(frame.subspan(headers_.size()));

  const MutableBytes segment = frame.subspan(transport_);
  if (tcp_) {
    store_big(segment, TcpHeader::kSequenceOffset, sequence_);
    sequence_ += static_cast<std::uint32_t>(size);
    if (left_ > 0) segment[TcpHeader::kFlagsOffset] &= ~TcpHeader::kFlagsOfTheLast;
  } else {
    store_big(segment, UdpHeader::kLengthOffset, static_cast<std::uint16_t>(segment.size()));
  }
  ChecksumSum sum;
  sum.add16(pseudo_header_);
  sum.add16(static_cast<std::uint16_t>(segment.size()));
  store_big(segment, checksum_offset_, std::uint16_t{0});
  sum.add(segment);
  store_big(segment, checksum_offset_, tcp_ ? sum.checksum() : never_zero(sum.checksum()));

  finish_ip(frame.subspan(ip_), frame.size() - ip_);
  ++index_;
  return frame.size();
}

void Segmenter::take_payload(MutableBytes into) {
  left_ -= into.size();
  for (Bytes& piece : pieces_) {
    const Bytes part = piece.first(std::min(piece.size(), into.size()));
    copy_bytes(part, into);
    piece = piece.subspan(part.size());
    into = into.subspan(part.size());
  }
}

void Segmenter::finish_ip(MutableBytes ip, std::size_t size) const {
  if (!v4_) {
    store_big(ip, Ipv6Header::kPayloadLengthOffset,
              static_cast<std::uint16_t>(size - Ipv6Header::kSize));
    return;
  }
  rewrite(ip, Ipv4Header::kTotalLengthOffset, static_cast<std::uint16_t>(size));
  // TCP's segments are never cut, and need no identification (RFC 6864, section 4.1). Datagrams may
  // be, on their way, and need one each.
  if (tcp_) return;
  const auto first = load_big<std::uint16_t>(ip, Ipv4Header::kIdentificationOffset);
  rewrite(ip, Ipv4Header::kIdentificationOffset, static_cast<std::uint16_t>(first + index_));
}

}  // namespace sluice
