// Data messages of L2TPv3 (RFC 3931, sections 4.1 and 4.6): a frame in a packet of IP or UDP,
// behind the number of the session that it belongs to.
//
//   over UDP only: flags and version (2), reserved (2)
//   session (4)  cookie (0, 4 or 8)  sublayer (0 or 4)  padding
//
// No message says which of these are there: both ends know it from elsewhere, as they know their
// numbers and cookies. The padding is no part of the RFC; some ends put it in front of frames.

#ifndef SLUICE_STACK_WIRE_L2TPV3_H_
#define SLUICE_STACK_WIRE_L2TPV3_H_

#include <cstdint>
#include <optional>

#include "stack/bytes.h"

namespace sluice {

// What both ends have agreed on.
struct L2tpv3Format {
  enum class Cookie : std::uint8_t { kNone = 0, k32 = 4, k64 = 8 };

  bool over_udp = false;
  Cookie cookie = Cookie::kNone;
  bool sublayer = false;  // the default one, with a sequence number
  std::uint8_t padding = 0;

  std::size_t header_size() const;

  // Of IP, where messages lie in packets of their own.
  static constexpr std::uint8_t kIpProtocol = 115;
  static constexpr std::size_t kMaxHeaderSize = 4 + 4 + 8 + 4 + 255;
};

struct L2tpv3Header {
  std::uint32_t session = 0;  // the receiver's number, never 0
  std::uint64_t cookie = 0;   // as much of it as the format has
  // 24 bits, in the sublayer; nullopt: the message is not numbered.
  std::optional<std::uint32_t> sequence;

  static constexpr std::uint32_t kMaxSequence = 0xffffff;

  // Writes format.header_size() bytes at the start of `into`, the padding as zeros.
  void emit(const L2tpv3Format& format, MutableBytes into) const;

  friend bool operator==(const L2tpv3Header&, const L2tpv3Header&) = default;
};

// A data message whose header is whole. Control messages, and those of other versions, are none.
class L2tpv3View {
 public:
  // `message` is what an IP packet or UDP datagram carries.
  static std::optional<L2tpv3View> parse(Bytes message, const L2tpv3Format& format);

  const L2tpv3Header& header() const { return header_; }
  // The frame.
  Bytes payload() const { return payload_; }

 private:
  L2tpv3View(const L2tpv3Header& header, Bytes payload) : header_(header), payload_(payload) {}
  L2tpv3Header header_;
  Bytes payload_;
};

}  // namespace sluice

#endif  // SLUICE_STACK_WIRE_L2TPV3_H_
