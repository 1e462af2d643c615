#include "stack/ip_header.h"

#include <gsl/assert>

#include "stack/wire/ipv4.h"
#include "stack/wire/ipv6.h"

namespace sluice {
namespace {

Ipv4Header v4_header(const IpHeader& header, std::size_t payload) {
  return {.total_length = static_cast<std::uint16_t>(Ipv4Header::kSize + payload),
          .identification = static_cast<std::uint16_t>(header.identification.value_or(0)),
          .dont_fragment = !header.identification.has_value(),
          .ttl = header.hop_limit,
          .protocol = header.protocol,
          .source = header.source,
          .destination = header.destination};
}

Ipv6Header v6_header(const IpHeader& header, std::size_t payload) {
  return {.payload_length = static_cast<std::uint16_t>(payload),
          .next_header = header.protocol,
          .hop_limit = header.hop_limit,
          .source = header.source,
          .destination = header.destination};
}

}  // namespace

std::size_t IpHeader::size_for(const IpAddress& address) {
  return address.is_v4() ? Ipv4Header::kSize : Ipv6Header::kSize;
}

std::size_t IpHeader::fragment_size() const {
  return destination.is_v4() ? Ipv4Header::kSize : Ipv6Header::kSize + Ipv6FragmentHeader::kSize;
}

void IpHeader::emit(MutableBytes into, std::size_t payload) const {
  if (destination.is_v4()) {
    v4_header(*this, payload).emit(into);
  } else {
    v6_header(*this, payload).emit(into);
  }
}

void IpHeader::emit_fragment(MutableBytes into, std::size_t payload, std::size_t offset,
                             bool more) const {
  Expects(identification.has_value());
  if (destination.is_v4()) {
    Ipv4Header header = v4_header(*this, payload);
    header.fragment_offset = static_cast<std::uint16_t>(offset);
    header.more_fragments = more;
    header.emit(into);
    return;
  }
  Ipv6Header header = v6_header(*this, Ipv6FragmentHeader::kSize + payload);
  header.next_header = IpProtocol::kFragment;
  header.emit(into);
  Ipv6FragmentHeader{.next_header = protocol,
                     .offset = static_cast<std::uint16_t>(offset),
                     .more_fragments = more,
                     .identification = *identification}
      .emit(into.subspan(Ipv6Header::kSize));
}

}  // namespace sluice
