#include "stack/wire/ipv4.h"

#include <gsl/assert>

#include "stack/checksum.h"
#include "stack/wire/layout.h"

namespace sluice {
namespace {

struct Layout {
  std::uint8_t version_and_words;
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

}  // namespace

void Ipv4Header::emit(MutableBytes into) const {
  Expects(fragment_offset % 8 == 0);
  const unsigned flags = (dont_fragment ? kDontFragment : 0U) |
                         (more_fragments ? kMoreFragments : 0U) | fragment_offset / 8U;
  Layout layout{
      .version_and_words = 0x45,
      .tos = tos,
      .total_length = total_length,
      .identification = identification,
      .flags_and_offset = static_cast<std::uint16_t>(flags),
      .ttl = ttl,
      .protocol = static_cast<std::uint8_t>(protocol),
      .checksum = {},
      .source = source.v4_bits(),
      .destination = destination.v4_bits(),
  };
  wire::store(layout, into);
  layout.checksum = internet_checksum(into.first(kSize));
  wire::store(layout, into);
}

std::optional<Ipv4View> Ipv4View::parse(Bytes packet, Error* error) {
  const auto fail = [error](Error reason) {
    if (error != nullptr) *error = reason;
    return std::nullopt;
  };
  if (packet.size() < Ipv4Header::kSize) return fail(Error::kTruncated);
  const auto layout = wire::load<Layout>(packet);
  const std::size_t header_size = std::size_t{4} * (layout.version_and_words & 15U);
  if (layout.version_and_words >> 4 != 4 || header_size < Ipv4Header::kSize ||
      layout.total_length < header_size) {
    return fail(Error::kMalformed);
  }
  // The header lies within total_length, so this covers it too.
  if (layout.total_length > packet.size()) return fail(Error::kTruncated);
  if (internet_checksum(packet.first(header_size)) != 0) return fail(Error::kBadChecksum);
  return Ipv4View(packet.first(layout.total_length), header_size);
}

Ipv4Header Ipv4View::header() const {
  const auto layout = wire::load<Layout>(packet_);
  return {
      .tos = layout.tos,
      .total_length = layout.total_length,
      .identification = layout.identification,
      .dont_fragment = (layout.flags_and_offset & kDontFragment) != 0,
      .more_fragments = (layout.flags_and_offset & kMoreFragments) != 0,
      .fragment_offset = static_cast<std::uint16_t>((layout.flags_and_offset & kOffsetMask) * 8),
      .ttl = layout.ttl,
      .protocol = static_cast<IpProtocol>(layout.protocol),
      .source = IpAddress::v4(layout.source),
      .destination = IpAddress::v4(layout.destination),
  };
}

bool Ipv4View::is_fragment() const {
  const auto layout = wire::load<Layout>(packet_);
  return (layout.flags_and_offset & (kMoreFragments | kOffsetMask)) != 0;
}

Bytes Ipv4View::options() const {
  return packet_.subspan(Ipv4Header::kSize, header_size_ - Ipv4Header::kSize);
}

}  // namespace sluice
