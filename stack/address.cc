#include "stack/address.h"

#include <arpa/inet.h>

#include <charconv>
#include <cstdio>

#include <gsl/assert>

namespace sluice {
namespace {

std::optional<unsigned> parse_number(std::string_view text, int base, unsigned limit) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size() || value > limit) {
    return std::nullopt;
  }
  return value;
}

}  // namespace

std::optional<MacAddress> MacAddress::parse(std::string_view text) {
  constexpr std::size_t kLength = 17;
  if (text.size() != kLength) return std::nullopt;
  std::array<std::uint8_t, kSize> octets{};
  for (std::size_t i = 0; i < kSize; ++i) {
    const auto octet = parse_number(text.substr(3 * i, 2), 16, 0xff);
    if (!octet || (i != 0 && text[3 * i - 1] != ':')) return std::nullopt;
    octets.at(i) = static_cast<std::uint8_t>(*octet);
  }
  return MacAddress(octets);
}

std::string MacAddress::to_string() const {
  std::array<char, 18> text{};
  std::snprintf(text.data(), text.size(), "%02x:%02x:%02x:%02x:%02x:%02x", octets_[0], octets_[1],
                octets_[2], octets_[3], octets_[4], octets_[5]);
  return text.data();
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  // inet_pton and inet_ntop are pure conversions, and RFC 5952 is theirs to know.
  if (text.find('\0') != std::string_view::npos) return std::nullopt;
  const std::string terminated(text);
  in_addr v4_address{};
  if (inet_pton(AF_INET, terminated.c_str(), &v4_address) == 1) {
    return v4(ntohl(v4_address.s_addr));
  }
  IpAddress address;
  if (inet_pton(AF_INET6, terminated.c_str(), address.octets_.data()) == 1) return address;
  return std::nullopt;
}

bool IpAddress::is_unspecified() const {
  return *this == IpAddress() || *this == v4(0);
}

bool IpAddress::is_loopback() const {
  if (is_v4()) return octets_[12] == 127;
  IpAddress one;
  one.octets_[15] = 1;
  return *this == one;
}

bool IpAddress::is_multicast() const {
  return is_v4() ? (octets_[12] & 0xf0) == 0xe0 : octets_[0] == 0xff;
}

bool IpAddress::is_link_local() const {
  if (is_v4()) return octets_[12] == 169 && octets_[13] == 254;
  return octets_[0] == 0xfe && (octets_[1] & 0xc0) == 0x80;
}

std::string IpAddress::to_string() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (is_v4()) {
    inet_ntop(AF_INET, octets_.data() + 12, text.data(), text.size());
  } else {
    inet_ntop(AF_INET6, octets_.data(), text.data(), text.size());
  }
  return text.data();
}

std::string Endpoint::to_string() const {
  const std::string host = address.to_string();
  return (address.is_v4() ? host : "[" + host + "]") + ":" + std::to_string(port);
}

Subnet::Subnet(const IpAddress& address, unsigned length) : length_(length) {
  Expects(length <= (address.is_v4() ? 32U : 128U));
  std::array<std::uint8_t, 16> octets = address.octets();
  const unsigned kept = address.is_v4() ? 96 + length : length;
  for (unsigned bit = kept; bit < 128; ++bit) {
    octets.at(bit / 8) &= static_cast<std::uint8_t>(~(0x80U >> bit % 8));
  }
  base_ = IpAddress::v6(octets);
}

std::optional<Subnet> Subnet::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  if (slash != std::string_view::npos) {
    const auto length = parse_number(text.substr(slash + 1), 10, address->is_v4() ? 32 : 128);
    if (!length) return std::nullopt;
    return Subnet(*address, *length);
  }
  if (!address->is_v4()) return Subnet(*address, 64);
  const std::uint32_t bits = address->v4_bits();
  const unsigned classful = (bits >> 31) == 0 ? 8 : (bits >> 30) == 2 ? 16 : 24;
  return Subnet(*address, classful);
}

bool Subnet::contains(const IpAddress& address) const {
  if (address.is_v4() != base_.is_v4()) return false;
  return Subnet(address, length_).base_ == base_;
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

std::uint32_t Subnet::v4_mask() const {
  return length_ == 0 ? 0 : ~std::uint32_t{0} << (32 - length_);
}

IpAddress Subnet::v4_broadcast() const {
  return IpAddress::v4(base_.v4_bits() | ~v4_mask());
}

std::string Subnet::to_string() const {
  return base_.to_string() + "/" + std::to_string(length_);
}

}  // namespace sluice
