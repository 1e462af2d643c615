#include "devices/nic/rtl8139/receive.h"

#include <algorithm>

#include "devices/nic/nic.h"
#include "devices/nic/rtl8139/registers.h"

namespace sluice::rtl8139 {
namespace {

constexpr std::uint32_t kBufferSize = 0x1fff;  // of a command; the length of a status

// Of a status.
constexpr std::uint32_t kMar = 1U << 26;
constexpr std::uint32_t kPam = 1U << 25;
constexpr std::uint32_t kBar = 1U << 24;
constexpr std::uint32_t kFovf = 1U << 22;  // the frame is not all there
constexpr std::uint32_t kRes = 1U << 20;   // there is an error
constexpr unsigned kPidShift = 16;
constexpr std::uint32_t kIpf = 1U << 15;
constexpr std::uint32_t kUdpf = 1U << 14;
constexpr std::uint32_t kTcpf = 1U << 13;
// Of its second double word.
constexpr std::uint32_t kTava = 1U << 16;

std::uint32_t status_of(Match match) {
  switch (match) {
    case Match::kPhysical:
      return kPam;
    case Match::kMulticast:
      return kMar;
    case Match::kBroadcast:
      return kBar;
    default:
      return 0;
  }
}

std::uint32_t status_of(const Verdict& verdict) {
  return static_cast<std::uint32_t>(verdict.protocol) << kPidShift | (verdict.ip_fails ? kIpf : 0) |
         (verdict.udp_fails ? kUdpf : 0) | (verdict.tcp_fails ? kTcpf : 0);
}

// Hands out a frame's bytes in runs of any length.
class PieceReader {
 public:
  explicit PieceReader(gsl::span<const Bytes> pieces) : pieces_(pieces) {}

  // Writes the next `size` bytes, or as many as there are, to `address`.
  bool write(GuestMemory& memory, std::uint64_t address, std::size_t size) {
    while (size > 0 && !pieces_.empty()) {
      const Bytes rest = pieces_.front().subspan(taken_);
      const Bytes part = rest.first(std::min(rest.size(), size));
      if (!part.empty() && !memory.write(address, part)) return false;
      address += part.size();
      size -= part.size();
      taken_ += part.size();
      if (part.size() == rest.size()) {
        pieces_ = pieces_.subspan(1);
        taken_ = 0;
      }
    }
    return true;
  }

 private:
  gsl::span<const Bytes> pieces_;
  std::size_t taken_ = 0;  // of the first
};

}  // namespace

bool Receive::has_room(GuestMemory& memory, unsigned frames) const {
  const std::size_t wanted = frames * Nic::kUsualFrame;
  std::size_t room = 0;
  unsigned index = ring_.next();
  for (unsigned i = 0; i < Ring::kMaxDescriptors && room < wanted; ++i) {
    const auto descriptor = ring_.read(memory, index);
    // Nothing is gained by waiting for a ring that is nowhere.
    if (!descriptor) return true;
    if ((descriptor->status & Descriptor::kOwn) == 0) return false;
    room += descriptor->status & kBufferSize;
    index = Ring::after(index, *descriptor);
    if (index == ring_.next()) break;
  }
  return room >= wanted || frames == 1;
}

Receive::Outcome Receive::store(GuestMemory& memory, std::uint16_t cpcr, Arrival& arrival) {
  std::uint32_t vlan = 0;
  if ((cpcr & kCpRxVlan) != 0) {
    if (const auto tag = arrival.take_tag()) {
      vlan = kTava | static_cast<std::uint32_t>((*tag)[1]) << 8 | (*tag)[0];
    }
  }
  if (arrival.size() > kBufferSize) return Outcome::kFull;

  Ring::Places places;
  unsigned count = 0;
  std::size_t room = 0;
  unsigned index = ring_.next();
  while (room < arrival.size()) {
    // The whole ring is not enough.
    if (count == places.size() || (count > 0 && index == ring_.next())) return Outcome::kFull;
    const auto descriptor = ring_.read(memory, index);
    if (!descriptor) return Outcome::kFailed;
    if ((descriptor->status & Descriptor::kOwn) == 0) return Outcome::kFull;
    places.at(count++) = {*descriptor, index};
    room += descriptor->status & kBufferSize;
    index = Ring::after(index, *descriptor);
  }

  PieceReader reader(arrival.pieces());
  bool written = true;
  for (const Place& place : gsl::span(places).first(count)) {
    const std::uint32_t size = place.descriptor.status & kBufferSize;
    written = written && reader.write(memory, place.descriptor.address, size);
  }
  std::uint32_t outcome = written ? status_of(arrival.match()) : kFovf | kRes;
  if ((cpcr & kCpRxChkSum) != 0 && written) outcome |= status_of(arrival.verdict());
  for (unsigned i = 0; i < count; ++i) {
    const Place& place = places.at(i);
    const bool last = i + 1 == count;
    std::uint32_t status = place.descriptor.status & Descriptor::kEor;
    if (i == 0) status |= Descriptor::kFs;
    status |= last ? Descriptor::kLs | outcome | static_cast<std::uint32_t>(arrival.size())
                   : place.descriptor.status & kBufferSize;
    written = ring_.write_vlan(memory, place.index, last ? vlan : 0) && written;
    written = ring_.write_status(memory, place.index, status) && written;
  }
  ring_.set_next(index);
  return written ? Outcome::kStored : Outcome::kFailed;
}

}  // namespace sluice::rtl8139
