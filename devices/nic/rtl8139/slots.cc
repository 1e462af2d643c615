#include "devices/nic/rtl8139/slots.h"

#include <gsl/assert>

namespace sluice::rtl8139 {
namespace {

// Where bits of one slot are in the summary, each a group of four.
constexpr unsigned kSummaryOwn = 0;
constexpr unsigned kSummaryTabt = 4;
constexpr unsigned kSummaryTok = 12;

}  // namespace

Slots::Slots(GuestMemory& memory, Interrupts& interrupts, Statistics& statistics)
    : memory_(memory), interrupts_(interrupts), statistics_(statistics) {
  reset();
}

void Slots::reset() {
  status_.fill(kTsdOwn);
  turn_ = 0;
}

void Slots::write_status(unsigned slot, std::uint32_t value) {
  status_.at(slot) = value & (kTsdSize | kTsdOwn | kTsdThreshold);
}

std::uint16_t Slots::summary() const {
  unsigned bits = 0;
  for (unsigned slot = 0; slot < kCount; ++slot) {
    const std::uint32_t status = status_.at(slot);
    if ((status & kTsdOwn) != 0) bits |= 1U << (kSummaryOwn + slot);
    if ((status & kTsdTabt) != 0) bits |= 1U << (kSummaryTabt + slot);
    if ((status & kTsdTok) != 0) bits |= 1U << (kSummaryTok + slot);
  }
  return static_cast<std::uint16_t>(bits);
}

bool Slots::pending() const {
  return (status_.at(turn_) & kTsdOwn) == 0;
}

std::size_t Slots::take(const Addresses& addresses, bool carrier, MutableBytes room) {
  Expects(pending());
  std::uint32_t& status = status_.at(turn_);
  const std::size_t size = status & kTsdSize;
  const bool read = size == 0 || memory_.read(addresses.at(turn_), room.first(size));
  turn_ = (turn_ + 1) % kCount;
  status |= kTsdOwn;
  if (!read) {
    status |= kTsdTabt;
    interrupts_.raise(kTer | kSerr);
    ++statistics_.tx_errors;
    return 0;
  }
  // Without a carrier a frame is sent all the same, and nobody hears it.
  status |= kTsdTok;
  if (!carrier) status |= kTsdCrs;
  interrupts_.raise(kTok);
  ++(carrier ? statistics_.tx_ok : statistics_.tx_errors);
  return carrier ? size : 0;
}

}  // namespace sluice::rtl8139
