#include <gtest/gtest.h>

#include "devices/nic/rtl8139/test_driver.h"

namespace sluice::rtl8139 {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;

using Port = Machine::Port;

TEST(Rtl8139, TellsTheBusWhoItIs) {
  Machine machine;
  EXPECT_EQ(machine.nic().read_config(0, 4), 0x813910ecU);
  EXPECT_EQ(machine.nic().read_config(8, 4), 0x02000020U);
  EXPECT_EQ(machine.nic().read_config(0x2c, 4), 0x813910ecU);
  EXPECT_EQ(machine.nic().bars()[0].kind, PciBar::Kind::kIo);
  EXPECT_EQ(machine.nic().bars()[1].kind, PciBar::Kind::kMemory);
  EXPECT_EQ(machine.nic().bars()[1].size, 256U);
  const std::uint32_t capability = machine.nic().read_config(0x34, 1);
  EXPECT_EQ(machine.nic().read_config(capability, 1), 1U) << "power management";
  EXPECT_EQ(machine.in8(Port::kRerid), 0x20);
}

TEST(Rtl8139, HasCPlusModeFromRevision20hOn) {
  Machine plus(0x20);
  Machine before(0x10);
  for (Machine* machine : {&plus, &before}) {
    machine->out16(Port::kRms, 1526);
    machine->out16(kCpcr, 0x1b);
    EXPECT_EQ(machine->in16(Port::kRms), 0) << "or it would be taken for an RTL8169";
  }
  EXPECT_EQ(plus.in16(kCpcr), 0x1b);
  EXPECT_EQ(before.in16(kCpcr), 0);
  EXPECT_EQ(plus.in32(kTcr) & 0x7cc00000, 0x74800000U);
  EXPECT_EQ(before.in32(kTcr) & 0x7cc00000, 0x74000000U);
  EXPECT_EQ(before.nic().read_config(8, 1), 0x10U);
}

TEST(Rtl8139, TheEepromHasTheAddressAndSaysHowLargeItIs) {
  Machine machine;
  EXPECT_NE(machine.eeprom_word(0, 8), 0x8129);
  EXPECT_EQ(machine.eeprom_word(0), 0x8129);
  EXPECT_EQ(machine.eeprom_word(1), 0x10ec);
  EXPECT_EQ(machine.eeprom_word(2), 0x8139);
  EXPECT_EQ(machine.eeprom_word(7), 0x5452);
  EXPECT_EQ(machine.eeprom_word(8), 0x1200);
  EXPECT_EQ(machine.eeprom_word(9), 0x5634);
  EXPECT_EQ(machine.in32(kRcr) & 1U << 6, 0U) << "a 93C46";
}

TEST(Rtl8139, TheAddressIsLoadedAndCanBeChangedOnlyWhenUnlocked) {
  Machine machine;
  EXPECT_EQ(machine.in32(kIdr0), 0x12005452U);
  EXPECT_EQ(machine.in16(kIdr4), 0x5634);
  EXPECT_EQ(machine.in8(kIdr0 + 3), 0x12);
  machine.out32(kIdr0, 0x01020304);
  EXPECT_EQ(machine.in32(kIdr0), 0x12005452U);
  machine.unlock();
  machine.out32(kIdr0, 0x33221102);
  machine.out32(kIdr4, 0x5544);
  machine.lock();
  EXPECT_EQ(machine.in32(kIdr0), 0x33221102U);
  EXPECT_EQ(machine.in32(kIdr4), 0x5544U);
  machine.reset_chip();
  EXPECT_EQ(machine.in32(kIdr0), 0x33221102U) << "a reset leaves it";
  machine.out8(k9346cr, 0x40);
  EXPECT_EQ(machine.in32(kIdr0), 0x12005452U) << "auto-load";
  EXPECT_EQ(machine.in8(k9346cr), 0);
}

TEST(Rtl8139, ADriverMayWriteTheEepromAndHaveItLoaded) {
  Machine machine;
  const auto command = [&](unsigned bits, unsigned count) {
    machine.out8(k9346cr, 0x80);
    while (count-- > 0) machine.clock_eeprom(bits >> count & 1);
  };
  command(0b100'110000, 9);
  command(0b101'000111, 9);
  for (unsigned bit = 16; bit-- > 0;) machine.clock_eeprom(0x2202U >> bit & 1);
  machine.lock();
  EXPECT_EQ(machine.eeprom_word(7), 0x2202);
  EXPECT_EQ(machine.in32(kIdr0), 0x12005452U);
  machine.out8(k9346cr, 0x40);
  EXPECT_EQ(machine.in32(kIdr0), 0x12002202U);
  machine.nic().reset(machine.now);
  EXPECT_EQ(machine.in32(kIdr0), 0x12002202U) << "it keeps that without power";
}

TEST(Rtl8139, RegistersOfWhatIsLeftOutKeepWhatIsWritten) {
  Machine machine;
  for (const unsigned port : {kMulint + 0U, kEtthr + 0U, kWakeup + 0U, kFlash - 4U}) {
    machine.out16(port, 0xffff);
    EXPECT_NE(machine.in16(port), 0) << port;
  }
  EXPECT_EQ(machine.in16(kMulint), 0x0fff);
  EXPECT_EQ(machine.in16(kEtthr), 0x003f);
  machine.out32(0xf0, 0xffffffff);
  EXPECT_EQ(machine.in32(0xf0), 0U);
}

TEST(Rtl8139, ACardThatSleepsLeavesMemoryAlone) {
  Machine machine;
  LegacyDriver driver(machine);
  const std::uint32_t power = machine.nic().read_config(0x34, 1) + 4;
  machine.nic().write_config(machine.now, power, 2, 3);
  EXPECT_EQ(machine.nic().read_config(power, 2), 3U);
  const Octets frame = turned(udp_frame({kGuestAddress, 1}, {kGuestAddress, 2}, "x"));
  driver.send(frame);
  machine.arrive(frame);
  EXPECT_TRUE(machine.sent().empty());
  EXPECT_FALSE(driver.receive());
  machine.nic().write_config(machine.now, power, 2, 0);
  EXPECT_EQ(machine.sent().size(), 1U) << "and goes on when it is awake";
}

TEST(Rtl8139, ConfigurationRegistersAreLocked) {
  Machine machine;
  const unsigned config1 = machine.in8(Port::kConfig1);
  machine.out8(Port::kConfig1, 0x21);
  machine.out8(Port::kConfig3, 0x20);
  EXPECT_EQ(machine.in8(Port::kConfig1), config1);
  EXPECT_EQ(machine.in8(Port::kConfig3), 0);
  machine.unlock();
  machine.out8(Port::kConfig1, config1 | 0x20);
  machine.out8(Port::kConfig3, 0xff);
  machine.out8(Port::kConfig4, 0xff);
  machine.lock();
  EXPECT_EQ(machine.in8(Port::kConfig1), config1 | 0x20);
  EXPECT_EQ(machine.in8(Port::kConfig3), 0x70);
  EXPECT_EQ(machine.in8(Port::kConfig4), 0xf4);
  machine.out8(kConfig5, 0x02);
  EXPECT_EQ(machine.in8(kConfig5), 0x02) << "this one is not";
}

TEST(Rtl8139, AResetEndsAtOnceAndLeavesEverythingOff) {
  Machine machine;
  machine.out8(Port::kCr, 0x0c);
  machine.out16(Port::kImr, 0xffff);
  machine.out32(kRcr, 0xffffffff);
  machine.out16(kCpcr, 3);
  machine.out32(kTimerInt, 5);
  EXPECT_EQ(machine.in8(Port::kCr), 0x0d);
  EXPECT_EQ(machine.in16(Port::kImr), 0xe1ff);
  EXPECT_EQ(machine.in32(kRcr), 0x0f03ffbfU);
  machine.reset_chip();
  EXPECT_EQ(machine.in8(Port::kCr), 0x01);
  EXPECT_EQ(machine.in16(Port::kImr), 0);
  EXPECT_EQ(machine.in16(Port::kIsr), 0);
  EXPECT_EQ(machine.in32(kRcr), 0U);
  EXPECT_EQ(machine.in16(kCpcr), 0);
  EXPECT_EQ(machine.in32(kTimerInt), 0U);
  EXPECT_EQ(machine.in16(Port::kCapr), 0xfff0);
  EXPECT_EQ(machine.in16(Port::kCbr), 0);
  EXPECT_EQ(machine.in32(kTsd0), 0x2000U);
  EXPECT_EQ(machine.in16(kTsadAll), 0x000f);
}

TEST(Rtl8139, AccessesOfAnySizeAreTheSame) {
  Machine machine;
  machine.out32(kMar0, 0x44332211);
  machine.out8(kMar0 + 5, 0x66);
  EXPECT_EQ(machine.nic().read_bar(machine.now, 0, kMar0, 8), 0x0000660044332211U);
  machine.nic().write_bar(machine.now, 1, kMar0, 8, 0x8877665544332211);
  EXPECT_EQ(machine.in16(kMar4 + 2), 0x8877);
  machine.out32(Port::kImr, 0x00000005);
  EXPECT_EQ(machine.in16(Port::kImr), 0x0005);
}

TEST(Rtl8139, WhatIsOutsideOrNotAlignedReadsAsOnes) {
  Machine machine;
  machine.out32(kMar0, 0);
  EXPECT_EQ(machine.nic().read_bar(machine.now, 0, 256, 4), ~std::uint64_t{0});
  EXPECT_EQ(machine.nic().read_bar(machine.now, 0, 0xfe, 4), ~std::uint64_t{0});
  EXPECT_EQ(machine.nic().read_bar(machine.now, 0, 1, 2), ~std::uint64_t{0});
  EXPECT_EQ(machine.nic().read_bar(machine.now, 2, 0, 4), ~std::uint64_t{0});
  EXPECT_EQ(machine.nic().read_bar(machine.now, 0, 0, 3), ~std::uint64_t{0});
  machine.nic().write_bar(machine.now, 0, kMar0 + 1, 2, 0xffff);
  EXPECT_EQ(machine.in32(kMar0), 0U);
}

TEST(Rtl8139, TheLinkIsUpAndNegotiated) {
  Machine machine;
  EXPECT_EQ(machine.in8(kMsr), 0);
  EXPECT_EQ(machine.in16(Port::kBmcr), 0x3100);
  EXPECT_EQ(machine.in16(Port::kBmsr), 0x782d);
  EXPECT_EQ(machine.in16(Port::kAnar) & 0x01e0, 0x01e0);
  EXPECT_EQ(machine.in16(Port::kAnlpar) & 0x41e0, 0x41e0);
  EXPECT_EQ(machine.in16(Port::kAner), 1);
}

TEST(Rtl8139, ALinkThatFailedIsToldOnceMore) {
  Machine machine;
  machine.out16(Port::kImr, kLinkChg);
  machine.nic().set_link(machine.now, false);
  EXPECT_TRUE(machine.slot.level);
  EXPECT_EQ(machine.interrupts(), kLinkChg);
  EXPECT_FALSE(machine.slot.level);
  EXPECT_EQ(machine.in8(kMsr), 0x04);
  EXPECT_EQ(machine.in16(Port::kAnlpar), 0);
  machine.nic().set_link(machine.now, true);
  EXPECT_EQ(machine.interrupts(), kLinkChg);
  EXPECT_EQ(machine.in8(kMsr), 0);
  EXPECT_EQ(machine.in16(Port::kAnar) & 0x01e0, 0x01e0) << "which is no look at BMSR";
  EXPECT_EQ(machine.in16(Port::kBmsr) & 4, 0);
  EXPECT_EQ(machine.in16(Port::kBmsr) & 4, 4);
  EXPECT_EQ(machine.in16(kDis), 1);
  machine.nic().set_link(machine.now, true);
  EXPECT_EQ(machine.interrupts(), 0);
}

TEST(Rtl8139, SpeedIsWhatTheDriverChooses) {
  Machine machine;
  machine.out16(Port::kAnar, 0x0061);
  EXPECT_EQ(machine.in8(kMsr), 0x08);
  machine.out16(Port::kBmcr, 0x2100);
  EXPECT_EQ(machine.in8(kMsr), 0x08) << "BMCR is locked";
  machine.unlock();
  machine.out16(Port::kBmcr, 0x2100);
  EXPECT_EQ(machine.in8(kMsr), 0);
  machine.out16(Port::kBmcr, 0x0100);
  EXPECT_EQ(machine.in8(kMsr), 0x08);
  machine.out16(Port::kBmcr, 0x8000);
  EXPECT_EQ(machine.in16(Port::kBmcr), 0x3100);
  EXPECT_EQ(machine.in8(kMsr), 0);
}

TEST(Rtl8139, InterruptsAreClearedByWritingOnesAndShowOnlyIfAskedFor) {
  Machine machine;
  machine.out8(Port::kTpPoll, 0x01);
  machine.nic().set_link(machine.now, false);
  EXPECT_EQ(machine.in16(Port::kIsr), kSwInt | kLinkChg);
  EXPECT_EQ(machine.in16(Port::kIsr), kSwInt | kLinkChg) << "reading clears nothing";
  EXPECT_FALSE(machine.slot.level);
  machine.out16(Port::kImr, kSwInt);
  EXPECT_TRUE(machine.slot.level);
  machine.out16(Port::kIsr, kLinkChg);
  EXPECT_TRUE(machine.slot.level);
  machine.out16(Port::kIsr, kSwInt);
  EXPECT_FALSE(machine.slot.level);
  EXPECT_EQ(machine.slot.raised, 1U);
}

TEST(Rtl8139, TheTimerCounts33MHz) {
  Machine machine;
  machine.out32(kTctr, 7);
  EXPECT_EQ(machine.in32(kTctr), 0U);
  machine.now += microseconds(10);
  EXPECT_EQ(machine.in32(kTctr), 330U);
  machine.now += seconds(131);
  EXPECT_EQ(machine.in32(kTctr), static_cast<std::uint32_t>(330 + 131 * 33'000'000ULL));
}

TEST(Rtl8139, TheTimerInterruptsWhereCounterAndIntervalMeet) {
  Machine machine;
  machine.out16(Port::kImr, kTimeOut);
  machine.out32(kTctr, 0);
  EXPECT_FALSE(machine.nic().deadline());
  machine.out32(kTimerInt, 330);
  ASSERT_TRUE(machine.nic().deadline());
  EXPECT_EQ(*machine.nic().deadline(), machine.now + microseconds(10));
  machine.nic().on_time(machine.now += microseconds(9));
  EXPECT_FALSE(machine.slot.level);
  machine.nic().on_time(machine.now += microseconds(1));
  EXPECT_TRUE(machine.slot.level);
  EXPECT_FALSE(machine.nic().deadline()) << "until it has been taken note of";
  EXPECT_EQ(machine.interrupts(), kTimeOut);
  ASSERT_TRUE(machine.nic().deadline());
  EXPECT_GT(*machine.nic().deadline(), machine.now + seconds(130))
      << "when the counter comes round";
}

TEST(Rtl8139, WhoeverComesFirstAfterATimerHasExpiredBringsItsInterrupt) {
  Machine machine;
  machine.out16(Port::kImr, kTimeOut);
  machine.out32(kTctr, 0);
  machine.out32(kTimerInt, 330);
  machine.now += microseconds(10);
  machine.in32(kTctr);
  EXPECT_TRUE(machine.slot.level);
}

TEST(Rtl8139, ATimerThatNobodyWaitsForIsSeenInTheStatus) {
  Machine machine;
  machine.out32(kTctr, 0);
  machine.out32(kTimerInt, 33);
  EXPECT_FALSE(machine.nic().deadline());
  machine.now += microseconds(2);
  EXPECT_EQ(machine.in16(Port::kIsr), kTimeOut);
}

TEST(Rtl8139, PowerOnForgetsWhatAResetKeeps) {
  Machine machine;
  machine.unlock();
  machine.out32(kIdr0, 0);
  machine.out32(kMar0, 5);
  machine.out16(Port::kImr, kLinkChg);
  machine.nic().set_link(machine.now, false);
  machine.nic().reset(machine.now);
  EXPECT_FALSE(machine.slot.level);
  EXPECT_EQ(machine.in32(kIdr0), 0x12005452U);
  EXPECT_EQ(machine.in32(kMar0), 0U);
  EXPECT_EQ(machine.in8(k9346cr), 0);
  EXPECT_EQ(machine.nic().read_config(4, 2), 0U);
  EXPECT_EQ(machine.in8(kMsr), 0x04) << "the cable is where it was";
}

}  // namespace
}  // namespace sluice::rtl8139
