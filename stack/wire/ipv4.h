// IPv4 (RFC 791).

#ifndef SLUICE_STACK_WIRE_IPV4_H_
#define SLUICE_STACK_WIRE_IPV4_H_

#include <optional>

#include "stack/address.h"
#include "stack/bytes.h"
#include "stack/wire/ip_protocol.h"

namespace sluice {

// A header without options, which we never send.
struct Ipv4Header {
  std::uint8_t tos = 0;            // DSCP and ECN, carried as they are
  std::uint16_t total_length = 0;  // bytes, header included
  std::uint16_t identification = 0;
  bool dont_fragment = false;
  bool more_fragments = false;
  std::uint16_t fragment_offset = 0;  // bytes, a multiple of 8
  std::uint8_t ttl = 64;
  IpProtocol protocol{};
  IpAddress source;
  IpAddress destination;

  static constexpr std::size_t kSize = 20;
  static constexpr std::size_t kTotalLengthOffset = 2;
  static constexpr std::size_t kIdentificationOffset = 4;
  static constexpr std::size_t kProtocolOffset = 9;
  static constexpr std::size_t kChecksumOffset = 10;

  // Writes kSize bytes at the start of `into`, the header checksum included.
  void emit(MutableBytes into) const;

  friend bool operator==(const Ipv4Header&, const Ipv4Header&) = default;
};

// A packet whose header is whole, whose lengths agree with the bytes there are and whose header
// checksum holds. Options are accepted and skipped; bytes behind total_length are padding.
class Ipv4View {
 public:
  enum class Error : std::uint8_t { kTruncated, kMalformed, kBadChecksum };

  // On failure nullopt, and *error (when given) says why. `behind` bytes that follow `packet` lie
  // elsewhere, and may be the end of the payload.
  static std::optional<Ipv4View> parse(Bytes packet, Error* error = nullptr,
                                       std::size_t behind = 0);

  Ipv4Header header() const;
  bool is_fragment() const;
  std::size_t header_size() const { return header_size_; }  // bytes, options included
  Bytes options() const;                                    // header_size() - 20 bytes
  Bytes payload() const { return packet_.subspan(header_size_); }
  // The whole packet without padding, as far as it does not lie elsewhere.
  Bytes packet() const { return packet_; }

 private:
  Ipv4View(Bytes packet, std::size_t header_size) : packet_(packet), header_size_(header_size) {}
  Bytes packet_;
  std::size_t header_size_;
};

}  // namespace sluice

#endif  // SLUICE_STACK_WIRE_IPV4_H_
