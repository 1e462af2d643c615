// What ICMP for IPv4 (RFC 792) and for IPv6 (RFC 4443) have in common: the eight bytes in front.
// Their types and codes are in icmpv4.h and icmpv6.h.

#ifndef SLUICE_STACK_WIRE_ICMP_H_
#define SLUICE_STACK_WIRE_ICMP_H_

#include <optional>
#include <type_traits>

#include "stack/bytes.h"

namespace sluice {

// An IcmpType or an Icmpv6Type; which one, the packet's family says.
class AnyIcmpType {
 public:
  constexpr AnyIcmpType() = default;
  template <typename Type>
  requires std::is_enum_v<Type>
  constexpr AnyIcmpType(Type type)  // NOLINT(google-explicit-constructor): it is one of them
      : octet_(static_cast<std::uint8_t>(type)) {}
  static constexpr AnyIcmpType of(std::uint8_t octet) {
    AnyIcmpType type;
    type.octet_ = octet;
    return type;
  }

  constexpr std::uint8_t octet() const { return octet_; }
  friend constexpr bool operator==(const AnyIcmpType&, const AnyIcmpType&) = default;

 private:
  std::uint8_t octet_ = 0;
};

struct IcmpHeader {
  AnyIcmpType type;
  std::uint8_t code = 0;
  std::uint16_t checksum = 0;  // as in the message
  // The four bytes whose meaning the type decides: identifier and sequence number of an echo, the
  // MTU of what was too big (RFC 1191: its low half), the pointer of a parameter problem.
  std::uint32_t rest = 0;

  static constexpr std::size_t kSize = 8;
  static constexpr std::size_t kChecksumOffset = 2;

  std::uint16_t echo_identifier() const { return static_cast<std::uint16_t>(rest >> 16); }
  std::uint16_t echo_sequence() const { return static_cast<std::uint16_t>(rest); }
  static constexpr std::uint32_t echo_rest(std::uint16_t identifier, std::uint16_t sequence) {
    return static_cast<std::uint32_t>(identifier) << 16 | sequence;
  }

  // Writes kSize bytes at the start of `into`, `checksum` as given.
  void emit(MutableBytes into) const;

  friend bool operator==(const IcmpHeader&, const IcmpHeader&) = default;
};

// A message whose header is there. The checksum is the caller's to verify, over message(); that of
// ICMPv6 covers a pseudo-header too.
class IcmpView {
 public:
  static std::optional<IcmpView> parse(Bytes ip_payload);

  IcmpHeader header() const;
  Bytes payload() const { return message_.subspan(IcmpHeader::kSize); }
  Bytes message() const { return message_; }

 private:
  explicit IcmpView(Bytes message) : message_(message) {}
  Bytes message_;
};

}  // namespace sluice

#endif  // SLUICE_STACK_WIRE_ICMP_H_
