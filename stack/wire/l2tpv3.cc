#include "stack/wire/l2tpv3.h"

#include <algorithm>

namespace sluice {
namespace {

// Of the word in front of messages over UDP: a control message, and the version.
constexpr std::uint32_t kControl = 0x80000000;
constexpr std::uint32_t kVersionMask = 0x000f0000;
constexpr std::uint32_t kVersion = 0x00030000;
// Of the sublayer: the sequence number is one.
constexpr std::uint32_t kNumbered = 0x40000000;

constexpr std::size_t kWord = sizeof(std::uint32_t);

// Takes a word from the front.
std::uint32_t take_word(Bytes& bytes) {
  const auto word = load_big<std::uint32_t>(bytes, 0);
  bytes = bytes.subspan(kWord);
  return word;
}

void put_word(MutableBytes& into, std::uint32_t word) {
  store_big(into, 0, word);
  into = into.subspan(kWord);
}

}  // namespace

std::size_t L2tpv3Format::header_size() const {
  return (over_udp ? kWord : 0) + kWord + static_cast<std::size_t>(cookie) +
         (sublayer ? kWord : 0) + padding;
}

void L2tpv3Header::emit(const L2tpv3Format& format, MutableBytes into) const {
  if (format.over_udp) put_word(into, kVersion);
  put_word(into, session);
  if (format.cookie == L2tpv3Format::Cookie::k64) {
    put_word(into, static_cast<std::uint32_t>(cookie >> 32));
  }
  if (format.cookie != L2tpv3Format::Cookie::kNone) {
    put_word(into, static_cast<std::uint32_t>(cookie));
  }
  if (format.sublayer) put_word(into, sequence ? kNumbered | (*sequence & kMaxSequence) : 0);
  const MutableBytes padding = into.first(format.padding);
  std::fill(padding.begin(), padding.end(), std::uint8_t{0});
}

std::optional<L2tpv3View> L2tpv3View::parse(Bytes message, const L2tpv3Format& format) {
  if (message.size() < format.header_size()) return std::nullopt;
  if (format.over_udp) {
    const std::uint32_t flags = take_word(message);
    if ((flags & kControl) != 0 || (flags & kVersionMask) != kVersion) return std::nullopt;
  }
  L2tpv3Header header{.session = take_word(message), .cookie = 0, .sequence = std::nullopt};
  // Session 0 is that of control messages (section 4.1.1.2).
  if (header.session == 0) return std::nullopt;
  if (format.cookie == L2tpv3Format::Cookie::k64) {
    header.cookie = std::uint64_t{take_word(message)} << 32;
  }
  if (format.cookie != L2tpv3Format::Cookie::kNone) header.cookie |= take_word(message);
  if (format.sublayer) {
    const std::uint32_t sublayer = take_word(message);
    if ((sublayer & kNumbered) != 0) header.sequence = sublayer & L2tpv3Header::kMaxSequence;
  }
  return L2tpv3View(header, message.subspan(format.padding));
}

}  // namespace sluice
