#include "stack/address.h"

#include <algorithm>
#include <charconv>

#include <gsl/assert>

namespace sluice {
namespace {

constexpr unsigned kV4MappedBits = 96;  // leading bits of ::ffff:0:0/96, where IPv4 lives

// A whole text as an unsigned number: digits only, so no sign, space or prefix.
template <typename T>
std::optional<T> parse_number(std::string_view text, int base) {
  T value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value, base);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

// Leading zeros are refused: some readers take them for octal, and two spellings of one address
// that mean different hosts to different programs are a way around a policy.
std::optional<std::uint32_t> parse_dotted_quad(std::string_view text) {
  std::uint32_t bits = 0;
  for (int i = 0; i < 4; ++i) {
    const std::size_t dot = i < 3 ? text.find('.') : text.size();
    if (dot == std::string_view::npos) return std::nullopt;
    const std::string_view digits = text.substr(0, dot);
    if (digits.size() > 1 && digits.front() == '0') return std::nullopt;
    const auto octet = parse_number<std::uint8_t>(digits, 10);
    if (!octet) return std::nullopt;
    bits = bits << 8 | *octet;
    text.remove_prefix(std::min(dot + 1, text.size()));
  }
  return bits;
}

// The 16-bit groups on one side of "::".
struct Groups {
  std::array<std::uint16_t, 8> values{};
  unsigned count = 0;

  bool append(std::uint16_t value) {
    if (count == values.size()) return false;
    values.at(count++) = value;
    return true;
  }
};

// `tail_may_be_v4` allows a dotted quad in place of the last two groups.
std::optional<Groups> parse_groups(std::string_view text, bool tail_may_be_v4) {
  Groups groups;
  while (!text.empty()) {
    const std::size_t colon = text.find(':');
    const std::string_view group = text.substr(0, colon);
    const bool last = colon == std::string_view::npos;
    if (last && tail_may_be_v4 && group.find('.') != std::string_view::npos) {
      const auto quad = parse_dotted_quad(group);
      if (!quad || !groups.append(static_cast<std::uint16_t>(*quad >> 16)) ||
          !groups.append(static_cast<std::uint16_t>(*quad))) {
        return std::nullopt;
      }
      return groups;
    }
    const auto value = parse_number<std::uint16_t>(group, 16);
    if (group.size() > 4 || !value || !groups.append(*value)) return std::nullopt;
    if (last) return groups;
    text.remove_prefix(colon + 1);
    if (text.empty()) return std::nullopt;  // a colon with nothing behind it
  }
  return groups;
}

std::optional<IpAddress> parse_v6(std::string_view text) {
  const std::size_t gap = text.find("::");
  std::optional<Groups> before;
  std::optional<Groups> after;
  if (gap == std::string_view::npos) {
    before = parse_groups(text, true);
    after = Groups{};
    if (!before || before->count != 8) return std::nullopt;
  } else {
    before = parse_groups(text.substr(0, gap), false);
    after = parse_groups(text.substr(gap + 2), true);
    if (!before || !after || before->count + after->count > 7) return std::nullopt;
  }
  std::array<std::uint8_t, 16> octets{};
  const auto store = [&octets](unsigned group, std::uint16_t value) {
    octets.at(std::size_t{2} * group) = static_cast<std::uint8_t>(value >> 8);
    octets.at(std::size_t{2} * group + 1) = static_cast<std::uint8_t>(value);
  };
  for (unsigned i = 0; i < before->count; ++i) store(i, before->values.at(i));
  for (unsigned i = 0; i < after->count; ++i) store(8 - after->count + i, after->values.at(i));
  return IpAddress::v6(octets);
}

void append_number(std::string& text, unsigned value, int base) {
  std::array<char, 12> digits{};
  const auto [end, error] =
      std::to_chars(digits.data(), digits.data() + digits.size(), value, base);
  text.append(digits.data(), end);
}

// RFC 5952, section 4: lower case, no leading zeros, and "::" for the longest run of at least two
// zero groups, the first one of equals.
std::string v6_to_string(const std::array<std::uint8_t, 16>& octets) {
  const auto group = [&octets](unsigned i) -> unsigned {
    return static_cast<unsigned>(octets.at(std::size_t{2} * i)) << 8 |
           octets.at(std::size_t{2} * i + 1);
  };
  unsigned gap = 8;
  unsigned gap_size = 1;
  for (unsigned i = 0; i < 8; ++i) {
    unsigned end = i;
    while (end < 8 && group(end) == 0) ++end;
    if (end - i > gap_size) {
      gap = i;
      gap_size = end - i;
    }
    i = std::max(i, end);
  }
  std::string text;
  for (unsigned i = 0; i < 8; ++i) {
    if (i == gap) {
      text += "::";
      i += gap_size - 1;
      continue;
    }
    if (!text.empty() && text.back() != ':') text += ':';
    append_number(text, group(i), 16);
  }
  return text;
}

// Bits that an address of this family has beyond those of its text form.
unsigned family_offset(const IpAddress& address) {
  return address.is_v4() ? kV4MappedBits : 0;
}

constexpr IpAddress kAllOnes = IpAddress::v6({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,  //
                                              0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff});

IpAddress masked(const IpAddress& address, unsigned bits) {
  std::array<std::uint8_t, 16> octets = address.octets();
  for (unsigned i = 0; i < octets.size(); ++i) {
    const unsigned kept = std::clamp<int>(static_cast<int>(bits) - static_cast<int>(8 * i), 0, 8);
    octets.at(i) &= static_cast<std::uint8_t>(0xff00U >> kept);
  }
  return IpAddress::v6(octets);
}

// What a bare network address means: the classes of RFC 791, except that the private and test
// ranges that are larger than their class are taken whole (172.16.0.0/12, 192.168.0.0/16,
// 198.18.0.0/15). Classes D and E name no network of hosts.
std::optional<unsigned> classful_length(std::uint32_t bits) {
  if (bits >> 31 == 0) return 8;
  if (bits >> 20 == 0xac1) return 12;
  if (bits >> 16 == 0xc0a8) return 16;
  if (bits >> 17 == 0xc612 >> 1) return 15;
  if (bits >> 30 == 0b10) return 16;
  if (bits >> 29 == 0b110) return 24;
  return std::nullopt;
}

std::optional<unsigned> parse_length(std::string_view text, bool is_v4) {
  const auto length = parse_number<unsigned>(text, 10);
  if (text.size() > 3 || !length || *length > (is_v4 ? 32U : 128U)) return std::nullopt;
  return length;
}

}  // namespace

std::optional<MacAddress> MacAddress::parse(std::string_view text) {
  if (text.size() != kSize * 3 - 1) return std::nullopt;
  std::array<std::uint8_t, kSize> octets{};
  for (std::size_t i = 0; i < kSize; ++i) {
    if (i > 0 && text[i * 3 - 1] != ':') return std::nullopt;
    const auto octet = parse_number<std::uint8_t>(text.substr(i * 3, 2), 16);
    if (!octet) return std::nullopt;
    octets.at(i) = *octet;
  }
  return MacAddress(octets);
}

std::string MacAddress::to_string() const {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t octet : octets_) {
    if (!text.empty()) text += ':';
    text += kDigits[octet >> 4];
    text += kDigits[octet & 15];
  }
  return text;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  if (text.find(':') != std::string_view::npos) return parse_v6(text);
  const auto bits = parse_dotted_quad(text);
  if (!bits) return std::nullopt;
  return v4(*bits);
}

bool IpAddress::is_unspecified() const {
  return *this == v4(0) || *this == IpAddress();
}

bool IpAddress::is_loopback() const {
  if (is_v4()) return octets_[12] == 127;
  std::array<std::uint8_t, 16> one{};
  one[15] = 1;
  return octets_ == one;
}

bool IpAddress::is_multicast() const {
  return is_v4() ? octets_[12] >> 4 == 0xe : octets_[0] == 0xff;
}

bool IpAddress::is_link_local() const {
  if (is_v4()) return octets_[12] == 169 && octets_[13] == 254;
  return octets_[0] == 0xfe && (octets_[1] & 0xc0) == 0x80;
}

IpAddress IpAddress::on_link() const {
  std::array<std::uint8_t, 16> octets{0xfe, 0x80};
  std::copy(octets_.begin() + 8, octets_.end(), octets.begin() + 8);
  return v6(octets);
}

std::string IpAddress::to_string() const {
  if (!is_v4()) return v6_to_string(octets_);
  std::string text;
  for (std::size_t i = 12; i < 16; ++i) {
    if (i > 12) text += '.';
    append_number(text, octets_.at(i), 10);
  }
  return text;
}

std::string Endpoint::to_string() const {
  std::string text = address.is_v4() ? address.to_string() : "[" + address.to_string() + "]";
  text += ':';
  append_number(text, port, 10);
  return text;
}

Subnet::Subnet(const IpAddress& address, unsigned length)
    : base_(masked(address, family_offset(address) + length)),
      mask_(masked(kAllOnes, family_offset(address) + length)),
      length_(length) {
  Expects(length <= 128 - family_offset(address));
}

std::optional<Subnet> Subnet::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  std::optional<unsigned> length;
  if (slash != std::string_view::npos) {
    length = parse_length(text.substr(slash + 1), address->is_v4());
  } else if (address->is_v4()) {
    length = classful_length(address->v4_bits());
  } else {
    length = 64;  // every IPv6 link has this length (RFC 4291, section 2.5.1)
  }
  if (!length) return std::nullopt;
  return Subnet(*address, *length);
}

bool Subnet::has_host(const IpAddress& address) const {
  return contains(address) && address != base_ && (!address.is_v4() || address != v4_broadcast());
}

IpAddress Subnet::nth(std::uint32_t index) const {
  if (base_.is_v4()) return IpAddress::v4(base_.v4_bits() + index);
  std::array<std::uint8_t, 16> octets = base_.octets();
  std::uint64_t carry = index;
  for (std::size_t i = octets.size(); i-- > 0 && carry != 0;) {
    carry += octets.at(i);
    octets.at(i) = static_cast<std::uint8_t>(carry);
    carry >>= 8;
  }
  return IpAddress::v6(octets);
}

bool Subnet::is_routable() const {
  Expects(!base_.is_v4());
  const std::array others{Subnet(IpAddress(), 80), Subnet(IpAddress::v6({0xfe, 0x80}), 10),
                          Subnet(IpAddress::v6({0xff}), 8)};
  return std::none_of(others.begin(), others.end(), [this](const Subnet& other) {
    return contains(other.base()) || other.contains(base());
  });
}

std::uint32_t Subnet::v4_mask() const {
  Expects(length_ <= 32);
  return length_ == 0 ? 0 : ~std::uint32_t{0} << (32 - length_);
}

IpAddress Subnet::v4_broadcast() const {
  return IpAddress::v4(base_.v4_bits() | ~v4_mask());
}

std::string Subnet::to_string() const {
  std::string text = base_.to_string() + '/';
  append_number(text, length_, 10);
  return text;
}

}  // namespace sluice
