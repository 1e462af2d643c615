// TCP segments (RFC 9293, section 3.1) and their options (RFC 9293, 7323, 2018).

#ifndef SLUICE_STACK_WIRE_TCP_H_
#define SLUICE_STACK_WIRE_TCP_H_

#include <array>
#include <optional>

#include "stack/bytes.h"

namespace sluice {

struct TcpFlags {
  bool fin = false;
  bool syn = false;
  bool rst = false;
  bool psh = false;
  bool ack = false;
  bool urg = false;

  friend bool operator==(const TcpFlags&, const TcpFlags&) = default;
};

// Half-open range of sequence numbers, modulo 2^32.
struct SackBlock {
  std::uint32_t left = 0;
  std::uint32_t right = 0;

  friend bool operator==(const SackBlock&, const SackBlock&) = default;
};

struct TcpTimestamps {
  std::uint32_t value = 0;
  std::uint32_t echo = 0;

  friend bool operator==(const TcpTimestamps&, const TcpTimestamps&) = default;
};

struct TcpOptions {
  static constexpr std::size_t kMaxSackBlocks = 4;  // three beside timestamps

  std::optional<std::uint16_t> maximum_segment_size;  // only with SYN
  std::optional<std::uint8_t> window_scale;           // only with SYN; at most 14 (RFC 7323, 2.3)
  bool sack_permitted = false;                        // only with SYN
  std::optional<TcpTimestamps> timestamps;
  std::array<SackBlock, kMaxSackBlocks> sack{};
  std::uint8_t sack_count = 0;

  static constexpr std::size_t kMaxSize = 40;

  // Reads the option bytes of a header. Unknown options are skipped; one whose length does not fit
  // ends the walk, and what came before it counts (RFC 9293, 3.1: a receiver must be lenient).
  static TcpOptions parse(Bytes options);
  // Bytes that emit() writes: a multiple of 4.
  std::size_t size() const;
  // Writes size() bytes at the start of `into`, padded with no-operation options in front so that
  // each option lies aligned.
  void emit(MutableBytes into) const;

  friend bool operator==(const TcpOptions&, const TcpOptions&) = default;
};

struct TcpHeader {
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;
  std::uint32_t sequence = 0;
  std::uint32_t acknowledgment = 0;
  TcpFlags flags;
  std::uint16_t window = 0;    // as in the segment, not scaled
  std::uint16_t checksum = 0;  // as in the segment
  std::uint16_t urgent = 0;

  static constexpr std::size_t kSize = 20;
  static constexpr std::size_t kSequenceOffset = 4;
  static constexpr std::size_t kFlagsOffset = 13;
  static constexpr std::size_t kChecksumOffset = 16;
  // Of several segments that carry one piece of the stream, only the last has these: FIN and PSH.
  static constexpr std::uint8_t kFlagsOfTheLast = 0x09;

  // Writes the header and `options`, kSize + options.size() bytes, at the start of `into`;
  // `checksum` as given.
  void emit(const TcpOptions& options, MutableBytes into) const;

  friend bool operator==(const TcpHeader&, const TcpHeader&) = default;
};

// A segment whose header is whole: the data offset is at least 5 words and within the segment.
class TcpView {
 public:
  static std::optional<TcpView> parse(Bytes ip_payload);

  TcpHeader header() const;
  TcpOptions options() const;
  std::size_t header_size() const { return header_size_; }  // bytes, options included
  Bytes payload() const { return segment_.subspan(header_size_); }
  Bytes segment() const { return segment_; }

 private:
  TcpView(Bytes segment, std::size_t header_size) : segment_(segment), header_size_(header_size) {}
  Bytes segment_;
  std::size_t header_size_;
};

}  // namespace sluice

#endif  // SLUICE_STACK_WIRE_TCP_H_
