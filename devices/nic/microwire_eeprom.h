// A serial EEPROM of 16-bit words with three wires and a select, as the 93C46 (64 words) and the
// 93C66 (256 words) are.
//
// A driver moves the wires one by one. Each rising edge of the clock takes a bit: a one that starts
// it, two bits of operation code, the address. Of an operation that reads, the bit that the last
// one of the address brings out is a zero; by it drivers find out how long addresses are. Then come
// the word's bits, and those of the words behind it for as long as the clock goes on. Writing is
// over at once; the wire that would tell of being busy is at one, ready.

#ifndef SLUICE_DEVICES_NIC_MICROWIRE_EEPROM_H_
#define SLUICE_DEVICES_NIC_MICROWIRE_EEPROM_H_

#include <cstdint>
#include <vector>

#include <gsl/span>

namespace sluice {

class MicrowireEeprom {
 public:
  // What it holds; as many words as it has, a power of two between 4 and 2048.
  explicit MicrowireEeprom(std::vector<std::uint16_t> words);

  // The levels of the wires CS, SK and DI.
  void set_wires(bool select, bool clock, bool data_in);
  // The level of DO; nobody drives it most of the time, and it is pulled up then.
  bool data_out() const { return data_out_; }

  gsl::span<const std::uint16_t> words() const { return words_; }

 private:
  enum class Phase : std::uint8_t { kStandby, kInstruction, kRead, kWrite, kWriteAll, kDone };

  void take(bool bit);
  void decode();
  void write(std::size_t at, std::uint16_t value);

  std::vector<std::uint16_t> words_;
  unsigned address_bits_;
  bool select_ = false;
  bool clock_ = false;
  bool data_out_ = true;
  bool writable_ = false;  // EWEN came, and no EWDS since
  Phase phase_ = Phase::kStandby;
  std::uint32_t shifted_ = 0;  // bits taken in this phase, or those to bring out
  unsigned count_ = 0;         // how many
  std::size_t address_ = 0;
};

}  // namespace sluice

#endif  // SLUICE_DEVICES_NIC_MICROWIRE_EEPROM_H_
