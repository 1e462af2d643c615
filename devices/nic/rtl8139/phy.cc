#include "devices/nic/rtl8139/phy.h"

#include <utility>

namespace sluice::rtl8139 {
namespace {

// BMCR (section 6.18).
constexpr std::uint16_t kReset = 1U << 15;
constexpr std::uint16_t kSpeed100 = 1U << 13;
constexpr std::uint16_t kNegotiates = 1U << 12;
constexpr std::uint16_t kLocked = kSpeed100 | kNegotiates | 1U << 8;

// BMSR (section 6.19): 100 and 10 Mbit/s, in full and half duplex; can negotiate; has more
// registers.
constexpr std::uint16_t kAbilities = 0x7809;
constexpr std::uint16_t kNegotiated = 1U << 5;
constexpr std::uint16_t kLinked = 1U << 2;

// ANAR and ANLPAR (sections 6.20, 6.21).
constexpr std::uint16_t kAnarWritable = 0x2de0;
constexpr std::uint16_t kSelector = 0x0001;
constexpr std::uint16_t kAny100 = 0x0180;
constexpr std::uint16_t kPartner = 0x45e1;  // the same as ours, acknowledged

// ANER (section 6.22): the partner negotiates.
constexpr std::uint16_t kPartnerNegotiates = 1U << 0;

// CSCR (section 6.27): the link may be, jabber and heart beat are looked after.
constexpr std::uint16_t kCscr = 0x03c0;
constexpr std::uint16_t kConnected = 1U << 10 | 1U << 3;

}  // namespace

void Phy::set_link(bool up) {
  if (link_ && !up) {
    link_was_lost_ = true;
    ++disconnects_;
  }
  link_ = up;
}

void Phy::reset() {
  const bool link = link_;
  *this = Phy();
  link_ = link;
}

void Phy::write_bmcr(std::uint16_t value, bool unlocked) {
  if ((value & kReset) != 0) {
    bmcr_ = kBmcr;
    anar_ = kAnar;
  } else if (unlocked) {
    // To negotiate again is done when it is asked for.
    bmcr_ = value & kLocked;
  }
}

std::uint16_t Phy::read_bmsr() {
  const bool linked = link_ && !std::exchange(link_was_lost_, false);
  const bool negotiated = link_ && (bmcr_ & kNegotiates) != 0;
  return static_cast<std::uint16_t>(kAbilities | (negotiated ? kNegotiated : 0) |
                                    (linked ? kLinked : 0));
}

void Phy::write_anar(std::uint16_t value) {
  anar_ = static_cast<std::uint16_t>((value & kAnarWritable) | kSelector);
}

std::uint16_t Phy::anlpar() const {
  return link_ ? kPartner : 0;
}

std::uint16_t Phy::aner() const {
  return link_ ? kPartnerNegotiates : 0;
}

std::uint16_t Phy::cscr() const {
  return static_cast<std::uint16_t>(kCscr | (link_ ? kConnected : 0));
}

bool Phy::slow() const {
  const bool negotiates = (bmcr_ & kNegotiates) != 0;
  return negotiates ? (anar_ & kAny100) == 0 : (bmcr_ & kSpeed100) == 0;
}

}  // namespace sluice::rtl8139
