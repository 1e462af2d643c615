// ICMP for IPv4 (RFC 792; codes of RFC 1122 and 1812; next-hop MTU of RFC 1191).

#ifndef SLUICE_STACK_WIRE_ICMPV4_H_
#define SLUICE_STACK_WIRE_ICMPV4_H_

#include <optional>

#include "stack/bytes.h"

namespace sluice {

enum class IcmpType : std::uint8_t {
  kEchoReply = 0,
  kUnreachable = 3,
  kRedirect = 5,
  kEchoRequest = 8,
  kTimeExceeded = 11,
  kParameterProblem = 12,
};

// Codes of kUnreachable.
enum class UnreachableCode : std::uint8_t {
  kNet = 0,
  kHost = 1,
  kProtocol = 2,
  kPort = 3,
  kFragmentationNeeded = 4,
  kAdministrativelyProhibited = 13,
};

struct IcmpHeader {
  IcmpType type{};
  std::uint8_t code = 0;
  std::uint16_t checksum = 0;  // as in the message
  // The four bytes whose meaning the type decides: identifier and sequence number of an echo,
  // the next-hop MTU (low half) of "fragmentation needed", the pointer of a parameter problem.
  std::uint32_t rest = 0;

  static constexpr std::size_t kSize = 8;
  static constexpr std::size_t kChecksumOffset = 2;

  std::uint16_t echo_identifier() const { return static_cast<std::uint16_t>(rest >> 16); }
  std::uint16_t echo_sequence() const { return static_cast<std::uint16_t>(rest); }
  static constexpr std::uint32_t echo_rest(std::uint16_t identifier, std::uint16_t sequence) {
    return static_cast<std::uint32_t>(identifier) << 16 | sequence;
  }
  // Errors quote the packet they are about and are never answered by an error.
  bool is_error() const;

  // Writes kSize bytes at the start of `into`, `checksum` as given.
  void emit(MutableBytes into) const;

  friend bool operator==(const IcmpHeader&, const IcmpHeader&) = default;
};

// A message whose header is there. The checksum is the caller's to verify, over message().
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

#endif  // SLUICE_STACK_WIRE_ICMPV4_H_
