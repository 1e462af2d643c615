#include "stack/wire/tcp.h"

#include <algorithm>

#include <gsl/assert>

#include "stack/wire/layout.h"

namespace sluice {
namespace {

struct Layout {
  Big16 source_port;
  Big16 destination_port;
  Big32 sequence;
  Big32 acknowledgment;
  std::uint8_t data_offset;  // the header's size in words, in the upper half
  std::uint8_t flags;
  Big16 window;
  Big16 checksum;
  Big16 urgent;
};
static_assert(sizeof(Layout) == TcpHeader::kSize);

constexpr std::uint8_t kFin = 0x01;
constexpr std::uint8_t kSyn = 0x02;
constexpr std::uint8_t kRst = 0x04;
constexpr std::uint8_t kPsh = 0x08;
constexpr std::uint8_t kAck = 0x10;
constexpr std::uint8_t kUrg = 0x20;

enum Kind : std::uint8_t {
  kEnd = 0,
  kNoOperation = 1,
  kMaximumSegmentSize = 2,
  kWindowScale = 3,
  kSackPermitted = 4,
  kSack = 5,
  kTimestamps = 8,
};

constexpr std::uint8_t kMaxWindowScale = 14;

}  // namespace

TcpOptions TcpOptions::parse(Bytes options) {
  TcpOptions parsed;
  while (!options.empty() && options[0] != kEnd) {
    if (options[0] == kNoOperation) {
      options = options.subspan(1);
      continue;
    }
    if (options.size() < 2 || options[1] < 2 || options[1] > options.size()) break;
    const std::uint8_t kind = options[0];
    const Bytes value = options.subspan(2, options[1] - 2U);
    options = options.subspan(options[1]);
    if (kind == kMaximumSegmentSize && value.size() == 2) {
      parsed.maximum_segment_size = load_big<std::uint16_t>(value, 0);
    } else if (kind == kWindowScale && value.size() == 1) {
      parsed.window_scale = std::min(value[0], kMaxWindowScale);
    } else if (kind == kSackPermitted && value.empty()) {
      parsed.sack_permitted = true;
    } else if (kind == kTimestamps && value.size() == 8) {
      parsed.timestamps =
          TcpTimestamps{load_big<std::uint32_t>(value, 0), load_big<std::uint32_t>(value, 4)};
    } else if (kind == kSack && value.size() % 8 == 0 && value.size() / 8 <= kMaxSackBlocks) {
      parsed.sack = {};
      parsed.sack_count = static_cast<std::uint8_t>(value.size() / 8);
      for (std::size_t i = 0; i < parsed.sack_count; ++i) {
        parsed.sack.at(i) = {load_big<std::uint32_t>(value, 8 * i),
                             load_big<std::uint32_t>(value, 8 * i + 4)};
      }
    }
  }
  return parsed;
}

std::size_t TcpOptions::size() const {
  return (maximum_segment_size ? 4U : 0U) + (window_scale ? 4U : 0U) + (sack_permitted ? 4U : 0U) +
         (timestamps ? 12U : 0U) + (sack_count != 0 ? 4U + 8U * sack_count : 0U);
}

void TcpOptions::emit(MutableBytes into) const {
  Expects(size() <= kMaxSize);  // the data offset has no way to say more
  std::size_t at = 0;
  const auto put = [&](std::initializer_list<std::uint8_t> octets) {
    for (const std::uint8_t octet : octets) into[at++] = octet;
  };
  const auto put_big = [&]<typename T>(T value) {
    store_big(into, at, value);
    at += sizeof(T);
  };
  if (maximum_segment_size) {
    put({kMaximumSegmentSize, 4});
    put_big(*maximum_segment_size);
  }
  if (window_scale) put({kNoOperation, kWindowScale, 3, *window_scale});
  if (sack_permitted) put({kNoOperation, kNoOperation, kSackPermitted, 2});
  if (timestamps) {
    put({kNoOperation, kNoOperation, kTimestamps, 10});
    put_big(timestamps->value);
    put_big(timestamps->echo);
  }
  if (sack_count != 0) {
    put({kNoOperation, kNoOperation, kSack, static_cast<std::uint8_t>(2 + 8 * sack_count)});
    for (std::size_t i = 0; i < sack_count; ++i) {
      put_big(sack.at(i).left);
      put_big(sack.at(i).right);
    }
  }
}

void TcpHeader::emit(const TcpOptions& options, MutableBytes into) const {
  const std::size_t size = kSize + options.size();
  const auto bit = [](bool set, std::uint8_t value) { return set ? value : std::uint8_t{0}; };
  const auto bits =
      static_cast<std::uint8_t>(bit(flags.fin, kFin) | bit(flags.syn, kSyn) | bit(flags.rst, kRst) |
                                bit(flags.psh, kPsh) | bit(flags.ack, kAck) | bit(flags.urg, kUrg));
  wire::store(Layout{source_port, destination_port, sequence, acknowledgment,
                     static_cast<std::uint8_t>(size / 4 << 4), bits, window, checksum, urgent},
              into);
  options.emit(into.subspan(kSize, options.size()));
}

std::optional<TcpView> TcpView::parse(Bytes ip_payload) {
  if (ip_payload.size() < TcpHeader::kSize) return std::nullopt;
  const std::size_t header_size = std::size_t{wire::load<Layout>(ip_payload).data_offset} / 16 * 4;
  if (header_size < TcpHeader::kSize || header_size > ip_payload.size()) return std::nullopt;
  return TcpView(ip_payload, header_size);
}

TcpHeader TcpView::header() const {
  const auto layout = wire::load<Layout>(segment_);
  const auto has = [&](std::uint8_t bit) { return (layout.flags & bit) != 0; };
  return {.source_port = layout.source_port,
          .destination_port = layout.destination_port,
          .sequence = layout.sequence,
          .acknowledgment = layout.acknowledgment,
          .flags = {.fin = has(kFin),
                    .syn = has(kSyn),
                    .rst = has(kRst),
                    .psh = has(kPsh),
                    .ack = has(kAck),
                    .urg = has(kUrg)},
          .window = layout.window,
          .checksum = layout.checksum,
          .urgent = layout.urgent};
}

TcpOptions TcpView::options() const {
  return TcpOptions::parse(segment_.subspan(TcpHeader::kSize, header_size_ - TcpHeader::kSize));
}

}  // namespace sluice
