// The header of IPv4 or IPv6 in front of a transport header. Its addresses say which it is.

#ifndef SLUICE_STACK_IP_HEADER_H_
#define SLUICE_STACK_IP_HEADER_H_

#include <optional>

#include "stack/address.h"
#include "stack/bytes.h"
#include "stack/wire/ip_protocol.h"

namespace sluice {

struct IpHeader {
  IpProtocol protocol{};
  std::uint8_t hop_limit = 64;
  IpAddress source;
  IpAddress destination;
  // Tells packets apart whose fragments may meet; IPv4 has 16 bits of it. nullopt: this packet is
  // never cut, neither here nor on its way, and needs none (RFC 6864, section 4.1).
  std::optional<std::uint32_t> identification;

  // Bytes: 20 or 40; and in front of a fragment 20 or 48.
  std::size_t size() const { return size_for(destination); }
  std::size_t fragment_size() const;
  static std::size_t size_for(const IpAddress& address);
  static constexpr std::size_t kMaxSize = 40;
  // Bytes that may follow it: IPv4 counts its header (RFC 791, section 3.1), IPv6 does not (RFC
  // 8200, section 3).
  std::size_t max_payload() const { return kMaxLength - (destination.is_v4() ? size() : 0); }
  static constexpr std::size_t kMaxLength = 65535;  // what the field of either header can say

  // Writes size() bytes at the start of `into`, in front of `payload` bytes that follow.
  void emit(MutableBytes into, std::size_t payload) const;
  // Writes fragment_size() bytes in front of the fragment of `payload` bytes at `offset`, a
  // multiple of 8. There must be an identification.
  void emit_fragment(MutableBytes into, std::size_t payload, std::size_t offset, bool more) const;
};

}  // namespace sluice

#endif  // SLUICE_STACK_IP_HEADER_H_
