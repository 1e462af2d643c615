#include "devices/nic/microwire_eeprom.h"

#include <algorithm>
#include <bit>
#include <utility>

#include <gsl/assert>

namespace sluice {
namespace {

constexpr unsigned kWordBits = 16;

// Operation codes (Microchip 93C46, table 2-1). Those of kExtended are told by the first two bits
// of the address.
constexpr unsigned kExtended = 0;
constexpr unsigned kWriteWord = 1;
constexpr unsigned kReadWord = 2;
constexpr unsigned kErase = 3;
constexpr unsigned kWriteDisable = 0;
constexpr unsigned kWriteAllWords = 1;
constexpr unsigned kEraseAll = 2;
constexpr unsigned kWriteEnable = 3;

}  // namespace

MicrowireEeprom::MicrowireEeprom(std::vector<std::uint16_t> words)
    : words_(std::move(words)), address_bits_(std::bit_width(words_.size()) - 1) {
  Expects(std::has_single_bit(words_.size()) && words_.size() >= 4 && words_.size() <= 2048);
}

void MicrowireEeprom::set_wires(bool select, bool clock, bool data_in) {
  const bool rising = !std::exchange(clock_, clock) && clock;
  if (select != std::exchange(select_, select)) {
    phase_ = Phase::kStandby;
    data_out_ = true;
  }
  if (select && rising) take(data_in);
}

void MicrowireEeprom::take(bool bit) {
  switch (phase_) {
    case Phase::kStandby:
      if (bit) phase_ = Phase::kInstruction;
      shifted_ = count_ = 0;
      return;
    case Phase::kInstruction:
      shifted_ = shifted_ << 1 | (bit ? 1 : 0);
      if (++count_ == 2 + address_bits_) decode();
      return;
    case Phase::kRead:
      if (count_ == 0) {
        shifted_ = words_.at(address_);
        count_ = kWordBits;
        address_ = (address_ + 1) % words_.size();
      }
      data_out_ = (shifted_ >> --count_ & 1) != 0;
      return;
    case Phase::kWrite:
    case Phase::kWriteAll:
      shifted_ = shifted_ << 1 | (bit ? 1 : 0);
      if (++count_ < kWordBits) return;
      if (phase_ == Phase::kWrite) {
        write(address_, static_cast<std::uint16_t>(shifted_));
      } else if (writable_) {
        std::fill(words_.begin(), words_.end(), static_cast<std::uint16_t>(shifted_));
      }
      phase_ = Phase::kDone;
      return;
    case Phase::kDone:
      return;
  }
}

void MicrowireEeprom::decode() {
  const unsigned operation = shifted_ >> address_bits_;
  address_ = shifted_ & (words_.size() - 1);
  const auto extended = static_cast<unsigned>(address_ >> (address_bits_ - 2));
  shifted_ = count_ = 0;
  phase_ = Phase::kDone;
  switch (operation) {
    case kReadWord:
      phase_ = Phase::kRead;
      data_out_ = false;
      return;
    case kWriteWord:
      phase_ = Phase::kWrite;
      return;
    case kErase:
      write(address_, 0xffff);
      return;
    case kExtended:
    default:
      break;
  }
  switch (extended) {
    case kWriteAllWords:
      phase_ = Phase::kWriteAll;
      return;
    case kEraseAll:
      if (writable_) std::fill(words_.begin(), words_.end(), std::uint16_t{0xffff});
      return;
    case kWriteEnable:
    case kWriteDisable:
    default:
      writable_ = extended == kWriteEnable;
      return;
  }
}

void MicrowireEeprom::write(std::size_t at, std::uint16_t value) {
  if (writable_) words_.at(at) = value;
}

}  // namespace sluice
