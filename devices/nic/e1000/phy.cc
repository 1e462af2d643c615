#include "devices/nic/e1000/phy.h"

#include <utility>

namespace sluice::e1000 {
namespace {

// Clause 22.2.4, and clause 40.5 for 1000BASE-T.
constexpr unsigned kControl = 0;
constexpr unsigned kStatus = 1;
constexpr unsigned kId1 = 2;
constexpr unsigned kId2 = 3;
constexpr unsigned kAdvertisement = 4;
constexpr unsigned kPartner = 5;
constexpr unsigned kExpansion = 6;
constexpr unsigned kNextPage = 7;
constexpr unsigned kControl1000 = 9;
constexpr unsigned kStatus1000 = 10;
constexpr unsigned kExtendedStatus = 15;
// The M88E1000's own.
constexpr unsigned kSpecificControl = 16;
constexpr unsigned kSpecificStatus = 17;
constexpr unsigned kInterruptEnable = 18;
constexpr unsigned kExtendedControl = 20;
constexpr unsigned kLedControl = 24;
constexpr unsigned kPageSelect = 29;
constexpr unsigned kPage = 30;

constexpr std::uint16_t kReset = 1U << 15;
constexpr std::uint16_t kLoopback = 1U << 14;
constexpr std::uint16_t kPowerDown = 1U << 11;
constexpr std::uint16_t kRestart = 1U << 9;

// 10 and 100 Mbit/s in either duplex, extended status, preamble suppression, negotiation.
constexpr std::uint16_t kAbilities = 0x7949;
constexpr std::uint16_t kComplete = 1U << 5;
constexpr std::uint16_t kLink = 1U << 2;
// All of that is what the partner can do, and it has acknowledged.
constexpr std::uint16_t kPartnerAbilities = 0xcde1;
// It knows negotiation, and its page has been received.
constexpr std::uint16_t kPartnerNegotiates = 0x0003;
// Both receivers are in order, and the partner has 1000BASE-T in either duplex.
constexpr std::uint16_t kPartner1000 = 0x3c00;
constexpr std::uint16_t k1000BaseT = 0x3000;
// 1000 Mbit/s, full duplex, resolved, by a cable of less than 50 m; and the link.
constexpr std::uint16_t kResolved = 0xa800;
constexpr std::uint16_t kSpecificLink = 1U << 10;

struct Value {
  unsigned number;
  std::uint16_t value;
};

constexpr Value kInitial[] = {
    {kControl, 0x1140},
    {kId1, 0x0141},
    {kId2, 0x0c20},
    {kAdvertisement, 0x0de1},
    {kNextPage, 0x2001},
    {kControl1000, 0x0e00},
    {kExtendedStatus, k1000BaseT},
    {kSpecificControl, 0x0360},
    {kExtendedControl, 0x0d60},
    {kLedControl, 0x4100},
};

bool is_writable(unsigned number) {
  switch (number) {
    case kControl:
    case kAdvertisement:
    case kNextPage:
    case kControl1000:
    case kSpecificControl:
    case kInterruptEnable:
    case kExtendedControl:
    case kLedControl:
    case kPageSelect:
    case kPage:
      return true;
    default:
      return false;
  }
}

}  // namespace

void Phy::reset() {
  values_.fill(0);
  for (const Value& initial : kInitial) values_.at(initial.number) = initial.value;
}

bool Phy::loops_back() const {
  return !down() && (values_[kControl] & kLoopback) != 0;
}

bool Phy::down() const {
  return (values_[kControl] & kPowerDown) != 0;
}

void Phy::plug(bool in) {
  plugged_ = in;
  if (!link()) lost_ = true;
}

std::uint16_t Phy::read(unsigned number) {
  const bool connected = link();
  switch (number) {
    case kStatus: {
      // That there was no link is told once, though there is one again.
      const bool lost = std::exchange(lost_, !connected);
      return static_cast<std::uint16_t>(kAbilities | (connected ? kComplete : 0) |
                                        (connected && !lost ? kLink : 0));
    }
    case kPartner:
      return connected ? kPartnerAbilities : 0;
    case kExpansion:
      return connected ? kPartnerNegotiates : 0;
    case kStatus1000:
      return connected ? kPartner1000 : 0;
    case kSpecificStatus:
      return connected ? kResolved | kSpecificLink : 0;
    default:
      return values_.at(number);
  }
}

bool Phy::write(unsigned number, std::uint16_t value) {
  if (!is_writable(number)) return false;
  if (number != kControl) {
    values_.at(number) = value;
    return false;
  }
  const bool before = link();
  if ((value & kReset) != 0) {
    reset();
  } else {
    values_[kControl] = value & static_cast<std::uint16_t>(~kRestart);
  }
  if (!link()) lost_ = true;
  return link() != before || (link() && (value & (kReset | kRestart)) != 0);
}

}  // namespace sluice::e1000
