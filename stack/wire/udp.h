// UDP (RFC 768).

#ifndef SLUICE_STACK_WIRE_UDP_H_
#define SLUICE_STACK_WIRE_UDP_H_

#include <optional>

#include "stack/bytes.h"

namespace sluice {

struct UdpHeader {
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;
  std::uint16_t length = 0;    // bytes, header included
  std::uint16_t checksum = 0;  // as in the packet; 0 means none was computed

  static constexpr std::size_t kSize = 8;
  static constexpr std::size_t kLengthOffset = 4;
  static constexpr std::size_t kChecksumOffset = 6;

  // Writes kSize bytes at the start of `into`, `checksum` as given.
  void emit(MutableBytes into) const;

  friend bool operator==(const UdpHeader&, const UdpHeader&) = default;
};

// A datagram whose header is there and whose length field fits: at least 8, at most what there is.
// Bytes behind it are ignored.
class UdpView {
 public:
  static std::optional<UdpView> parse(Bytes ip_payload);

  UdpHeader header() const;
  Bytes payload() const { return datagram_.subspan(UdpHeader::kSize); }
  // Header and payload: what the checksum covers beside the pseudo-header.
  Bytes datagram() const { return datagram_; }

 private:
  explicit UdpView(Bytes datagram) : datagram_(datagram) {}
  Bytes datagram_;
};

}  // namespace sluice

#endif  // SLUICE_STACK_WIRE_UDP_H_
