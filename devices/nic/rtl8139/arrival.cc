#include "devices/nic/rtl8139/arrival.h"

#include <algorithm>

#include <gsl/assert>

#include "devices/nic/ethernet_crc.h"
#include "devices/nic/ip_layout.h"
#include "devices/nic/rtl8139/registers.h"
#include "stack/checksum.h"
#include "stack/wire/ethernet.h"
#include "stack/wire/udp.h"

namespace sluice::rtl8139 {
namespace {

constexpr std::size_t kAddresses = 2 * MacAddress::kSize;
constexpr std::size_t kTagSize = 4;
constexpr std::uint16_t kTagProtocol = 0x8100;
constexpr std::array<std::uint8_t, EthernetHeader::kMinFrame + Arrival::kCrcSize> kZeros{};

// The sum of a frame's bytes from `from` to `end`.
ChecksumSum sum_of(gsl::span<const Bytes> pieces, std::size_t from, std::size_t end) {
  ChecksumSum sum;
  std::size_t at = 0;
  for (const Bytes piece : pieces) {
    const std::size_t begin = std::clamp(from, at, at + piece.size()) - at;
    const std::size_t stop = std::clamp(end, at, at + piece.size()) - at;
    sum.add(piece.subspan(begin, stop - begin));
    at += piece.size();
  }
  return sum;
}

}  // namespace

Match Filter::match(const MacAddress& destination, std::uint32_t rcr) const {
  if (destination == MacAddress::broadcast()) {
    return (rcr & kRcrAb) != 0 ? Match::kBroadcast : Match::kNone;
  }
  if (destination.is_group()) {
    EthernetCrc crc;
    crc.add(destination.octets());
    const unsigned hash = crc.remainder() >> 26;
    const bool chosen = (hashes.at(hash / 8) >> (hash % 8) & 1) != 0;
    return chosen && (rcr & kRcrAm) != 0 ? Match::kMulticast : Match::kNone;
  }
  const bool ours = destination == station;
  if (ours && (rcr & (kRcrApm | kRcrAap)) != 0) return Match::kPhysical;
  return (rcr & kRcrAap) != 0 ? Match::kOtherPhysical : Match::kNone;
}

Arrival::Arrival(Match match, MutableBytes head, gsl::span<const Bytes> payload,
                 ChecksumState checksum)
    : match_(match), head_(head), checksum_(checksum) {
  Expects(head.size() >= EthernetHeader::kSize && payload.size() <= Link::kMaxPieces);
  std::copy(payload.begin(), payload.end(), pieces_.begin() + 1);
  count_ = 1 + payload.size() + 1;
  frame_size_ = head.size() + total_size(payload);
  finish();
}

void Arrival::finish() {
  const std::size_t padded = std::max(frame_size_, EthernetHeader::kMinFrame);
  pieces_.front() = head_;
  pieces_.at(count_ - 1) = Bytes(kZeros).first(padded - frame_size_ + kCrcSize);
  size_ = padded + kCrcSize;
}

std::optional<std::array<std::uint8_t, 2>> Arrival::take_tag() {
  if (head_.size() < EthernetHeader::kSize + kTagSize ||
      load_big<std::uint16_t>(head_, kAddresses) != kTagProtocol) {
    return std::nullopt;
  }
  const std::array<std::uint8_t, 2> tag{head_[kAddresses + 2], head_[kAddresses + 3]};
  std::copy_backward(head_.begin(), head_.begin() + static_cast<std::ptrdiff_t>(kAddresses),
                     head_.begin() + static_cast<std::ptrdiff_t>(kAddresses + kTagSize));
  head_ = head_.subspan(kTagSize);
  frame_size_ -= kTagSize;
  finish();
  return tag;
}

Verdict Arrival::verdict() const {
  using Protocol = Verdict::Protocol;
  const auto layout = IpLayout::find(head_, frame_size_);
  if (!layout || !layout->v4) return {};
  Verdict verdict{.protocol = Protocol::kIp};
  verdict.ip_fails =
      internet_checksum(head_.subspan(layout->ip, layout->transport - layout->ip)) != 0;
  const auto field = layout->checksum_offset();
  // Nobody can tell for a part of a segment or datagram.
  if (!field || layout->transport + *field + 2 > head_.size()) return verdict;
  const bool tcp = layout->protocol == IpProtocol::kTcp;
  verdict.protocol = tcp ? Protocol::kTcp : Protocol::kUdp;
  // Of UDP, zero means that none was computed (RFC 768).
  const bool none = !tcp && load_big<std::uint16_t>(head_, layout->transport + *field) == 0;
  if (checksum_ == ChecksumState::kVerified || none) return verdict;
  ChecksumSum sum = sum_of(pieces(), layout->transport, layout->end);
  // Behind an odd number of bytes nothing more may be added.
  ChecksumSum whole;
  whole.add16(sum.folded());
  whole.add16(pseudo_header_sum(head_, *layout, layout->end - layout->transport));
  (tcp ? verdict.tcp_fails : verdict.udp_fails) = whole.checksum() != 0;
  return verdict;
}

}  // namespace sluice::rtl8139
