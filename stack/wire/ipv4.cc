#include "stack/wire/ipv4.h"

#include <algorithm>

#include <gsl/assert>

#include "stack/checksum.h"
#include "stack/wire/layout.h"

namespace sluice {
namespace {

struct Layout {
  std::uint8_t version_and_size;  // 4 and the header's size in words
  std::uint8_t tos;
  Big16 total_length;
  Big16 identification;
  Big16 flags_and_offset;
  std::uint8_t ttl;
  std::uint8_t protocol;
  Big16 checksum;
  Big32 source;
  Big32 destination;
};
static_assert(sizeof(Layout) == Ipv4Header::kSize);

constexpr std::uint16_t kDontFragment = 0x4000;
constexpr std::uint16_t kMoreFragments = 0x2000;
constexpr std::uint16_t kOffsetMask = 0x1fff;  // in units of 8 bytes

std::nullopt_t failed(Ipv4View::Error* to, Ipv4View::Error error) {
  if (to != nullptr) *to = error;
  return std::nullopt;
}

}  // namespace

void Ipv4Header::emit(MutableBytes into) const {
  Expects(fragment_offset % 8 == 0);
  const std::uint16_t flags =
      (dont_fragment ? kDontFragment : 0) | (more_fragments ? kMoreFragments : 0);
  wire::store(Layout{0x45, tos, total_length, identification,
                     static_cast<std::uint16_t>(flags | fragment_offset / 8), ttl,
                     static_cast<std::uint8_t>(protocol), std::uint16_t{0}, source.v4_bits(),
                     destination.v4_bits()},
              into);
  store_big(into, kChecksumOffset, internet_checksum(into.first(kSize)));
}

std::optional<Ipv4View> Ipv4View::parse(Bytes packet, Error* error, std::size_t behind) {
  if (packet.size() < Ipv4Header::kSize) return failed(error, Error::kTruncated);
  const auto layout = wire::load<Layout>(packet);
  const std::size_t header_size = std::size_t{layout.version_and_size & 0xfU} * 4;
  const std::size_t total = layout.total_length;
  if (layout.version_and_size >> 4 != 4 || header_size < Ipv4Header::kSize || total < header_size) {
    return failed(error, Error::kMalformed);
  }
  if (packet.size() < header_size || packet.size() + behind < total) {
    return failed(error, Error::kTruncated);
  }
  if (internet_checksum(packet.first(header_size)) != 0) return failed(error, Error::kBadChecksum);
  return Ipv4View(packet.first(std::min(total, packet.size())), header_size);
}

Ipv4Header Ipv4View::header() const {
  const auto layout = wire::load<Layout>(packet_);
  const std::uint16_t flags = layout.flags_and_offset;
  return {.tos = layout.tos,
          .total_length = layout.total_length,
          .identification = layout.identification,
          .dont_fragment = (flags & kDontFragment) != 0,
          .more_fragments = (flags & kMoreFragments) != 0,
          .fragment_offset = static_cast<std::uint16_t>((flags & kOffsetMask) * 8),
          .ttl = layout.ttl,
          .protocol = static_cast<IpProtocol>(layout.protocol),
          .source = IpAddress::v4(layout.source),
          .destination = IpAddress::v4(layout.destination)};
}

bool Ipv4View::is_fragment() const {
  return (wire::load<Layout>(packet_).flags_and_offset & (kMoreFragments | kOffsetMask)) != 0;
}

Bytes Ipv4View::options() const {
  return packet_.subspan(Ipv4Header::kSize, header_size_ - Ipv4Header::kSize);
}

}  // namespace sluice
