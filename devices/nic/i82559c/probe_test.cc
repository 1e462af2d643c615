// What a driver finds out before it sends anything.

#include <gtest/gtest.h>

#include <numeric>

#include "devices/nic/i82559c/test_driver.h"

namespace sluice::i82559c {
namespace {

// Reads a word of the EEPROM bit by bit through the control register.
class EepromReader {
 public:
  explicit EepromReader(TestDriver& driver) : driver_(driver) {}

  // How long addresses are.
  unsigned probe() {
    begin();
    unsigned bits = 1;
    while (clock(false)) ++bits;
    end();
    return bits;
  }
  std::uint16_t read(unsigned address, unsigned bits) {
    begin();
    for (unsigned i = bits; i > 0; --i) clock((address >> (i - 1) & 1) != 0);
    std::uint16_t word = 0;
    for (int i = 0; i < 16; ++i)
      word = static_cast<std::uint16_t>(word << 1 | (clock(false) ? 1 : 0));
    end();
    return word;
  }

 private:
  void begin() {
    driver_.write16(kEepromControl, kEecs);
    for (const bool bit : {true, true, false}) clock(bit);
  }
  void end() { driver_.write16(kEepromControl, 0); }
  bool clock(bool bit) {
    const auto wires = static_cast<std::uint16_t>(kEecs | (bit ? kEedi : 0));
    driver_.write16(kEepromControl, wires);
    driver_.write16(kEepromControl, static_cast<std::uint16_t>(wires | kEesk));
    const bool out = (driver_.read16(kEepromControl) & kEedo) != 0;
    driver_.write16(kEepromControl, wires);
    return out;
  }

  TestDriver& driver_;
};

std::uint16_t read_phy(TestDriver& driver, unsigned number, unsigned address = Phy::kAddress) {
  driver.write32(kMdiControl, kMdiRead | address << 21 | number << 16);
  const std::uint32_t value = driver.read32(kMdiControl);
  EXPECT_NE(value & kMdiReady, 0U);
  return static_cast<std::uint16_t>(value);
}

void write_phy(TestDriver& driver, unsigned number, std::uint16_t value) {
  driver.write32(kMdiControl, kMdiWrite | Phy::kAddress << 21 | number << 16 | value);
}

TEST(I82559cProbe, TheManagementInterfaceIsReadyBeforeItIsUsed) {
  TestDriver driver;
  EXPECT_EQ(driver.read32(kMdiControl), kMdiReady);
  read_phy(driver, 1);
  driver.write32(kPort, kPortSoftwareReset);
  EXPECT_EQ(driver.read32(kMdiControl), kMdiReady);
}

TEST(I82559cProbe, FindsTheCardAndItsRegions) {
  TestDriver driver;
  EXPECT_EQ(driver.card.read_config(0x00, 4), 0x12298086U);
  EXPECT_EQ(driver.card.read_config(0x08, 4), 0x02000008U);
  EXPECT_EQ(driver.card.read_config(0x2c, 4), 0x000c8086U);
  for (const unsigned bar : {0x10, 0x14, 0x18}) {
    driver.card.write_config(driver.now, bar, 4, 0xffffffff);
  }
  EXPECT_EQ(driver.card.read_config(0x10, 4), 0xfffff000U);
  EXPECT_EQ(driver.card.read_config(0x14, 4), 0xffffffc1U);
  EXPECT_EQ(driver.card.read_config(0x18, 4), 0xfff00000U);
  EXPECT_EQ(driver.card.read_bar(driver.now, 2, 0x1234, 4), 0xffffffffU);
}

TEST(I82559cProbe, ReadsTheAddressAndAGoodSumFromTheEeprom) {
  TestDriver driver;
  EepromReader reader(driver);
  EXPECT_EQ(reader.probe(), 6U);
  std::vector<std::uint16_t> words;
  for (unsigned i = 0; i < 64; ++i) words.push_back(reader.read(i, 6));
  EXPECT_EQ(words[0], 0x5452);
  EXPECT_EQ(words[1], 0x1200);
  EXPECT_EQ(words[2], 0x5634);
  EXPECT_EQ(std::accumulate(words.begin(), words.end(), 0U) & 0xffff, 0xbabaU);
}

TEST(I82559cProbe, FindsOnePhyWithALink) {
  TestDriver driver;
  for (unsigned address = 0; address < 32; ++address) {
    if (address == Phy::kAddress) continue;
    EXPECT_EQ(read_phy(driver, kBmcr, address), 0xffff) << address;
  }
  EXPECT_EQ(read_phy(driver, kPhyId1), 0x02a8);
  EXPECT_EQ(read_phy(driver, kPhyId2), 0x0154);
  write_phy(driver, kBmcr, kBmcrAutoNegotiation | kBmcrRestart);
  EXPECT_EQ(read_phy(driver, kBmcr), kBmcrAutoNegotiation);
  EXPECT_EQ(read_phy(driver, kBmsr), 0x786d);
  EXPECT_EQ(read_phy(driver, kAnlpar) & read_phy(driver, kAnar) & 0x1e0, 0x1e0);
  EXPECT_EQ(read_phy(driver, kStatusAndControl), 3);
  EXPECT_EQ(driver.read8(kGeneralStatus), 7);
}

TEST(I82559cProbe, NegotiatesWhatTheDriverAdvertises) {
  TestDriver driver;
  write_phy(driver, kAnar, 0x0021);
  EXPECT_EQ(read_phy(driver, kStatusAndControl), 0);
  EXPECT_EQ(driver.read8(kGeneralStatus), kGeneralStatusLinkUp);
  write_phy(driver, kBmcr, kBmcr100);
  EXPECT_EQ(read_phy(driver, kStatusAndControl), 2);
  EXPECT_EQ(read_phy(driver, kBmsr) & kBmsrNegotiated, 0);
  write_phy(driver, kBmcr, kBmcrReset);
  EXPECT_EQ(read_phy(driver, kBmcr), 0x3100);
  EXPECT_EQ(read_phy(driver, kAnar), 0x05e1);
}

TEST(I82559cProbe, SeesThatALinkWasDown) {
  TestDriver driver;
  driver.card.set_link(driver.now, false);
  EXPECT_EQ(read_phy(driver, kBmsr) & (kBmsrLink | kBmsrNegotiated), 0);
  EXPECT_EQ(driver.read8(kGeneralStatus) & kGeneralStatusLinkUp, 0);
  EXPECT_EQ(driver.read8(kPmdr), kPmdrLinkStatusChange);
  driver.write8(kPmdr, 0xff);
  EXPECT_EQ(driver.read8(kPmdr), 0);
  driver.card.set_link(driver.now, true);
  EXPECT_EQ(read_phy(driver, kBmsr) & kBmsrLink, 0) << "the first time";
  EXPECT_EQ(read_phy(driver, kBmsr) & kBmsrLink, kBmsrLink);
}

TEST(I82559cProbe, TheManagementInterfaceInterruptsIfAsked) {
  TestDriver driver;
  write_phy(driver, kBmcr, kBmcrAutoNegotiation);
  EXPECT_FALSE(driver.slot.level);
  driver.write32(kMdiControl, kMdiInterruptEnable | kMdiRead | Phy::kAddress << 21);
  EXPECT_TRUE(driver.slot.level);
  EXPECT_EQ(driver.take_interrupts(), kMdi);
  EXPECT_FALSE(driver.slot.level);
}

TEST(I82559cProbe, TheSelfTestPasses) {
  TestDriver driver;
  constexpr std::uint32_t kResult = 0x3000;
  driver.memory().store(kResult, std::uint32_t{0});
  driver.memory().store(kResult + 4, ~std::uint32_t{0});
  driver.write32(kPort, kResult | kPortSelfTest);
  EXPECT_NE(driver.memory().load<std::uint32_t>(kResult), 0U);
  EXPECT_EQ(driver.memory().load<std::uint32_t>(kResult + 4), 0U);
}

TEST(I82559cProbe, ThePortTakesHalvesAndDumps) {
  TestDriver driver;
  driver.write16(kPort, 0x3000 | kPortDump);
  EXPECT_EQ(driver.get(0x3000, 1)[0], 0);
  driver.write16(kPort + 2, 0);
  EXPECT_EQ(driver.get(0x3000, 1)[0], 0x16) << "how many bytes of configuration there are";
}

TEST(I82559cProbe, ASoftwareResetForgetsWhatASelectiveOneKeeps) {
  TestDriver driver;
  driver.configure(TestDriver::usual_configuration());
  const auto ring = driver.put_ring(2, 1536);
  driver.command(RuCommand::kStart, ring[0]);
  driver.write32(kPort, kPortSelectiveReset);
  EXPECT_EQ(driver.ru_state(), RuState::kIdle);
  driver.write32(kPort, 0x3000 | kPortDump);
  EXPECT_EQ(driver.get(0x3000, 22), TestDriver::usual_configuration());
  driver.write8(kScbInterruptControl, kM);
  driver.write32(kPort, kPortSoftwareReset);
  driver.write32(kPort, 0x3000 | kPortDump);
  EXPECT_NE(driver.get(0x3000, 22), TestDriver::usual_configuration());
  EXPECT_EQ(driver.read32(kScbStatus), 0U);
}

TEST(I82559cProbe, AccessesOutsideOrAcrossReadAsOnes) {
  TestDriver driver;
  EXPECT_EQ(driver.card.read_bar(driver.now, 1, 0x40, 4), 0xffffffffU);
  EXPECT_EQ(driver.card.read_bar(driver.now, 0, 0x1000, 1), 0xffU);
  EXPECT_EQ(driver.card.read_bar(driver.now, 0, 1, 2), 0xffffU);
  EXPECT_EQ(driver.card.read_bar(driver.now, 0, ~std::uint64_t{7}, 8), ~std::uint64_t{0});
  EXPECT_EQ(driver.card.read_bar(driver.now, 5, 0, 4), 0xffffffffU);
  driver.card.write_bar(driver.now, 0, 0x1000, 4, 1);
  driver.card.write_bar(driver.now, 4, 0, 4, 1);
  EXPECT_EQ(driver.read32(0x800), 0U);
}

TEST(I82559cProbe, RegistersAreTheSameInBothRegions) {
  TestDriver driver;
  driver.card.write_bar(driver.now, 1, kScbGeneralPointer, 4, 0x12345678);
  EXPECT_EQ(driver.read32(kScbGeneralPointer), 0x12345678U);
  EXPECT_EQ(driver.read8(kScbGeneralPointer + 2), 0x34);
}

TEST(I82559cProbe, AsleepTheCardReachesNoMemoryAndWakesUpReset) {
  TestDriver driver;
  const auto capability = driver.card.read_config(0x34, 1);
  EXPECT_EQ(driver.card.read_config(capability, 1), 1U);
  driver.configure(TestDriver::usual_configuration());
  const auto ring = driver.put_ring(2, 1536);
  driver.command(RuCommand::kStart, ring[0]);
  driver.card.write_config(driver.now, capability + 4, 2, 3);
  driver.give(frame_to(kCardMac, 100));
  EXPECT_EQ(driver.status_of(ring[0]), 0);
  driver.card.write_config(driver.now, capability + 4, 2, 0);
  EXPECT_EQ(driver.ru_state(), RuState::kIdle);
}

}  // namespace
}  // namespace sluice::i82559c
