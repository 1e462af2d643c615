// The name by which a DHCPv6 client or server knows the other (RFC 8415, section 11).
//
// A DUID is compared and sent back, and never looked into. It is at most 130 bytes, so it is held
// in place and copies as a value.

#ifndef SLUICE_SERVICES_DHCPV6_DUID_H_
#define SLUICE_SERVICES_DHCPV6_DUID_H_

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "stack/address.h"
#include "stack/bytes.h"

namespace sluice {

class Duid {
 public:
  static constexpr std::size_t kMinSize = 3;    // bytes: the type, and something
  static constexpr std::size_t kMaxSize = 130;  // the type, and 128

  // nullopt if there are fewer bytes than kMinSize or more than kMaxSize.
  static std::optional<Duid> parse(Bytes bytes) {
    if (bytes.size() < kMinSize || bytes.size() > kMaxSize) return std::nullopt;
    Duid duid;
    copy_bytes(bytes, duid.octets_);
    duid.size_ = static_cast<std::uint8_t>(bytes.size());
    return duid;
  }
  // A DUID-LL (section 11.4): it is the same after each start, and nothing has to be kept.
  static Duid of_link_address(const MacAddress& mac) {
    constexpr std::uint16_t kLinkLayer = 3;
    constexpr std::uint16_t kEthernet = 1;
    Duid duid;
    store_big<std::uint16_t>(duid.octets_, 0, kLinkLayer);
    store_big<std::uint16_t>(duid.octets_, 2, kEthernet);
    std::copy(mac.octets().begin(), mac.octets().end(), duid.octets_.begin() + 4);
    duid.size_ = 4 + MacAddress::kSize;
    return duid;
  }

  Bytes bytes() const { return Bytes(octets_).first(size_); }

  friend bool operator==(const Duid&, const Duid&) = default;

 private:
  Duid() = default;

  std::array<std::uint8_t, kMaxSize> octets_{};  // zeros behind size_
  std::uint8_t size_ = 0;
};

}  // namespace sluice

#endif  // SLUICE_SERVICES_DHCPV6_DUID_H_
