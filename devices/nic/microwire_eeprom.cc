#include "devices/nic/microwire_eeprom.h"

#include <algorithm>
#include <utility>

#include <gsl/assert>

namespace sluice {
namespace {

constexpr unsigned kWordBits = 16;
constexpr std::uint16_t kErased = 0xffff;

// The two bits behind the start bit.
enum Operation : std::uint8_t { kExtended, kWrite, kRead, kErase };
// The two highest bits of the address, where the operation is kExtended.
enum Extended : std::uint8_t { kForbidWriting, kWriteAll, kEraseAll, kAllowWriting };

}  // namespace

// A 93C56 takes as many bits of an address as a 93C66, and has no use for the first.
MicrowireEeprom::MicrowireEeprom(std::vector<std::uint16_t> words)
    : words_(std::move(words)), address_bits_(words_.size() <= 64 ? 6 : 8) {
  Expects(words_.size() == 64 || words_.size() == 128 || words_.size() == 256);
}

void MicrowireEeprom::set_wires(bool select, bool clock, bool data_in) {
  const bool rises = !std::exchange(clock_, clock) && clock;
  if (select != std::exchange(select_, select)) {
    if (!select) finish();
    state_ = State::kIdle;
    data_out_ = true;
  }
  if (select && rises) shift(data_in);
}

void MicrowireEeprom::shift(bool bit) {
  switch (state_) {
    case State::kIdle:
      if (bit) {
        state_ = State::kCommand;
        shifted_ = count_ = 0;
      }
      return;
    case State::kCommand:
      shifted_ = shifted_ << 1 | (bit ? 1U : 0U);
      if (++count_ == 2 + address_bits_) on_command();
      return;
    case State::kRead:
      if (count_ == 0) {
        shifted_ = words_.at(address_);
        address_ = (address_ + 1) % words_.size();
        count_ = kWordBits;
      }
      data_out_ = (shifted_ >> --count_ & 1) != 0;
      return;
    case State::kWrite:
      shifted_ = shifted_ << 1 | (bit ? 1U : 0U);
      if (++count_ == kWordBits) state_ = State::kDone;
      return;
    case State::kDone:
      return;
  }
}

void MicrowireEeprom::on_command() {
  const std::uint32_t operation = shifted_ >> address_bits_;
  const std::uint32_t extended = shifted_ >> (address_bits_ - 2) & 3;
  address_ = shifted_ % words_.size();
  shifted_ = count_ = 0;
  state_ = State::kDone;
  if (operation == kRead) {
    state_ = State::kRead;
    data_out_ = false;
  } else if (operation == kWrite || (operation == kExtended && extended == kWriteAll)) {
    state_ = State::kWrite;
    change_ = operation == kWrite ? Change::kOne : Change::kAll;
  } else if (operation == kErase || extended == kEraseAll) {
    shifted_ = kErased;
    change_ = operation == kErase ? Change::kOne : Change::kAll;
  } else {
    writable_ = extended == kAllowWriting;
  }
}

void MicrowireEeprom::finish() {
  const Change change = std::exchange(change_, Change::kNone);
  // A word that has not come as a whole is not written.
  if (!writable_ || state_ != State::kDone || change == Change::kNone) return;
  const auto word = static_cast<std::uint16_t>(shifted_);
  if (change == Change::kOne) {
    words_.at(address_) = word;
  } else {
    std::fill(words_.begin(), words_.end(), word);
  }
}

}  // namespace sluice
