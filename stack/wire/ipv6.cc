#include "stack/wire/ipv6.h"

#include <algorithm>

#include <gsl/assert>

#include "stack/wire/layout.h"

namespace sluice {
namespace {

using Error = Ipv6View::Error;
using Reason = Error::Reason;
using Octets = std::array<std::uint8_t, 16>;

struct Layout {
  Big32 version_class_label;  // 6, 8 bits of class, 20 of label
  Big16 payload_length;
  std::uint8_t next_header;
  std::uint8_t hop_limit;
  Octets source;
  Octets destination;
};
static_assert(sizeof(Layout) == Ipv6Header::kSize);

struct FragmentLayout {
  std::uint8_t next_header;
  std::uint8_t reserved;
  Big16 offset_and_more;  // the offset in units of 8 bytes is in the upper 13 bits: no shift
  Big32 identification;
};
static_assert(sizeof(FragmentLayout) == Ipv6FragmentHeader::kSize);

constexpr std::uint32_t kLargestFlowLabel = 0xfffff;

constexpr std::uint16_t kOffsetMask = 0xfff8;
constexpr std::uint16_t kMoreFragments = 1;
constexpr std::size_t kFragmentFieldOffset = 2;  // in the fragment header
constexpr std::size_t kLargestPayload = 65535;   // what payload_length can say

// Extension headers other than that of a fragment begin alike: what follows, and their size in
// units of 8 bytes, the first one not counted.
constexpr std::size_t kUnit = 8;
constexpr std::size_t kRoutingTypeOffset = 2;
constexpr std::size_t kSegmentsLeftOffset = 3;
constexpr std::size_t kOptionsOffset = 2;
constexpr std::uint8_t kPad1 = 0;  // the one option without a length

// What an option's upper two bits ask of those who don't know it (section 4.2).
enum class Action : std::uint8_t { kSkip, kDiscard, kAnswer, kAnswerUnlessMulticast };

bool is_extension(IpProtocol protocol) {
  return protocol == IpProtocol::kHopByHop || protocol == IpProtocol::kRouting ||
         protocol == IpProtocol::kFragment || protocol == IpProtocol::kDestinationOptions;
}

// Bytes of the extension header that begins with `rest`; nullopt if they are not all there.
std::optional<std::size_t> extension_size(IpProtocol protocol, Bytes rest) {
  if (rest.size() < kUnit) return std::nullopt;
  const std::size_t size =
      protocol == IpProtocol::kFragment ? Ipv6FragmentHeader::kSize : (rest[1] + 1U) * kUnit;
  if (size > rest.size()) return std::nullopt;
  return size;
}

// What a first fragment has to hold of a transport header (RFC 7112, section 5).
std::size_t transport_header_size(IpProtocol protocol) {
  switch (protocol) {
    case IpProtocol::kTcp:
      return 20;
    case IpProtocol::kUdp:
    case IpProtocol::kIcmpv6:
      return 8;
    default:
      return 0;
  }
}

// Why a packet is refused, before it is known whether its sender may be told.
struct Refusal {
  Reason reason;
  std::optional<Icmpv6Problem> answer;
  bool even_to_multicast = false;
};

Refusal refusal(Reason reason, Icmpv6ProblemCode code, std::size_t pointer) {
  return {reason, Icmpv6Problem{code, static_cast<std::uint32_t>(pointer)}};
}

std::optional<Refusal> check_option(std::uint8_t type, std::size_t at) {
  const auto action = static_cast<Action>(type >> 6);
  if (action == Action::kSkip) return std::nullopt;
  if (action == Action::kDiscard) return Refusal{Reason::kUnsupported, {}};
  Refusal refused = refusal(Reason::kUnsupported, Icmpv6ProblemCode::kUnrecognizedOption, at);
  refused.even_to_multicast = action == Action::kAnswer;
  return refused;
}

// The options of `header`, which begins at `offset` of the packet. We know padding and none
// besides.
std::optional<Refusal> check_options(Bytes header, std::size_t offset) {
  std::size_t at = kOptionsOffset;
  while (at < header.size()) {
    if (header[at] == kPad1) {
      ++at;
      continue;
    }
    const std::size_t room = header.size() - at;
    if (room < 2 || header[at + 1] > room - 2) {
      return refusal(Reason::kMalformed, Icmpv6ProblemCode::kErroneousField, offset + at);
    }
    if (const auto refused = check_option(header[at], offset + at)) return refused;
    at += 2U + header[at + 1];
  }
  return std::nullopt;
}

// A place in the chain: what begins there, and where that is said.
struct Place {
  IpProtocol protocol{};
  std::size_t named_at = 0;
  std::size_t offset = 0;
};

// What a walk finds. The fragment header lies at `fragment_place`.
struct Chain {
  Place payload;
  Place fragment_place;
  std::optional<Ipv6FragmentHeader> fragment;

  bool has_first_piece() const { return fragment && fragment->offset == 0 && !is_whole(); }
  bool is_whole() const { return !fragment || fragment->is_atomic(); }
};

class Walk {
 public:
  explicit Walk(Bytes packet)
      : packet_(packet),
        at_{static_cast<IpProtocol>(packet[Ipv6Header::kNextHeaderOffset]),
            Ipv6Header::kNextHeaderOffset, Ipv6Header::kSize} {}

  // Goes along the chain to its end, or to where the packet has to be refused.
  std::optional<Refusal> run() {
    for (unsigned taken = 0; is_extension(at_.protocol); ++taken) {
      if (taken == Ipv6View::kMaxExtensions) return Refusal{Reason::kMalformed, {}};
      if (const auto refused = step()) return refused;
      if (chain_.fragment && chain_.fragment->offset != 0) return std::nullopt;
    }
    const std::size_t left = packet_.size() - at_.offset;
    if (chain_.has_first_piece() && left < transport_header_size(at_.protocol)) return cut_short();
    if (chain_.is_whole()) chain_.payload = at_;
    return std::nullopt;
  }

  const Chain& chain() const { return chain_; }

 private:
  // The chain does not end within the packet. Only RFC 7112 has an answer to that.
  Refusal cut_short() const {
    if (!chain_.has_first_piece()) return {Reason::kMalformed, {}};
    return refusal(Reason::kMalformed, Icmpv6ProblemCode::kIncompleteHeaderChain, 0);
  }

  // Passes over the one extension header at at_.
  std::optional<Refusal> step() {
    // It is a hop-by-hop header directly behind the IPv6 header only, and unknown elsewhere.
    if (at_.protocol == IpProtocol::kHopByHop && at_.offset != Ipv6Header::kSize) {
      return refusal(Reason::kMalformed, Icmpv6ProblemCode::kUnrecognizedNextHeader, at_.named_at);
    }
    const auto size = extension_size(at_.protocol, packet_.subspan(at_.offset));
    if (!size) return cut_short();
    const Bytes header = packet_.subspan(at_.offset, *size);
    const Place behind{static_cast<IpProtocol>(header[0]), at_.offset, at_.offset + *size};
    std::optional<Refusal> refused;
    if (at_.protocol == IpProtocol::kFragment) {
      refused = take_fragment(header);
      chain_.payload = behind;
    } else if (at_.protocol == IpProtocol::kRouting) {
      refused = check_routing(header);
    } else {
      refused = check_options(header, at_.offset);
    }
    at_ = behind;
    return refused;
  }

  // Whatever its type: a route that leads nowhere any more is passed over (section 4.4), that of
  // type 0 like all others (RFC 5095, section 3).
  std::optional<Refusal> check_routing(Bytes header) const {
    if (header[kSegmentsLeftOffset] == 0) return std::nullopt;
    return refusal(Reason::kUnsupported, Icmpv6ProblemCode::kErroneousField,
                   at_.offset + kRoutingTypeOffset);
  }

  std::optional<Refusal> take_fragment(Bytes header) {
    if (chain_.fragment) return Refusal{Reason::kMalformed, {}};  // a fragment of a fragment
    chain_.fragment = Ipv6FragmentHeader::parse(header);
    chain_.fragment_place = at_;
    const std::size_t data = packet_.size() - at_.offset - header.size();
    if (chain_.fragment->more_fragments && data % kUnit != 0) {
      return refusal(Reason::kMalformed, Icmpv6ProblemCode::kErroneousField,
                     Ipv6Header::kPayloadLengthOffset);
    }
    if (at_.offset - Ipv6Header::kSize + chain_.fragment->offset + data > kLargestPayload) {
      return refusal(Reason::kMalformed, Icmpv6ProblemCode::kErroneousField,
                     at_.offset + kFragmentFieldOffset);
    }
    return std::nullopt;
  }

  Bytes packet_;
  Place at_;
  Chain chain_;
};

// Whether a refused packet carries what is never answered by an error: an error or a redirect. Goes
// along the chain whatever its headers say, for the walk may have stopped at any of them.
bool carries_error(Bytes packet) {
  auto protocol = static_cast<IpProtocol>(packet[Ipv6Header::kNextHeaderOffset]);
  std::size_t offset = Ipv6Header::kSize;
  for (unsigned taken = 0; taken < Ipv6View::kMaxExtensions && is_extension(protocol); ++taken) {
    const Bytes rest = packet.subspan(offset);
    const auto size = extension_size(protocol, rest);
    if (!size) return false;
    if (protocol == IpProtocol::kFragment && Ipv6FragmentHeader::parse(rest)->offset != 0) {
      return false;
    }
    protocol = static_cast<IpProtocol>(rest[0]);
    offset += *size;
  }
  if (protocol != IpProtocol::kIcmpv6 || offset == packet.size()) return false;
  const auto type = static_cast<Icmpv6Type>(packet[offset]);
  return is_error(type) || type == Icmpv6Type::kRedirect;
}

bool may_be_told(Bytes packet, const Refusal& refused) {
  const auto layout = wire::load<Layout>(packet);
  const IpAddress source = IpAddress::v6(layout.source);
  if (source.is_unspecified() || source.is_multicast()) return false;
  if (IpAddress::v6(layout.destination).is_multicast() && !refused.even_to_multicast) return false;
  return !carries_error(packet);
}

Ipv6Header header_of(const Layout& layout) {
  const std::uint32_t first = layout.version_class_label;
  return {.traffic_class = static_cast<std::uint8_t>(first >> 20),
          .flow_label = first & kLargestFlowLabel,
          .payload_length = layout.payload_length,
          .next_header = static_cast<IpProtocol>(layout.next_header),
          .hop_limit = layout.hop_limit,
          .source = IpAddress::v6(layout.source),
          .destination = IpAddress::v6(layout.destination)};
}

std::nullopt_t failed(Error* to, Reason reason,
                      const std::optional<Icmpv6Problem>& answer = std::nullopt) {
  if (to != nullptr) *to = {reason, answer};
  return std::nullopt;
}

}  // namespace

void Ipv6Header::emit(MutableBytes into) const {
  Expects(flow_label <= kLargestFlowLabel && !source.is_v4() && !destination.is_v4());
  const std::uint32_t first =
      std::uint32_t{6} << 28 | static_cast<std::uint32_t>(traffic_class) << 20 | flow_label;
  wire::store(Layout{first, payload_length, static_cast<std::uint8_t>(next_header), hop_limit,
                     source.octets(), destination.octets()},
              into);
}

std::optional<Ipv6FragmentHeader> Ipv6FragmentHeader::parse(Bytes bytes) {
  if (bytes.size() < kSize) return std::nullopt;
  const auto layout = wire::load<FragmentLayout>(bytes);
  const std::uint16_t field = layout.offset_and_more;
  return Ipv6FragmentHeader{.next_header = static_cast<IpProtocol>(layout.next_header),
                            .offset = static_cast<std::uint16_t>(field & kOffsetMask),
                            .more_fragments = (field & kMoreFragments) != 0,
                            .identification = layout.identification};
}

void Ipv6FragmentHeader::emit(MutableBytes into) const {
  Expects(offset % kUnit == 0);
  const std::uint16_t more = more_fragments ? kMoreFragments : 0;
  wire::store(FragmentLayout{static_cast<std::uint8_t>(next_header), 0,
                             static_cast<std::uint16_t>(offset | more), identification},
              into);
}

std::optional<Ipv6View> Ipv6View::parse(Bytes packet, Error* error, std::size_t behind) {
  if (packet.size() < Ipv6Header::kSize) return failed(error, Reason::kTruncated);
  const auto layout = wire::load<Layout>(packet);
  const std::size_t total = Ipv6Header::kSize + layout.payload_length;
  const bool jumbogram = layout.payload_length == 0 &&
                         static_cast<IpProtocol>(layout.next_header) == IpProtocol::kHopByHop;
  if (layout.version_class_label >> 28 != 6 || jumbogram || IpAddress::v6(layout.source).is_v4() ||
      IpAddress::v6(layout.destination).is_v4()) {
    return failed(error, Reason::kMalformed);
  }
  if (packet.size() + behind < total) return failed(error, Reason::kTruncated);

  Ipv6View view(packet.first(std::min(total, packet.size())));
  Walk walk(view.packet_);
  if (const auto refused = walk.run()) {
    const bool told = refused->answer && may_be_told(view.packet_, *refused);
    return failed(error, refused->reason, told ? refused->answer : std::nullopt);
  }
  const Chain& chain = walk.chain();
  view.fragment_ = chain.fragment;
  view.fragment_named_at_ = chain.fragment_place.named_at;
  view.unfragmentable_size_ = chain.fragment_place.offset;
  view.protocol_ = chain.payload.protocol;
  view.protocol_named_at_ = chain.payload.named_at;
  view.payload_offset_ = chain.payload.offset;
  // What lies behind "no next header" is to be ignored (section 4.7).
  if (view.protocol_ == IpProtocol::kNoNextHeader && chain.is_whole()) {
    view.payload_offset_ = view.packet_.size();
  }
  return view;
}

std::optional<Ipv6Header> Ipv6Header::parse(Bytes packet) {
  if (packet.size() < kSize) return std::nullopt;
  const auto layout = wire::load<Layout>(packet);
  const Ipv6Header header = header_of(layout);
  if (layout.version_class_label >> 28 != 6 || header.source.is_v4() ||
      header.destination.is_v4()) {
    return std::nullopt;
  }
  return header;
}

Ipv6Header Ipv6View::header() const {
  return header_of(wire::load<Layout>(packet_));
}

}  // namespace sluice
