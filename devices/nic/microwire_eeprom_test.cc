#include "devices/nic/microwire_eeprom.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace sluice {
namespace {

class Wires {
 public:
  explicit Wires(std::size_t words) : chip_(numbered(words)) {}

  void select() { chip_.set_wires(true, false, false); }
  void release() { chip_.set_wires(false, false, false); }
  // Clocks a bit in; returns the one that came out.
  bool shift(bool bit) {
    chip_.set_wires(true, false, bit);
    chip_.set_wires(true, true, bit);
    const bool out = chip_.data_out();
    chip_.set_wires(true, false, bit);
    return out;
  }
  void shift_in(std::uint32_t value, unsigned bits) {
    for (unsigned i = bits; i > 0; --i) shift((value >> (i - 1) & 1) != 0);
  }
  std::uint16_t shift_out() {
    std::uint16_t value = 0;
    for (int i = 0; i < 16; ++i)
      value = static_cast<std::uint16_t>(value << 1 | (shift(false) ? 1 : 0));
    return value;
  }
  void instruct(std::uint32_t operation, std::uint32_t address, unsigned address_bits) {
    release();
    select();
    shift_in(4 | operation, 3);
    shift_in(address, address_bits);
  }
  std::uint16_t read(std::uint32_t address, unsigned address_bits) {
    instruct(2, address, address_bits);
    return shift_out();
  }

  MicrowireEeprom& chip() { return chip_; }

 private:
  static std::vector<std::uint16_t> numbered(std::size_t words) {
    std::vector<std::uint16_t> values(words);
    for (std::size_t i = 0; i < words; ++i) values[i] = static_cast<std::uint16_t>(0xa500 + i);
    return values;
  }

  MicrowireEeprom chip_;
};

TEST(MicrowireEeprom, TellsHowLongAddressesAreByAZero) {
  for (const auto& [words, bits] : {std::pair{64U, 6U}, {256U, 8U}}) {
    Wires wires(words);
    wires.select();
    wires.shift_in(6, 3);
    unsigned count = 1;
    while (wires.shift(false)) ++count;
    EXPECT_EQ(count, bits);
  }
}

TEST(MicrowireEeprom, ReadsOnAsLongAsTheClockDoes) {
  Wires wires(64);
  EXPECT_EQ(wires.read(62, 6), 0xa500 + 62);
  EXPECT_EQ(wires.shift_out(), 0xa500 + 63);
  EXPECT_EQ(wires.shift_out(), 0xa500);
}

TEST(MicrowireEeprom, WaitsForAOneToBegin) {
  Wires wires(64);
  wires.select();
  wires.shift_in(0, 9);
  wires.shift_in(6, 3);
  wires.shift_in(5, 6);
  EXPECT_EQ(wires.shift_out(), 0xa505);
}

TEST(MicrowireEeprom, IsWrittenOnlyWhereWritingIsEnabled) {
  Wires wires(64);
  const auto write = [&] {
    wires.instruct(1, 7, 6);
    wires.shift_in(0x1234, 16);
  };
  write();
  EXPECT_EQ(wires.read(7, 6), 0xa507);
  wires.instruct(0, 0x30, 6);
  write();
  EXPECT_TRUE(wires.chip().data_out()) << "it is ready at once";
  EXPECT_EQ(wires.read(7, 6), 0x1234);
  EXPECT_EQ(wires.read(8, 6), 0xa508);
  wires.instruct(3, 8, 6);
  EXPECT_EQ(wires.read(8, 6), 0xffff);
  wires.instruct(0, 0x10, 6);
  wires.shift_in(0x5678, 16);
  EXPECT_EQ(wires.read(40, 6), 0x5678);
  wires.instruct(0, 0x20, 6);
  EXPECT_EQ(wires.read(40, 6), 0xffff);
  wires.instruct(0, 0x00, 6);
  write();
  EXPECT_EQ(wires.read(7, 6), 0xffff);
}

RC_GTEST_PROP(MicrowireEeprom, EndsWhateverTheWiresDo, (const std::vector<std::uint8_t>& moves)) {
  Wires wires(64);
  for (const std::uint8_t move : moves) {
    wires.chip().set_wires((move & 3) != 0, (move & 4) != 0, (move & 8) != 0);
  }
  wires.instruct(0, 0x30, 6);
  wires.instruct(1, 3, 6);
  wires.shift_in(0x4321, 16);
  RC_ASSERT(wires.read(3, 6) == 0x4321);
}

}  // namespace
}  // namespace sluice
