// ARP for IPv4 over Ethernet (RFC 826).

#ifndef SLUICE_STACK_WIRE_ARP_H_
#define SLUICE_STACK_WIRE_ARP_H_

#include <optional>

#include "stack/address.h"
#include "stack/bytes.h"

namespace sluice {

struct ArpMessage {
  enum class Operation : std::uint16_t { kRequest = 1, kReply = 2 };

  Operation operation = Operation::kRequest;
  MacAddress sender_mac;
  IpAddress sender;
  MacAddress target_mac;
  IpAddress target;

  static constexpr std::size_t kSize = 28;

  // nullopt unless it is a request or reply for IPv4 over Ethernet. Bytes behind it are padding.
  static std::optional<ArpMessage> parse(Bytes bytes);
  // Writes kSize bytes at the start of `into`.
  void emit(MutableBytes into) const;

  friend bool operator==(const ArpMessage&, const ArpMessage&) = default;
};

}  // namespace sluice

#endif  // SLUICE_STACK_WIRE_ARP_H_
