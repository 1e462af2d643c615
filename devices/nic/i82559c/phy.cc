#include "devices/nic/i82559c/phy.h"

#include <utility>

namespace sluice::i82559c {
namespace {

// 100 and 10 Mbit/s, full and half duplex each, no preamble needed, negotiation, extended
// registers.
constexpr std::uint16_t kBmsrAbilities = 0x7849;

// Abilities, in both registers of negotiation (clause 28.2.4.1).
constexpr std::uint16_t k100Full = 0x0100;
constexpr std::uint16_t k100Half = 0x0080;
constexpr std::uint16_t k10Full = 0x0040;
constexpr std::uint16_t k10Half = 0x0020;
// The other end: all of these, and it has seen ours.
constexpr std::uint16_t kPartner = 0x4001 | k100Full | k100Half | k10Full | k10Half;

constexpr std::uint16_t kPartnerNegotiates = 0x0001;

// Register 16, the 82555's own (table 60).
constexpr std::uint16_t kFullDuplex = 0x0001;
constexpr std::uint16_t k100 = 0x0002;

}  // namespace

std::uint16_t Phy::read(unsigned number) {
  switch (number) {
    case kBmsr: {
      const bool up = has_link() && !std::exchange(was_down_, false);
      return static_cast<std::uint16_t>(kBmsrAbilities | (up ? kBmsrLink : 0) |
                                        (has_link() && negotiates() ? kBmsrNegotiated : 0));
    }
    case kAnlpar:
      return plugged_ ? kPartner : 0;
    case kAner:
      return plugged_ ? kPartnerNegotiates : 0;
    case kStatusAndControl:
      return static_cast<std::uint16_t>((is_full_duplex() ? kFullDuplex : 0) |
                                        (is_100() ? k100 : 0));
    default:
      return number < registers_.size() ? registers_.at(number) : 0xffff;
  }
}

void Phy::write(unsigned number, std::uint16_t value) {
  switch (number) {
    case kBmcr:
      if ((value & kBmcrReset) != 0) {
        reset();
      } else {
        registers_[kBmcr] = static_cast<std::uint16_t>(value & ~kBmcrRestart);
      }
      break;
    case kBmsr:
    case kPhyId1:
    case kPhyId2:
    case kAnlpar:
    case kAner:
    case kStatusAndControl:
      break;
    default:
      if (number < registers_.size()) registers_.at(number) = value;
  }
  was_down_ = was_down_ || !has_link();
}

void Phy::reset() {
  registers_ = kInitial;
  was_down_ = !plugged_;
}

void Phy::plug(bool in) {
  plugged_ = in;
  was_down_ = was_down_ || !in;
}

bool Phy::has_link() const {
  return plugged_ && (registers_[kBmcr] & kBmcrPowerDown) == 0 &&
         (!negotiates() || common_abilities() != 0);
}

std::uint16_t Phy::common_abilities() const {
  return registers_[kAnar] & kPartner & (k100Full | k100Half | k10Full | k10Half);
}

bool Phy::is_full_duplex() const {
  if (!negotiates()) return (registers_[kBmcr] & kBmcrFullDuplex) != 0;
  const std::uint16_t common = common_abilities();
  return (common & k100Full) != 0 || ((common & k100Half) == 0 && (common & k10Full) != 0);
}

bool Phy::is_100() const {
  if (!negotiates()) return (registers_[kBmcr] & kBmcr100) != 0;
  return (common_abilities() & (k100Full | k100Half)) != 0;
}

}  // namespace sluice::i82559c
