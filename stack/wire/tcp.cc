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
  std::uint8_t header_words;  // in the high four bits
  std::uint8_t flags;
  Big16 window;
  Big16 checksum;
  Big16 urgent;
};
static_assert(sizeof(Layout) == TcpHeader::kSize);

constexpr std::uint8_t kFin = 1;
constexpr std::uint8_t kSyn = 2;
constexpr std::uint8_t kRst = 4;
constexpr std::uint8_t kPsh = 8;
constexpr std::uint8_t kAck = 16;
constexpr std::uint8_t kUrg = 32;

constexpr std::uint8_t kEndOfOptions = 0;
constexpr std::uint8_t kNoOperation = 1;
constexpr std::uint8_t kMaximumSegmentSize = 2;
constexpr std::uint8_t kWindowScale = 3;
constexpr std::uint8_t kSackPermitted = 4;
constexpr std::uint8_t kSack = 5;
constexpr std::uint8_t kTimestamps = 8;

constexpr std::uint8_t kMaxWindowScale = 14;
constexpr std::size_t kSackBlockSize = 8;

std::uint8_t flags_to_byte(const TcpFlags& flags) {
  unsigned byte = 0;
  if (flags.fin) byte |= kFin;
  if (flags.syn) byte |= kSyn;
  if (flags.rst) byte |= kRst;
  if (flags.psh) byte |= kPsh;
  if (flags.ack) byte |= kAck;
  if (flags.urg) byte |= kUrg;
  return static_cast<std::uint8_t>(byte);
}

TcpFlags flags_from_byte(std::uint8_t byte) {
  return {
      .fin = (byte & kFin) != 0,
      .syn = (byte & kSyn) != 0,
      .rst = (byte & kRst) != 0,
      .psh = (byte & kPsh) != 0,
      .ack = (byte & kAck) != 0,
      .urg = (byte & kUrg) != 0,
  };
}

void read_sack(Bytes blocks, TcpOptions& into) {
  const std::size_t count = blocks.size() / kSackBlockSize;
  if (blocks.size() % kSackBlockSize != 0 || count == 0 || count > TcpOptions::kMaxSackBlocks) {
    return;
  }
  into.sack = {};
  into.sack_count = static_cast<std::uint8_t>(count);
  for (std::size_t i = 0; i < count; ++i) {
    into.sack.at(i) = {load_big<std::uint32_t>(blocks, i * kSackBlockSize),
                       load_big<std::uint32_t>(blocks, i * kSackBlockSize + 4)};
  }
}

// One option by its kind and the value behind its length; a length its kind does not have makes
// it unknown.
void read_option(std::uint8_t kind, Bytes value, TcpOptions& into) {
  switch (kind) {
    case kMaximumSegmentSize:
      if (value.size() == 2) into.maximum_segment_size = load_big<std::uint16_t>(value, 0);
      break;
    case kWindowScale:
      if (value.size() == 1) into.window_scale = std::min(value[0], kMaxWindowScale);
      break;
    case kSackPermitted:
      if (value.empty()) into.sack_permitted = true;
      break;
    case kSack:
      read_sack(value, into);
      break;
    case kTimestamps:
      if (value.size() == 8) {
        into.timestamps = {load_big<std::uint32_t>(value, 0), load_big<std::uint32_t>(value, 4)};
      }
      break;
    default:
      break;
  }
}

// Writes options one behind the other.
class OptionWriter {
 public:
  explicit OptionWriter(MutableBytes into) : into_(into) {}

  void byte(std::uint8_t value) {
    into_[0] = value;
    into_ = into_.subspan(1);
  }
  template <std::unsigned_integral T>
  void number(T value) {
    store_big(into_, 0, value);
    into_ = into_.subspan(sizeof(T));
  }
  // Kind and length behind as many no-operations as make a multiple of 4 of the whole.
  void start(std::uint8_t kind, std::size_t length) {
    for (std::size_t i = length; i % 4 != 0; ++i) byte(kNoOperation);
    byte(kind);
    byte(static_cast<std::uint8_t>(length));
  }

 private:
  MutableBytes into_;
};

}  // namespace

TcpOptions TcpOptions::parse(Bytes options) {
  TcpOptions parsed;
  while (!options.empty() && options[0] != kEndOfOptions) {
    if (options[0] == kNoOperation) {
      options = options.subspan(1);
      continue;
    }
    if (options.size() < 2 || options[1] < 2 || options[1] > options.size()) break;
    read_option(options[0], options.first(options[1]).subspan(2), parsed);
    options = options.subspan(options[1]);
  }
  return parsed;
}

std::size_t TcpOptions::size() const {
  std::size_t size = 0;
  if (maximum_segment_size) size += 4;
  if (window_scale) size += 4;
  if (sack_permitted) size += 4;
  if (timestamps) size += 12;
  if (sack_count > 0) size += 4 + sack_count * kSackBlockSize;
  return size;
}

void TcpOptions::emit(MutableBytes into) const {
  Expects(size() <= kMaxSize);
  OptionWriter writer(into.first(size()));
  if (maximum_segment_size) {
    writer.start(kMaximumSegmentSize, 4);
    writer.number(*maximum_segment_size);
  }
  if (window_scale) {
    writer.start(kWindowScale, 3);
    writer.byte(*window_scale);
  }
  if (sack_permitted) writer.start(kSackPermitted, 2);
  if (timestamps) {
    writer.start(kTimestamps, 10);
    writer.number(timestamps->value);
    writer.number(timestamps->echo);
  }
  if (sack_count > 0) {
    writer.start(kSack, 2 + sack_count * kSackBlockSize);
    for (std::size_t i = 0; i < sack_count; ++i) {
      writer.number(sack.at(i).left);
      writer.number(sack.at(i).right);
    }
  }
}

void TcpHeader::emit(const TcpOptions& options, MutableBytes into) const {
  wire::store(
      Layout{
          .source_port = source_port,
          .destination_port = destination_port,
          .sequence = sequence,
          .acknowledgment = acknowledgment,
          .header_words = static_cast<std::uint8_t>((kSize + options.size()) / 4 << 4),
          .flags = flags_to_byte(flags),
          .window = window,
          .checksum = checksum,
          .urgent = urgent,
      },
      into);
  options.emit(into.subspan(kSize));
}

std::optional<TcpView> TcpView::parse(Bytes ip_payload) {
  if (ip_payload.size() < TcpHeader::kSize) return std::nullopt;
  const std::size_t header_size =
      std::size_t{4} * (wire::load<Layout>(ip_payload).header_words >> 4);
  if (header_size < TcpHeader::kSize || header_size > ip_payload.size()) return std::nullopt;
  return TcpView(ip_payload, header_size);
}

TcpHeader TcpView::header() const {
  const auto layout = wire::load<Layout>(segment_);
  return {
      .source_port = layout.source_port,
      .destination_port = layout.destination_port,
      .sequence = layout.sequence,
      .acknowledgment = layout.acknowledgment,
      .flags = flags_from_byte(layout.flags),
      .window = layout.window,
      .checksum = layout.checksum,
      .urgent = layout.urgent,
  };
}

TcpOptions TcpView::options() const {
  return TcpOptions::parse(segment_.subspan(TcpHeader::kSize, header_size_ - TcpHeader::kSize));
}

}  // namespace sluice
