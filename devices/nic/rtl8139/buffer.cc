#include "devices/nic/rtl8139/buffer.h"

#include <algorithm>

#include "devices/nic/little_endian.h"
#include "devices/nic/nic.h"
#include "devices/nic/rtl8139/registers.h"

namespace sluice::rtl8139 {
namespace {

// In front of each frame (section 6.1).
struct PacketHeader {
  Little16 status;
  Little16 size;  // with the CRC
};
static_assert(sizeof(PacketHeader) == 4);

constexpr unsigned kStatusRok = 1U << 0;
constexpr unsigned kStatusBar = 1U << 13;
constexpr unsigned kStatusPam = 1U << 14;
constexpr unsigned kStatusMar = 1U << 15;

constexpr std::uint32_t kSmallest = 8192;
constexpr std::uint32_t kLargest = 65536;
// Longer frames are not for a card of this kind; and so much room there is behind the buffer.
constexpr std::size_t kMaxFrame = 4096;
constexpr std::uint32_t kMaxOverrun = 1536;
constexpr std::uint32_t kReadAhead = 16;  // between CAPR and where the driver is

std::uint32_t length_of(std::uint32_t rcr) {
  return kSmallest << ((rcr & kRcrRblen) >> kRcrRblenShift);
}

unsigned status_of(Match match) {
  switch (match) {
    case Match::kPhysical:
      return kStatusRok | kStatusPam;
    case Match::kMulticast:
      return kStatusRok | kStatusMar;
    case Match::kBroadcast:
      return kStatusRok | kStatusBar;
    default:
      return kStatusRok;
  }
}

// Writes pieces one behind the other, and goes on at the start where the ring ends.
class RingWriter {
 public:
  RingWriter(GuestMemory& memory, std::uint32_t start, std::uint32_t at, std::uint32_t end)
      : memory_(memory), start_(start), at_(at), end_(end) {}

  bool write(Bytes piece) {
    while (!piece.empty()) {
      const std::size_t fits = std::min<std::size_t>(piece.size(), end_ - at_);
      if (!memory_.write(std::uint64_t{start_} + at_, piece.first(fits))) return false;
      piece = piece.subspan(fits);
      at_ = (at_ + static_cast<std::uint32_t>(fits)) % end_;
    }
    return true;
  }

 private:
  GuestMemory& memory_;
  std::uint32_t start_;
  std::uint32_t at_;
  std::uint32_t end_;
};

}  // namespace

void Buffer::set_start(std::uint32_t address) {
  start_ = address;
  restart();
}

void Buffer::restart() {
  capr_ = kCapr;
  written_ = 0;
}

std::uint32_t Buffer::read_offset(std::uint32_t length) const {
  return (capr_ + kReadAhead) % length;
}

bool Buffer::empty(std::uint32_t rcr) const {
  const std::uint32_t length = length_of(rcr);
  return read_offset(length) == written_ % length;
}

bool Buffer::has_room(std::uint32_t rcr, unsigned frames) const {
  constexpr std::size_t kEach = (sizeof(PacketHeader) + Nic::kUsualFrame + 3) / 4 * 4;
  return start_ == 0 || (frames == 1 && empty(rcr)) ||
         frames * kEach < length_of(rcr) - used(length_of(rcr));
}

std::uint32_t Buffer::used(std::uint32_t length) const {
  return (written_ % length + length - read_offset(length)) % length;
}

Buffer::Outcome Buffer::store(GuestMemory& memory, std::uint32_t rcr, const Arrival& arrival) {
  if (start_ == 0 || arrival.size() > kMaxFrame) return Outcome::kFull;
  const std::uint32_t length = length_of(rcr);
  const std::uint32_t at = written_ % length;
  const auto size = static_cast<std::uint32_t>((sizeof(PacketHeader) + arrival.size() + 3) / 4 * 4);
  if (size >= length - used(length)) return Outcome::kFull;

  // Of the largest buffer all is ring.
  const bool overruns = (rcr & kRcrWrap) != 0 && length < kLargest;
  if (overruns && at + size > length + kMaxOverrun) return Outcome::kFull;

  const PacketHeader header{.status = static_cast<std::uint16_t>(status_of(arrival.match())),
                            .size = static_cast<std::uint16_t>(arrival.size())};
  const auto header_bytes = std::bit_cast<std::array<std::uint8_t, sizeof(PacketHeader)>>(header);
  RingWriter writer(memory, start_, at, overruns ? at + size : length);
  bool written = writer.write(header_bytes);
  for (const Bytes piece : arrival.pieces()) written = written && writer.write(piece);
  if (!written) return Outcome::kFailed;
  written_ = (at + size) % length;
  return Outcome::kStored;
}

}  // namespace sluice::rtl8139
