// Addresses: one type for both families.
//
// An IpAddress is 128 bits; IPv4 lives in its IPv4-mapped form ::ffff:a.b.c.d (RFC 4291, section
// 2.5.5.2). Tables, policy and flows compare and hash one type and need no twin per family. The
// mapped form never appears on a wire: formats convert at their border.

#ifndef SLUICE_STACK_ADDRESS_H_
#define SLUICE_STACK_ADDRESS_H_

#include <array>
#include <bit>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice {

class MacAddress {
 public:
  static constexpr std::size_t kSize = 6;

  constexpr MacAddress() = default;
  explicit constexpr MacAddress(std::array<std::uint8_t, kSize> octets) : octets_(octets) {}

  static constexpr MacAddress broadcast() {
    return MacAddress({0xff, 0xff, 0xff, 0xff, 0xff, 0xff});
  }

  // Reads "52:54:00:12:34:56"; nullopt for anything else.
  static std::optional<MacAddress> parse(std::string_view text);

  constexpr const std::array<std::uint8_t, kSize>& octets() const { return octets_; }
  // The group bit: broadcast and multicast addresses, which are never a sender's.
  constexpr bool is_group() const { return (octets_[0] & 1) != 0; }
  constexpr bool is_zero() const { return *this == MacAddress(); }
  // One station's: what may be a sender's.
  constexpr bool is_station() const { return !is_group() && !is_zero(); }
  std::string to_string() const;

  friend constexpr auto operator<=>(const MacAddress&, const MacAddress&) = default;

 private:
  std::array<std::uint8_t, kSize> octets_{};
};
static_assert(sizeof(MacAddress) == 6);

class IpAddress {
 public:
  // The IPv6 unspecified address, which is no address of either family's hosts.
  constexpr IpAddress() = default;

  // `bits` in host byte order: 0x0a000202 is 10.0.2.2.
  static constexpr IpAddress v4(std::uint32_t bits) {
    IpAddress address;
    address.octets_[10] = 0xff;
    address.octets_[11] = 0xff;
    for (unsigned i = 0; i < 4; ++i) {
      address.octets_[12 + i] = static_cast<std::uint8_t>(bits >> (24 - 8 * i));
    }
    return address;
  }
  static constexpr IpAddress v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) {
    return v4(static_cast<std::uint32_t>(a) << 24 | static_cast<std::uint32_t>(b) << 16 |
              static_cast<std::uint32_t>(c) << 8 | d);
  }
  static constexpr IpAddress v6(const std::array<std::uint8_t, 16>& octets) {
    IpAddress address;
    address.octets_ = octets;
    return address;
  }

  // All nodes and all routers of a link (RFC 4291, section 2.7.1).
  static constexpr IpAddress all_nodes() { return multicast_v6({0, 0, 0, 1}, 0); }
  static constexpr IpAddress all_routers() { return multicast_v6({0, 0, 0, 2}, 0); }

  // Reads dotted-quad IPv4 or RFC 4291 text IPv6; nullopt for anything else.
  static std::optional<IpAddress> parse(std::string_view text);

  constexpr bool is_v4() const {
    constexpr auto kPrefix =
        std::bit_cast<std::uint32_t>(std::array<std::uint8_t, 4>{0, 0, 0xff, 0xff});
    const auto words = std::bit_cast<std::array<std::uint32_t, 4>>(octets_);
    return (words[0] | words[1]) == 0 && words[2] == kPrefix;
  }
  // The IPv4 address in host byte order. Only for is_v4().
  constexpr std::uint32_t v4_bits() const {
    return static_cast<std::uint32_t>(octets_[12]) << 24 |
           static_cast<std::uint32_t>(octets_[13]) << 16 |
           static_cast<std::uint32_t>(octets_[14]) << 8 | octets_[15];
  }
  constexpr const std::array<std::uint8_t, 16>& octets() const { return octets_; }

  bool is_unspecified() const;  // 0.0.0.0, ::
  bool is_loopback() const;     // 127.0.0.0/8, ::1
  bool is_multicast() const;    // 224.0.0.0/4, ff00::/8
  bool is_link_local() const;   // 169.254.0.0/16, fe80::/10
  // Where this IPv6 address is asked for by neighbour discovery: its solicited-node multicast
  // address (RFC 4291, section 2.7.1).
  constexpr IpAddress solicited_node() const {
    return multicast_v6({0xff, octets_[13], octets_[14], octets_[15]}, 1);
  }
  // Where frames to this IPv6 multicast address go (RFC 2464, section 7).
  constexpr MacAddress multicast_mac() const {
    return MacAddress({0x33, 0x33, octets_[12], octets_[13], octets_[14], octets_[15]});
  }
  // fe80:: with the interface identifier (the last 64 bits) of this IPv6 address (RFC 4291, section
  // 2.5.6).
  IpAddress on_link() const;
  // 255.255.255.255, the limited broadcast address (RFC 919).
  bool is_limited_broadcast() const { return *this == v4(0xffffffff); }

  std::string to_string() const;

  // NOLINTNEXTLINE(modernize-use-nullptr): taken for the literal 0 of a comparison.
  friend constexpr auto operator<=>(const IpAddress&, const IpAddress&) = default;
  // Two words: the octets one by one would be a call of memcmp() in every look-up.
  friend constexpr bool operator==(const IpAddress& a, const IpAddress& b) {
    using Words = std::array<std::uint64_t, 2>;
    const auto left = std::bit_cast<Words>(a.octets_);
    const auto right = std::bit_cast<Words>(b.octets_);
    return ((left[0] ^ right[0]) | (left[1] ^ right[1])) == 0;
  }

 private:
  // Of the link: ff02::, a byte before the last four, and these.
  static constexpr IpAddress multicast_v6(const std::array<std::uint8_t, 4>& last,
                                          std::uint8_t before) {
    return v6({0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, before, last[0], last[1], last[2], last[3]});
  }

  std::array<std::uint8_t, 16> octets_{};
};

// A transport address: an IP address and a port in host byte order.
struct Endpoint {
  IpAddress address;
  std::uint16_t port = 0;

  std::string to_string() const;  // 10.0.2.2:53, [::1]:53
  // NOLINTNEXTLINE(modernize-use-nullptr): as above.
  friend constexpr auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

// An address and how many of its leading bits name the network. For IPv4, 0 to 32.
class Subnet {
 public:
  constexpr Subnet() = default;
  // `length` counts in the address's own family; it must be within it.
  Subnet(const IpAddress& address, unsigned length);

  // Reads "10.0.2.0/24"; a bare address gets its classful length, as slirp's net= does.
  static std::optional<Subnet> parse(std::string_view text);

  bool contains(const IpAddress& address) const {
    using Words = std::array<std::uint64_t, 2>;
    const auto given = std::bit_cast<Words>(address.octets());
    const auto base = std::bit_cast<Words>(base_.octets());
    const auto mask = std::bit_cast<Words>(mask_.octets());
    const std::uint64_t difference =
        ((given[0] ^ base[0]) & mask[0]) | ((given[1] ^ base[1]) & mask[1]);
    return difference == 0 && address.is_v4() == base_.is_v4();
  }
  // An address that one host may have: neither the network's own nor the directed broadcast.
  bool has_host(const IpAddress& address) const;
  // Of IPv6: any of it may be one host's on more than one link. No part of it is link-local or
  // multicast, or in ::/80, where loopback is and addresses that hold one of IPv4 (RFC 4291).
  bool is_routable() const;
  const IpAddress& base() const { return base_; }
  unsigned length() const { return length_; }
  // The address `index` places after the base: nth(2) of 10.0.2.0/24 is 10.0.2.2.
  IpAddress nth(std::uint32_t index) const;
  std::uint32_t v4_mask() const;   // host byte order
  IpAddress v4_broadcast() const;  // the directed broadcast address
  std::string to_string() const;

  friend bool operator==(const Subnet&, const Subnet&) = default;

 private:
  IpAddress base_;
  IpAddress mask_;
  unsigned length_ = 0;
};

}  // namespace sluice

#endif  // SLUICE_STACK_ADDRESS_H_
