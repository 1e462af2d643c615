// A serial EEPROM of the 93Cx6 family (National Semiconductor's MICROWIRE) with words of 16 bits:
// 64 of them make a 93C46, 128 a 93C56 and 256 a 93C66.
//
// Four wires: select, clock, data in and data out. Each rising edge of the clock takes a bit in,
// and puts one out. A command is a one, two bits of operation and an address; a read answers with a
// zero and then with words from that address on, the most significant bit first, for as long as the
// clock goes on. Writing has to be allowed by a command first, and is done when the select wire
// falls; here that takes no time, so that who asks whether the memory is ready always hears that it
// is.

#ifndef SLUICE_DEVICES_NIC_MICROWIRE_EEPROM_H_
#define SLUICE_DEVICES_NIC_MICROWIRE_EEPROM_H_

#include <cstdint>
#include <vector>

#include <gsl/span>

namespace sluice {

class MicrowireEeprom {
 public:
  // What it holds: 64, 128 or 256 words.
  explicit MicrowireEeprom(std::vector<std::uint16_t> words);

  // The levels of the wires that lead to it, from now on.
  void set_wires(bool select, bool clock, bool data_in);
  // The level of the wire that comes from it. Who is not asked leaves it alone, and it is pulled
  // up.
  bool data_out() const { return data_out_; }

  gsl::span<const std::uint16_t> words() const { return words_; }

 private:
  enum class State : std::uint8_t { kIdle, kCommand, kRead, kWrite, kDone };
  // What is done when the select wire falls.
  enum class Change : std::uint8_t { kNone, kOne, kAll };

  void shift(bool bit);
  void on_command();
  void finish();

  std::vector<std::uint16_t> words_;
  unsigned address_bits_;
  State state_ = State::kIdle;
  Change change_ = Change::kNone;
  bool writable_ = false;  // what EWEN and EWDS have said
  bool select_ = false;
  bool clock_ = false;
  bool data_out_ = true;
  unsigned count_ = 0;  // bits of `shifted_`, or those that the current word has still to give
  std::uint32_t shifted_ = 0;  // what came in, most significant bit first, or what goes out
  std::size_t address_ = 0;
};

}  // namespace sluice

#endif  // SLUICE_DEVICES_NIC_MICROWIRE_EEPROM_H_
