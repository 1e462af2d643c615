#include "stack/wire/vnet_header.h"

#include <gsl/assert>

namespace sluice {

namespace {

constexpr std::size_t kFlags = 0;
constexpr std::size_t kGsoType = 1;
constexpr std::size_t kHdrLen = 2;
constexpr std::size_t kGsoSize = 4;
constexpr std::size_t kCsumStart = 6;
constexpr std::size_t kCsumOffset = 8;

constexpr std::uint8_t kNeedsCsum = 1;
constexpr std::uint8_t kDataValid = 2;

constexpr std::uint8_t kGsoNone = 0;
constexpr std::uint8_t kGsoTcp4 = 1;
constexpr std::uint8_t kGsoTcp6 = 4;
constexpr std::uint8_t kGsoUdp = 5;     // UDP_L4: one datagram per segment, either family
constexpr std::uint8_t kGsoEcn = 0x80;  // marks a TCP frame with CWR set; says nothing we need

constexpr std::size_t kEthernetSize = 14;
constexpr std::size_t kTcpMinimum = 20;
constexpr std::size_t kTcpDataOffset = 12;
constexpr std::uint16_t kTcpChecksum = 16;
constexpr std::size_t kUdpSize = 8;
constexpr std::uint16_t kUdpChecksum = 6;

std::uint16_t load_little16(Bytes from, std::size_t offset) {
  return static_cast<std::uint16_t>(from[offset] | from[offset + 1] << 8);
}

void store_little16(MutableBytes to, std::size_t offset, std::uint16_t value) {
  to[offset] = static_cast<std::uint8_t>(value);
  to[offset + 1] = static_cast<std::uint8_t>(value >> 8);
}

std::optional<Segmentation> segmentation_of(std::uint8_t gso_type) {
  switch (gso_type) {
    case kGsoNone:
      return Segmentation::kNone;
    case kGsoTcp4:
    case kGsoTcp4 | kGsoEcn:
      return Segmentation::kTcp4;
    case kGsoTcp6:
    case kGsoTcp6 | kGsoEcn:
      return Segmentation::kTcp6;
    case kGsoUdp:
      return Segmentation::kUdp;
    default:
      return std::nullopt;
  }
}

std::uint8_t gso_type_of(Segmentation segmentation) {
  switch (segmentation) {
    case Segmentation::kTcp4:
      return kGsoTcp4;
    case Segmentation::kTcp6:
      return kGsoTcp6;
    case Segmentation::kUdp:
      return kGsoUdp;
    case Segmentation::kNone:
      break;
  }
  return kGsoNone;
}

// Bytes of headers in front of the payload, by the transport header at checksum_start.
std::optional<std::uint16_t> true_header_size(Bytes frame, const Offload& offload) {
  const std::size_t start = offload.checksum_start;
  std::size_t size = 0;
  if (offload.segmentation == Segmentation::kUdp) {
    if (offload.checksum_offset != kUdpChecksum) return std::nullopt;
    size = kUdpSize;
  } else {
    if (offload.checksum_offset != kTcpChecksum) return std::nullopt;
    if (start + kTcpMinimum > frame.size()) return std::nullopt;
    size = std::size_t{4} * (frame[start + kTcpDataOffset] >> 4);
    if (size < kTcpMinimum) return std::nullopt;
  }
  if (start + size > frame.size() || start + size > 0xffff) return std::nullopt;
  return static_cast<std::uint16_t>(start + size);
}

}  // namespace

std::optional<Offload> parse_vnet_header(Bytes header, Bytes frame, std::size_t behind) {
  Expects(header.size() >= kVnetHeaderSize);
  const std::uint8_t flags = header[kFlags];
  if ((flags & ~(kNeedsCsum | kDataValid)) != 0) return std::nullopt;

  Offload offload;
  const std::optional<Segmentation> segmentation = segmentation_of(header[kGsoType]);
  if (!segmentation) return std::nullopt;
  offload.segmentation = *segmentation;

  if ((flags & kNeedsCsum) != 0) {
    offload.checksum = ChecksumState::kPartial;
    offload.checksum_start = load_little16(header, kCsumStart);
    offload.checksum_offset = load_little16(header, kCsumOffset);
    const std::size_t field = std::size_t{offload.checksum_start} + offload.checksum_offset;
    if (offload.checksum_start < kEthernetSize || field + 2 > frame.size()) return std::nullopt;
  } else if ((flags & kDataValid) != 0) {
    offload.checksum = ChecksumState::kVerified;
  }

  if (offload.segmentation != Segmentation::kNone) {
    if (offload.checksum != ChecksumState::kPartial) return std::nullopt;
    if (load_little16(header, kHdrLen) > frame.size() + behind) return std::nullopt;
    offload.segment_size = load_little16(header, kGsoSize);
    if (offload.segment_size == 0) return std::nullopt;
    const std::optional<std::uint16_t> header_size = true_header_size(frame, offload);
    if (!header_size) return std::nullopt;
    offload.header_size = *header_size;
  }
  return offload;
}

void emit_vnet_header(const Offload& offload, std::size_t frame_size, MutableBytes into) {
  const MutableBytes header = into.first(kVnetHeaderSize);
  std::uint8_t flags = 0;
  std::uint16_t checksum_start = 0;
  std::uint16_t checksum_offset = 0;
  std::uint16_t segment_size = 0;
  std::uint16_t header_size = 0;

  if (offload.checksum == ChecksumState::kPartial) {
    Expects(std::size_t{offload.checksum_start} + offload.checksum_offset + 2 <= frame_size);
    flags = kNeedsCsum;
    checksum_start = offload.checksum_start;
    checksum_offset = offload.checksum_offset;
  } else if (offload.checksum == ChecksumState::kVerified) {
    flags = kDataValid;
  }
  if (offload.segmentation != Segmentation::kNone) {
    Expects(offload.checksum == ChecksumState::kPartial);
    Expects(offload.segment_size > 0 && offload.header_size <= frame_size);
    segment_size = offload.segment_size;
    header_size = offload.header_size;
  }

  header[kFlags] = flags;
  header[kGsoType] = gso_type_of(offload.segmentation);
  store_little16(header, kHdrLen, header_size);
  store_little16(header, kGsoSize, segment_size);
  store_little16(header, kCsumStart, checksum_start);
  store_little16(header, kCsumOffset, checksum_offset);
}

}  // namespace sluice
