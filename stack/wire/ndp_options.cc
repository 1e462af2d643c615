#include "stack/wire/ndp_options.h"

#include <algorithm>
#include <string_view>

#include <gsl/assert>

#include "stack/wire/layout.h"

namespace sluice {
namespace {

using Octets = std::array<std::uint8_t, 16>;

constexpr std::size_t kUnit = 8;  // bytes, what lengths count in

struct LinkAddressLayout {
  std::uint8_t type;
  std::uint8_t length;
  wire::Mac address;
};
static_assert(sizeof(LinkAddressLayout) == NdpLinkAddress::kSize);

struct MtuLayout {
  std::uint8_t type;
  std::uint8_t length;
  Big16 reserved;
  Big32 mtu;
};
static_assert(sizeof(MtuLayout) == NdpMtu::kSize);

struct PrefixLayout {
  std::uint8_t type;
  std::uint8_t length;
  std::uint8_t prefix_length;
  std::uint8_t flags;
  Big32 valid_lifetime;
  Big32 preferred_lifetime;
  Big32 reserved;
  Octets prefix;
};
static_assert(sizeof(PrefixLayout) == PrefixInformation::kSize);

constexpr std::uint8_t kOnLink = 0x80;
constexpr std::uint8_t kAutonomous = 0x40;
constexpr unsigned kAddressBits = 128;

// What the two options of RFC 8106 begin with.
struct DnsLayout {
  std::uint8_t type;
  std::uint8_t length;
  Big16 reserved;
  Big32 lifetime;
};
static_assert(sizeof(DnsLayout) == kUnit);

constexpr std::size_t kMaxLabel = 63;
constexpr std::size_t kMaxNameText = 253;  // 255 bytes with the first length and the root's zero

std::uint8_t octet(NdpOptionType type) {
  return static_cast<std::uint8_t>(type);
}

std::uint8_t units(std::size_t size) {
  return static_cast<std::uint8_t>(size / kUnit);
}

bool is_label(std::string_view text) {
  const auto is_visible = [](char c) { return c > 0x20 && c < 0x7f && c != '.'; };
  return !text.empty() && text.size() <= kMaxLabel &&
         std::all_of(text.begin(), text.end(), is_visible);
}

std::string_view without_last_dot(std::string_view name) {
  if (!name.empty() && name.back() == '.') name.remove_suffix(1);
  return name;
}

// Hands each label of `name`, which has no dot at its end, to `take` until it gives false. Whether
// it never did.
template <typename Take>
bool each_label(std::string_view name, Take take) {
  while (true) {
    const std::size_t dot = name.find('.');
    if (!take(name.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    name.remove_prefix(dot + 1);
  }
}

bool is_name(std::string_view text) {
  return text.size() <= kMaxNameText && each_label(text, is_label);
}

// Takes one name off the front of `rest`. nullopt if it is cut short, compressed, too long or not
// made of such labels as we take. The root is the empty name.
std::optional<std::string> take_name(Bytes& rest) {
  std::string name;
  while (!rest.empty()) {
    const std::size_t size = rest[0];
    if (size >= rest.size()) return std::nullopt;
    const std::string_view label = as_text(rest.subspan(1, size));
    rest = rest.subspan(1 + size);
    if (size == 0) return name;
    if (!is_label(label)) return std::nullopt;
    if (!name.empty()) name += '.';
    name += label;
    if (name.size() > kMaxNameText) return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

std::optional<NdpOptionView> NdpOptionCursor::next() {
  if (rest_.empty()) return std::nullopt;
  const std::size_t size = rest_.size() < 2 ? 0 : std::size_t{rest_[1]} * kUnit;
  if (size == 0 || size > rest_.size()) {
    sound_ = false;
    rest_ = Bytes();
    return std::nullopt;
  }
  const NdpOptionView option{static_cast<NdpOptionType>(rest_[0]), rest_.first(size)};
  rest_ = rest_.subspan(size);
  return option;
}

std::optional<MacAddress> NdpLinkAddress::parse(Bytes option) {
  if (option.size() != kSize) return std::nullopt;
  return MacAddress(wire::load<LinkAddressLayout>(option).address);
}

void NdpLinkAddress::emit(NdpOptionType type, const MacAddress& address, MutableBytes into) {
  wire::store(LinkAddressLayout{octet(type), units(kSize), address.octets()}, into);
}

std::optional<std::uint32_t> NdpMtu::parse(Bytes option) {
  if (option.size() != kSize) return std::nullopt;
  return wire::load<MtuLayout>(option).mtu;
}

void NdpMtu::emit(std::uint32_t mtu, MutableBytes into) {
  wire::store(MtuLayout{octet(NdpOptionType::kMtu), units(kSize), std::uint16_t{0}, mtu}, into);
}

std::optional<PrefixInformation> PrefixInformation::parse(Bytes option) {
  if (option.size() != kSize) return std::nullopt;
  const auto layout = wire::load<PrefixLayout>(option);
  const IpAddress prefix = IpAddress::v6(layout.prefix);
  if (prefix.is_v4() || layout.prefix_length > kAddressBits) return std::nullopt;
  return PrefixInformation{.prefix = Subnet(prefix, layout.prefix_length),
                           .on_link = (layout.flags & kOnLink) != 0,
                           .autonomous = (layout.flags & kAutonomous) != 0,
                           .valid_lifetime = layout.valid_lifetime,
                           .preferred_lifetime = layout.preferred_lifetime};
}

void PrefixInformation::emit(MutableBytes into) const {
  Expects(!prefix.base().is_v4());
  const int flags = (on_link ? kOnLink : 0) | (autonomous ? kAutonomous : 0);
  wire::store(
      PrefixLayout{octet(NdpOptionType::kPrefixInformation), units(kSize),
                   static_cast<std::uint8_t>(prefix.length()), static_cast<std::uint8_t>(flags),
                   valid_lifetime, preferred_lifetime, std::uint32_t{0}, prefix.base().octets()},
      into);
}

std::optional<DnsServersOption> DnsServersOption::parse(Bytes option) {
  const std::size_t addresses = option.size() - std::min(option.size(), sizeof(DnsLayout));
  if (addresses == 0 || addresses % sizeof(Octets) != 0) return std::nullopt;
  DnsServersOption parsed{wire::load<DnsLayout>(option).lifetime, {}};
  parsed.servers.reserve(addresses / sizeof(Octets));
  for (std::size_t at = sizeof(DnsLayout); at < option.size(); at += sizeof(Octets)) {
    const IpAddress server = IpAddress::v6(wire::load<Octets>(option.subspan(at)));
    if (server.is_v4()) return std::nullopt;
    parsed.servers.push_back(server);
  }
  return parsed;
}

std::size_t DnsServersOption::size() const {
  return sizeof(DnsLayout) + servers.size() * sizeof(Octets);
}

void DnsServersOption::emit(MutableBytes into) const {
  Expects(!servers.empty() && servers.size() <= kMaxServers);
  wire::store(
      DnsLayout{octet(NdpOptionType::kDnsServers), units(size()), std::uint16_t{0}, lifetime},
      into);
  MutableBytes rest = into.subspan(sizeof(DnsLayout));
  for (const IpAddress& server : servers) {
    Expects(!server.is_v4());
    wire::store(server.octets(), rest);
    rest = rest.subspan(sizeof(Octets));
  }
}

bool DnsSearchListOption::is_valid() const {
  return !names.empty() && size() <= kMaxSize &&
         std::all_of(names.begin(), names.end(),
                     [](const std::string& name) { return is_name(without_last_dot(name)); });
}

std::optional<DnsSearchListOption> DnsSearchListOption::parse(Bytes option) {
  if (option.size() < sizeof(DnsLayout)) return std::nullopt;
  DnsSearchListOption parsed{wire::load<DnsLayout>(option).lifetime, {}};
  Bytes rest = option.subspan(sizeof(DnsLayout));
  while (!rest.empty()) {
    auto name = take_name(rest);
    if (!name) return std::nullopt;
    // Zeros fill the option up; each reads as the root, which is nothing to search.
    if (!name->empty()) parsed.names.push_back(*std::move(name));
  }
  if (parsed.names.empty()) return std::nullopt;
  return parsed;
}

std::size_t DnsSearchListOption::size() const {
  std::size_t size = sizeof(DnsLayout);
  // A length in front of each label takes the place of the dot behind the one before.
  for (const std::string& name : names) size += 1 + without_last_dot(name).size() + 1;
  return (size + kUnit - 1) / kUnit * kUnit;
}

void DnsSearchListOption::emit(MutableBytes into) const {
  Expects(is_valid());
  const MutableBytes whole = into.first(size());
  std::fill(whole.begin(), whole.end(), std::uint8_t{0});
  wire::store(DnsLayout{octet(NdpOptionType::kDnsSearchList), units(whole.size()), std::uint16_t{0},
                        lifetime},
              whole);
  std::size_t at = sizeof(DnsLayout);
  for (const std::string& name : names) {
    each_label(without_last_dot(name), [&](std::string_view label) {
      whole[at++] = static_cast<std::uint8_t>(label.size());
      copy_bytes(as_bytes(label), whole.subspan(at));
      at += label.size();
      return true;
    });
    ++at;  // the root's zero
  }
}

}  // namespace sluice
