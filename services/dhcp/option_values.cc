#include "services/dhcp/option_values.h"

#include <algorithm>
#include <optional>
#include <stdexcept>

#include "services/dns/message.h"
#include "stack/bytes.h"

namespace sluice {
namespace {

constexpr std::size_t kPointerSpan = 0x4000;  // a pointer has 14 bits (RFC 1035, section 4.1.4)

template <typename Octets>
void append(std::vector<std::uint8_t>& to, const Octets& octets) {
  to.insert(to.end(), octets.begin(), octets.end());
}

// The tail of a name that is written already, and where.
struct KnownTail {
  Bytes labels;
  std::size_t offset;
};

std::optional<std::size_t> offset_of(const std::vector<KnownTail>& tails, Bytes labels) {
  for (const KnownTail& tail : tails) {
    if (std::equal(tail.labels.begin(), tail.labels.end(), labels.begin(), labels.end())) {
      return tail.offset;
    }
  }
  return std::nullopt;
}

}  // namespace

std::vector<std::uint8_t> encode_domain_search(const std::vector<std::string>& names) {
  std::vector<DnsName> parsed;
  for (const std::string& text : names) {
    const auto name = DnsName::from_text(text);
    if (!name) throw std::invalid_argument("'" + text + "' in the search list is no domain name");
    parsed.push_back(*name);
  }
  std::vector<std::uint8_t> value;
  std::vector<KnownTail> tails;
  for (const DnsName& name : parsed) {
    Bytes rest = name.wire();
    std::optional<std::size_t> pointer;
    while (rest[0] != 0) {
      pointer = offset_of(tails, rest);
      if (pointer) break;
      if (value.size() < kPointerSpan) tails.push_back({rest, value.size()});
      const Bytes label = rest.first(1U + rest[0]);
      append(value, label);
      rest = rest.subspan(label.size());
    }
    if (pointer) {
      value.push_back(static_cast<std::uint8_t>(0xc0 | *pointer >> 8));
      value.push_back(static_cast<std::uint8_t>(*pointer));
    } else {
      value.push_back(0);
    }
  }
  return value;
}

std::vector<std::uint8_t> encode_classless_routes(const std::vector<DhcpRoute>& routes) {
  std::vector<std::uint8_t> value;
  for (const DhcpRoute& route : routes) {
    const unsigned length = route.destination.length();
    value.push_back(static_cast<std::uint8_t>(length));
    std::array<std::uint8_t, 4> octets{};
    store_big<std::uint32_t>(octets, 0, route.destination.base().v4_bits());
    append(value, Bytes(octets).first((length + 7) / 8));
    store_big<std::uint32_t>(octets, 0, route.router.v4_bits());
    append(value, octets);
  }
  return value;
}

}  // namespace sluice
