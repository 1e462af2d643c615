#include "devices/nic/rtl8139/engine.h"

#include <algorithm>
#include <utility>

#include <gsl/assert>

#include "stack/wire/ethernet.h"

namespace sluice::rtl8139 {
namespace {

// How many frames, or pieces of one, a call takes from the guest.
constexpr unsigned kFramesPerCall = 64;

constexpr std::uint64_t kTallyAlignment = 64;
constexpr std::size_t kCrcSize = 4;

MacAddress destination_of(Bytes frame) {
  std::array<std::uint8_t, MacAddress::kSize> octets{};
  copy_bytes(frame.first(octets.size()), octets);
  return MacAddress(octets);
}

}  // namespace

Engine::Engine(GuestMemory& memory)
    : memory_(memory),
      output_(std::make_unique_for_overwrite<std::uint8_t[]>(Link::kMaxReserve)),
      segment_(std::make_unique_for_overwrite<std::uint8_t[]>(Link::kMaxReserve)) {}

void Engine::reset() {
  settings_ = Settings();
  interrupts_ = Interrupts();
  statistics_.missed_packets = 0;
  buffer_.set_start(0);
  receive_.reset();
  transmit_addresses_.fill(0);
  slots_.reset();
  transmit_.reset();
}

void Engine::write_cr(std::uint8_t value) {
  if ((value & kCrRst) != 0) return reset();
  const std::uint8_t before = std::exchange(settings_.cr, value & (kCrTe | kCrRe));
  if ((before & kCrRe) == 0 && (value & kCrRe) != 0) buffer_.restart();
  if ((value & kCrTe) == 0) transmit_.stop();
}

void Engine::write_transmit_address(unsigned index, std::uint32_t value) {
  transmit_addresses_.at(index) = value;
  const unsigned low = index / 2 * 2;
  transmit_.set_base(
      low == 0 ? Transmit::kNormal : Transmit::kHigh,
      std::uint64_t{transmit_addresses_.at(low + 1)} << 32 | transmit_addresses_.at(low));
}

void Engine::dump_tally(std::uint64_t address) {
  const auto bytes = std::bit_cast<std::array<std::uint8_t, sizeof(Tally)>>(statistics_.tally());
  if (!master_ || !memory_.write(address / kTallyAlignment * kTallyAlignment, bytes)) {
    interrupts_.raise(kSerr);
  }
}

bool Engine::loops_back() const {
  return (settings_.tcr & kTcrLoopback) == kTcrLoopback;
}

bool Engine::has_work() const {
  if (!master_ || (settings_.cr & kCrTe) == 0 || !batch_.has_room()) return false;
  return plus_transmits() ? transmit_.pending() : slots_.pending();
}

void Engine::work() {
  for (unsigned frames = 0; frames < kFramesPerCall && has_work(); ++frames) {
    const MutableBytes room = batch_.room();
    const Outgoing frame = next(room);
    if (frame.size > 0) send(room.first(frame.size), frame.offload);
  }
}

Outgoing Engine::next(MutableBytes room) {
  const bool carrier = carrier_ || loops_back();
  if (plus_transmits()) {
    return transmit_.next(room, {.carrier = carrier, .large_may_leave = !loops_back()});
  }
  return {slots_.take(transmit_addresses_, carrier, room), {}};
}

void Engine::send(MutableBytes frame, const Offload& offload) {
  const bool has_crc = (settings_.tcr & kTcrCrc) != 0;
  if (has_crc && offload.checksum == ChecksumState::kInPacket && frame.size() > kCrcSize) {
    frame = frame.first(frame.size() - kCrcSize);
  }
  if (loops_back()) return deliver(frame, {}, offload);
  batch_.commit(frame.size(), offload);
}

bool Engine::takes(unsigned frames) {
  if (!can_receive() || !carrier_ || loops_back()) return true;
  return (settings_.cpcr & kCpRx) != 0 ? receive_.has_room(memory_, frames)
                                       : buffer_.has_room(settings_.rcr, frames);
}

MutableBytes Engine::reserve(std::size_t size) {
  Expects(size <= Link::kMaxReserve);
  reserved_ = size;
  return {output_.get(), size};
}

void Engine::commit(std::size_t size, gsl::span<const Bytes> payload, const Offload& offload) {
  Expects(size <= reserved_ && payload.size() <= Link::kMaxPieces);
  reserved_ = 0;
  if (!carrier_ || loops_back()) return counters_.count(Drop::kLinkFull);
  const MutableBytes room(output_.get(), Link::kMaxReserve);
  if (size >= Arrival::kHeaders) return deliver(room.first(size), payload, offload);
  // So that all headers lie in one piece.
  for (const Bytes piece : payload) {
    if (piece.size() > room.size() - size) return counters_.count(Drop::kLinkFull);
    copy_bytes(piece, room.subspan(size));
    size += piece.size();
  }
  deliver(room.first(size), {}, offload);
}

void Engine::deliver(MutableBytes head, gsl::span<const Bytes> payload, const Offload& offload) {
  if (head.size() < EthernetHeader::kSize) return counters_.count(Drop::kTruncated);
  if (!can_receive()) return counters_.count(Drop::kLinkFull);
  const Match match = filter_.match(destination_of(head), settings_.rcr);
  if (match == Match::kNone) return counters_.count(Drop::kNotForUs);
  if (offload.segmentation == Segmentation::kNone) {
    complete_checksum(head, payload, offload);
    const bool ours = offload.checksum == ChecksumState::kPartial;
    return store(match, head, payload, ours ? ChecksumState::kVerified : offload.checksum);
  }
  Segmenter segmenter(head, payload, offload);
  const MutableBytes room(segment_.get(), Link::kMaxReserve);
  while (const std::size_t size = segmenter.next(room)) {
    store(match, room.first(size), {}, ChecksumState::kVerified);
  }
}

void Engine::store(Match match, MutableBytes head, gsl::span<const Bytes> payload,
                   ChecksumState checksum) {
  Arrival arrival(match, head, payload, checksum);
  const bool plus = (settings_.cpcr & kCpRx) != 0;
  switch (plus ? receive_.store(memory_, settings_.cpcr, arrival)
               : buffer_.store(memory_, settings_.rcr, arrival)) {
    case Buffer::Outcome::kStored:
      return count_stored(match);
    case Buffer::Outcome::kFull:
      interrupts_.raise(kRxovw);
      break;
    case Buffer::Outcome::kFailed:
      interrupts_.raise(kRer | kSerr);
      break;
  }
  statistics_.miss();
  counters_.count(Drop::kLinkFull);
}

void Engine::count_stored(Match match) {
  interrupts_.raise(kRok);
  ++statistics_.rx_ok;
  if (match == Match::kPhysical) ++statistics_.rx_ok_physical;
  if (match == Match::kBroadcast) ++statistics_.rx_ok_broadcast;
  if (match == Match::kMulticast) ++statistics_.rx_ok_multicast;
}

}  // namespace sluice::rtl8139
