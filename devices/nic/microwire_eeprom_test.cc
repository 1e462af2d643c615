#include "devices/nic/microwire_eeprom.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace sluice {
namespace {

std::vector<std::uint16_t> numbered(std::size_t size) {
  std::vector<std::uint16_t> words(size);
  for (std::size_t i = 0; i < size; ++i) words[i] = static_cast<std::uint16_t>(0x8129 + 0x101 * i);
  return words;
}

// A driver's end of the wires.
class Wires {
 public:
  explicit Wires(MicrowireEeprom& eeprom) : eeprom_(eeprom) {}

  void select() { eeprom_.set_wires(true, false, false); }
  void release() { eeprom_.set_wires(false, false, false); }
  void send(unsigned bits, unsigned count) {
    while (count-- > 0) exchange((bits >> count & 1) != 0);
  }
  unsigned receive(unsigned count) {
    unsigned bits = 0;
    while (count-- > 0) bits = bits << 1 | (exchange(false) ? 1U : 0U);
    return bits;
  }
  void command(unsigned bits, unsigned count) {
    select();
    send(bits, count);
  }

 private:
  bool exchange(bool bit) {
    eeprom_.set_wires(true, false, bit);
    eeprom_.set_wires(true, true, bit);
    const bool answer = eeprom_.data_out();
    eeprom_.set_wires(true, false, bit);
    return answer;
  }

  MicrowireEeprom& eeprom_;
};

TEST(MicrowireEeprom, AnswersWithAZeroAndTheWord) {
  MicrowireEeprom eeprom(numbered(64));
  Wires wires(eeprom);
  EXPECT_TRUE(eeprom.data_out());
  wires.command(0b110'000101, 9);
  EXPECT_FALSE(eeprom.data_out());
  EXPECT_EQ(wires.receive(16), eeprom.words()[5]);
  wires.release();
  EXPECT_TRUE(eeprom.data_out());
}

TEST(MicrowireEeprom, GoesOnWithTheWordsBehind) {
  MicrowireEeprom eeprom(numbered(64));
  Wires wires(eeprom);
  wires.command(0b110'111111, 9);
  EXPECT_EQ(wires.receive(16), eeprom.words()[63]);
  EXPECT_EQ(wires.receive(16), eeprom.words()[0]);
  EXPECT_EQ(wires.receive(16), eeprom.words()[1]);
}

TEST(MicrowireEeprom, ZerosInFrontOfACommandAreNoPartOfIt) {
  MicrowireEeprom eeprom(numbered(64));
  Wires wires(eeprom);
  wires.command(0b00'110'000010, 11);
  EXPECT_EQ(wires.receive(16), eeprom.words()[2]);
}

TEST(MicrowireEeprom, TellsItsSizeByHowLongAddressesAre) {
  MicrowireEeprom small(numbered(64));
  Wires wires(small);
  wires.command(0b110'00000000, 11);
  EXPECT_NE(wires.receive(16), small.words()[0]);
  for (const std::size_t size : {128U, 256U}) {
    MicrowireEeprom large(numbered(size));
    Wires others(large);
    others.command(0b110'00000000, 11);
    EXPECT_EQ(others.receive(16), large.words()[0]);
  }
}

TEST(MicrowireEeprom, WritesOnlyWhatIsAllowedAndWhole) {
  MicrowireEeprom eeprom(numbered(64));
  Wires wires(eeprom);
  const unsigned before = eeprom.words()[3];
  const auto write = [&](unsigned bits) {
    wires.command(0b101'000011, 9);
    wires.send(0x1234, bits);
    wires.release();
  };
  write(16);
  EXPECT_EQ(eeprom.words()[3], before);
  wires.command(0b100'110000, 9);
  wires.release();
  write(15);
  EXPECT_EQ(eeprom.words()[3], before);
  write(16);
  EXPECT_EQ(eeprom.words()[3], 0x1234);
  wires.select();
  EXPECT_TRUE(eeprom.data_out()) << "ready";
  wires.release();
  wires.command(0b100'000000, 9);
  wires.release();
  wires.command(0b111'000011, 9);
  wires.release();
  EXPECT_EQ(eeprom.words()[3], 0x1234);
}

TEST(MicrowireEeprom, ErasesOneWordOrAll) {
  MicrowireEeprom eeprom(numbered(64));
  Wires wires(eeprom);
  wires.command(0b100'110000, 9);
  wires.release();
  wires.command(0b111'000011, 9);
  wires.release();
  EXPECT_EQ(eeprom.words()[3], 0xffff);
  EXPECT_NE(eeprom.words()[4], 0xffff);
  wires.command(0b100'010000, 9);
  wires.send(0xabcd, 16);
  wires.release();
  EXPECT_EQ(eeprom.words()[4], 0xabcd);
  EXPECT_EQ(eeprom.words()[63], 0xabcd);
  wires.command(0b100'100000, 9);
  wires.release();
  EXPECT_EQ(eeprom.words()[0], 0xffff);
}

RC_GTEST_PROP(MicrowireEeprom, AnswersWhateverItsWiresDidBefore,
              (const std::vector<std::uint8_t>& levels)) {
  MicrowireEeprom eeprom(numbered(64));
  Wires wires(eeprom);
  for (const std::uint8_t level : levels) {
    eeprom.set_wires((level & 1) != 0, (level & 2) != 0, (level & 4) != 0);
  }
  wires.release();
  wires.command(0b110'001001, 9);
  RC_ASSERT(wires.receive(16) == eeprom.words()[9]);
}

}  // namespace
}  // namespace sluice
