#include "stack/wire/ndp.h"

#include <gsl/assert>

#include "stack/wire/icmpv6.h"
#include "stack/wire/layout.h"

namespace sluice {
namespace {

// All messages begin with their type, code and checksum.
struct RouterSolicitationLayout {
  std::uint8_t type;
  std::uint8_t code;
  Big16 checksum;
  Big32 reserved;
};
static_assert(sizeof(RouterSolicitationLayout) == RouterSolicitation::kFixedSize);

struct RouterAdvertisementLayout {
  std::uint8_t type;
  std::uint8_t code;
  Big16 checksum;
  std::uint8_t hop_limit;
  std::uint8_t flags;
  Big16 lifetime;
  Big32 reachable_time;
  Big32 retransmit_time;
};
static_assert(sizeof(RouterAdvertisementLayout) == RouterAdvertisement::kFixedSize);

constexpr std::uint8_t kManaged = 0x80;
constexpr std::uint8_t kOtherConfiguration = 0x40;

// Both neighbour messages; a solicitation has no flags.
struct NeighborLayout {
  std::uint8_t type;
  std::uint8_t code;
  Big16 checksum;
  std::uint8_t flags;
  std::array<std::uint8_t, 3> reserved;
  std::array<std::uint8_t, 16> target;
};
static_assert(sizeof(NeighborLayout) == NeighborSolicitation::kFixedSize);
static_assert(sizeof(NeighborLayout) == NeighborAdvertisement::kFixedSize);

constexpr std::uint8_t kRouter = 0x80;
constexpr std::uint8_t kSolicited = 0x40;
constexpr std::uint8_t kOverride = 0x20;

constexpr std::uint16_t kNoChecksum = 0;

constexpr std::uint8_t octet(Icmpv6Type type) {
  return static_cast<std::uint8_t>(type);
}

// The fixed part of a message of this type; nullopt if it is another or cut short.
template <typename Layout>
std::optional<Layout> fixed_part(Bytes message, Icmpv6Type type) {
  if (message.size() < sizeof(Layout)) return std::nullopt;
  const auto layout = wire::load<Layout>(message);
  if (layout.type != octet(type) || layout.code != 0) return std::nullopt;
  return layout;
}

// Hands every option to `take`. False if they are not in order; then the message is to be refused.
template <typename Take>
bool each_option(Bytes options, Take take) {
  NdpOptionCursor cursor(options);
  while (const auto option = cursor.next()) take(*option);
  return cursor.is_sound();
}

// Sets `address` by the first option of this type that holds one.
void take_link_address(const NdpOptionView& option, NdpOptionType type,
                       std::optional<MacAddress>& address) {
  if (option.type == type && !address) address = NdpLinkAddress::parse(option.bytes);
}

std::size_t link_address_size(const std::optional<MacAddress>& address) {
  return address ? NdpLinkAddress::kSize : 0;
}

void emit_link_address(NdpOptionType type, const std::optional<MacAddress>& address,
                       MutableBytes into) {
  if (address) NdpLinkAddress::emit(type, *address, into);
}

bool may_be_target(const IpAddress& address) {
  return !address.is_v4() && !address.is_multicast();
}

template <typename Option>
void keep(const std::optional<Option>& option, std::vector<Option>& list) {
  if (option) list.push_back(*option);
}

void take_option(const NdpOptionView& option, RouterAdvertisement& message) {
  take_link_address(option, NdpOptionType::kSourceLinkAddress, message.source_link_address);
  if (option.type == NdpOptionType::kMtu && !message.mtu) {
    message.mtu = NdpMtu::parse(option.bytes);
  } else if (option.type == NdpOptionType::kPrefixInformation) {
    keep(PrefixInformation::parse(option.bytes), message.prefixes);
  } else if (option.type == NdpOptionType::kDnsServers) {
    keep(DnsServersOption::parse(option.bytes), message.dns_servers);
  } else if (option.type == NdpOptionType::kDnsSearchList) {
    keep(DnsSearchListOption::parse(option.bytes), message.dns_search_lists);
  }
}

}  // namespace

std::optional<RouterSolicitation> RouterSolicitation::parse(Bytes message) {
  if (!fixed_part<RouterSolicitationLayout>(message, Icmpv6Type::kRouterSolicitation)) {
    return std::nullopt;
  }
  RouterSolicitation parsed;
  const bool sound = each_option(message.subspan(kFixedSize), [&](const NdpOptionView& option) {
    take_link_address(option, NdpOptionType::kSourceLinkAddress, parsed.source_link_address);
  });
  if (!sound) return std::nullopt;
  return parsed;
}

std::size_t RouterSolicitation::size() const {
  return kFixedSize + link_address_size(source_link_address);
}

void RouterSolicitation::emit(MutableBytes into) const {
  wire::store(RouterSolicitationLayout{octet(Icmpv6Type::kRouterSolicitation), 0, kNoChecksum,
                                       std::uint32_t{0}},
              into);
  emit_link_address(NdpOptionType::kSourceLinkAddress, source_link_address,
                    into.subspan(kFixedSize));
}

std::optional<RouterAdvertisement> RouterAdvertisement::parse(Bytes message) {
  const auto layout =
      fixed_part<RouterAdvertisementLayout>(message, Icmpv6Type::kRouterAdvertisement);
  if (!layout) return std::nullopt;
  RouterAdvertisement parsed;
  parsed.hop_limit = layout->hop_limit;
  parsed.managed = (layout->flags & kManaged) != 0;
  parsed.other_configuration = (layout->flags & kOtherConfiguration) != 0;
  parsed.lifetime = layout->lifetime;
  parsed.reachable_time = layout->reachable_time;
  parsed.retransmit_time = layout->retransmit_time;
  const bool sound = each_option(message.subspan(kFixedSize),
                                 [&](const NdpOptionView& option) { take_option(option, parsed); });
  if (!sound) return std::nullopt;
  return parsed;
}

std::size_t RouterAdvertisement::size() const {
  std::size_t size = kFixedSize + link_address_size(source_link_address) +
                     (mtu ? NdpMtu::kSize : 0) + prefixes.size() * PrefixInformation::kSize;
  for (const DnsServersOption& option : dns_servers) size += option.size();
  for (const DnsSearchListOption& option : dns_search_lists) size += option.size();
  return size;
}

void RouterAdvertisement::emit(MutableBytes into) const {
  const int flags = (managed ? kManaged : 0) | (other_configuration ? kOtherConfiguration : 0);
  wire::store(RouterAdvertisementLayout{octet(Icmpv6Type::kRouterAdvertisement), 0, kNoChecksum,
                                        hop_limit, static_cast<std::uint8_t>(flags), lifetime,
                                        reachable_time, retransmit_time},
              into);
  MutableBytes rest = into.subspan(kFixedSize);
  emit_link_address(NdpOptionType::kSourceLinkAddress, source_link_address, rest);
  rest = rest.subspan(link_address_size(source_link_address));
  if (mtu) {
    NdpMtu::emit(*mtu, rest);
    rest = rest.subspan(NdpMtu::kSize);
  }
  for (const PrefixInformation& prefix : prefixes) {
    prefix.emit(rest);
    rest = rest.subspan(PrefixInformation::kSize);
  }
  for (const DnsServersOption& option : dns_servers) {
    option.emit(rest);
    rest = rest.subspan(option.size());
  }
  for (const DnsSearchListOption& option : dns_search_lists) {
    option.emit(rest);
    rest = rest.subspan(option.size());
  }
}

std::optional<NeighborSolicitation> NeighborSolicitation::parse(Bytes message) {
  const auto layout = fixed_part<NeighborLayout>(message, Icmpv6Type::kNeighborSolicitation);
  if (!layout) return std::nullopt;
  NeighborSolicitation parsed{IpAddress::v6(layout->target), std::nullopt};
  const bool sound = each_option(message.subspan(kFixedSize), [&](const NdpOptionView& option) {
    take_link_address(option, NdpOptionType::kSourceLinkAddress, parsed.source_link_address);
  });
  if (!sound || !may_be_target(parsed.target)) return std::nullopt;
  return parsed;
}

std::size_t NeighborSolicitation::size() const {
  return kFixedSize + link_address_size(source_link_address);
}

void NeighborSolicitation::emit(MutableBytes into) const {
  Expects(may_be_target(target));
  wire::store(
      NeighborLayout{
          octet(Icmpv6Type::kNeighborSolicitation), 0, kNoChecksum, 0, {}, target.octets()},
      into);
  emit_link_address(NdpOptionType::kSourceLinkAddress, source_link_address,
                    into.subspan(kFixedSize));
}

std::optional<NeighborAdvertisement> NeighborAdvertisement::parse(Bytes message) {
  const auto layout = fixed_part<NeighborLayout>(message, Icmpv6Type::kNeighborAdvertisement);
  if (!layout) return std::nullopt;
  NeighborAdvertisement parsed{.router = (layout->flags & kRouter) != 0,
                               .solicited = (layout->flags & kSolicited) != 0,
                               .override_existing = (layout->flags & kOverride) != 0,
                               .target = IpAddress::v6(layout->target),
                               .target_link_address = std::nullopt};
  const bool sound = each_option(message.subspan(kFixedSize), [&](const NdpOptionView& option) {
    take_link_address(option, NdpOptionType::kTargetLinkAddress, parsed.target_link_address);
  });
  if (!sound || !may_be_target(parsed.target)) return std::nullopt;
  return parsed;
}

std::size_t NeighborAdvertisement::size() const {
  return kFixedSize + link_address_size(target_link_address);
}

void NeighborAdvertisement::emit(MutableBytes into) const {
  Expects(may_be_target(target));
  const int flags =
      (router ? kRouter : 0) | (solicited ? kSolicited : 0) | (override_existing ? kOverride : 0);
  wire::store(NeighborLayout{octet(Icmpv6Type::kNeighborAdvertisement),
                             0,
                             kNoChecksum,
                             static_cast<std::uint8_t>(flags),
                             {},
                             target.octets()},
              into);
  emit_link_address(NdpOptionType::kTargetLinkAddress, target_link_address,
                    into.subspan(kFixedSize));
}

}  // namespace sluice
