#include "devices/nic/e1000/e1000.h"

#include <gtest/gtest.h>

#include "devices/nic/e1000/driver.h"

namespace sluice::e1000 {
namespace {

constexpr unsigned kPhyControl = 0;
constexpr unsigned kPhyStatus = 1;

TEST(E1000, IsAnIntelCardOnItsBus) {
  Driver driver;
  EXPECT_EQ(driver.card.read_config(0, 4), 0x100e8086U);
  EXPECT_EQ(driver.card.read_config(0x2c, 4), 0x001e8086U);
  EXPECT_EQ(driver.card.read_config(0x0a, 2), 0x0200U);
  EXPECT_EQ(driver.card.bars()[0].kind, PciBar::Kind::kMemory);
  EXPECT_EQ(driver.card.bars()[0].size, 0x20000U);
  EXPECT_EQ(driver.card.bars()[1].kind, PciBar::Kind::kIo);
  EXPECT_EQ(driver.card.bars()[1].size, 0x40U);
}

TEST(E1000, TheEepromHoldsTheAddressAndAChecksum) {
  Driver driver;
  std::array<std::uint16_t, 64> words{};
  std::uint16_t sum = 0;
  for (unsigned i = 0; i < words.size(); ++i) {
    driver.write(kEerd, i << kEerdAddressShift | kEerdStart);
    const std::uint32_t result = driver.read(kEerd);
    EXPECT_NE(result & kEerdDone, 0U);
    words.at(i) = static_cast<std::uint16_t>(result >> kEerdDataShift);
    EXPECT_EQ(driver.read_eeprom(i), words.at(i)) << i;
    sum = static_cast<std::uint16_t>(sum + words.at(i));
  }
  EXPECT_EQ(sum, 0xbaba);
  EXPECT_EQ(words[0], 0x5452);
  EXPECT_EQ(words[1], 0x1200);
  EXPECT_EQ(words[2], 0x5634);
  EXPECT_EQ(words[0x0a] >> 14, 1);
  EXPECT_EQ(driver.read(kEecd) & kEecdEePres, kEecdEePres);
}

TEST(E1000, TheFirstReceiveAddressIsThatOfTheEeprom) {
  Driver driver;
  EXPECT_EQ(driver.read(kRal), 0x12005452U);
  EXPECT_EQ(driver.read(kRah), 0x80005634U);
  driver.write(kRal, 1);
  driver.write(kRah, 2);
  driver.write(kCtrl, kCtrlRst);
  EXPECT_EQ(driver.read(kRal), 0x12005452U);
  EXPECT_EQ(driver.read(kRah), 0x80005634U);
  driver.write(kRal, 1);
  driver.write(kCtrlExt, kCtrlExtEeRst);
  EXPECT_EQ(driver.read(kRal), 0x12005452U);
}

TEST(E1000, ThePhyHasNegotiatedGigabit) {
  Driver driver;
  EXPECT_EQ(driver.read_phy(2), 0x0141);
  EXPECT_EQ(driver.read_phy(3) & 0xfff0, 0x0c20);
  EXPECT_EQ(driver.read_phy(kPhyStatus) & 0x24, 0x24);
  EXPECT_EQ(driver.read_phy(10) & 0x3800, 0x3800);
  EXPECT_EQ(driver.read_phy(17) & 0xec00, 0xac00);
  EXPECT_EQ(driver.read(kStatus) & 0xc3, kStatusFd | kStatusLu | kStatusSpeed1000);
}

TEST(E1000, NobodyElseAnswersOnTheManagementInterface) {
  Driver driver;
  driver.write(kMdic, kMdicOpRead | 2U << kMdicPhyShift | 1U << kMdicRegisterShift);
  EXPECT_EQ(driver.read(kMdic) & (kMdicR | kMdicE), kMdicR | kMdicE);
}

TEST(E1000, TellsOfTheManagementInterfaceIfAskedTo) {
  Driver driver;
  driver.write(kIms, kIcrMdac);
  driver.write(kMdic, kMdicI | kMdicOpRead | 1U << kMdicPhyShift | 2U << kMdicRegisterShift);
  EXPECT_TRUE(driver.slot.level);
  EXPECT_EQ(driver.read(kIcr), kIcrMdac);
}

TEST(E1000, TellsOfTheCable) {
  Driver driver;
  driver.write(kIms, kIcrLsc);
  driver.card.set_link(driver.now, false);
  EXPECT_TRUE(driver.slot.level);
  EXPECT_EQ(driver.read(kIcr) & kIcrLsc, kIcrLsc);
  EXPECT_EQ(driver.read(kStatus) & kStatusLu, 0U);
  EXPECT_EQ(driver.read_phy(kPhyStatus) & 0x24, 0);
  driver.card.set_link(driver.now, false);
  EXPECT_FALSE(driver.slot.level);
  driver.card.set_link(driver.now, true);
  EXPECT_TRUE(driver.slot.level);
  EXPECT_EQ(driver.read(kStatus) & kStatusLu, kStatusLu);
  // That it was away is told once.
  EXPECT_EQ(driver.read_phy(kPhyStatus) & 0x24, 0x20);
  EXPECT_EQ(driver.read_phy(kPhyStatus) & 0x24, 0x24);
}

TEST(E1000, AnEndedNegotiationIsAChangeOfTheLink) {
  Driver driver;
  driver.write_phy(kPhyControl, 0x1340);
  EXPECT_EQ(driver.read(kIcr) & kIcrLsc, kIcrLsc);
  EXPECT_EQ(driver.read_phy(kPhyControl), 0x1140);
  EXPECT_EQ(driver.read_phy(kPhyStatus) & 0x24, 0x24);
  driver.write_phy(kPhyControl, 0x9140);
  EXPECT_EQ(driver.read(kIcr) & kIcrLsc, kIcrLsc);
  EXPECT_EQ(driver.read_phy(kPhyControl), 0x1140);
}

TEST(E1000, APhyWithoutPowerHasNoLink) {
  Driver driver;
  driver.write_phy(kPhyControl, 0x1940);
  EXPECT_EQ(driver.read(kStatus) & kStatusLu, 0U);
  EXPECT_EQ(driver.read(kIcr) & kIcrLsc, kIcrLsc);
}

TEST(E1000, RegistersKeepWhatTheyHaveBitsFor) {
  Driver driver;
  struct Case {
    std::uint32_t offset;
    std::uint32_t kept;
  };
  constexpr Case kCases[] = {{kFcal, 0xffffffff},
                             {kFcah, 0xffff},
                             {kFct, 0xffff},
                             {kVet, 0xffff},
                             {kRdtr, 0xffff},
                             {kRdbah, 0xffffffff},
                             {kRdlen, 0xfff80},
                             {kRdh, 0xffff},
                             {kRdt, 0xffff},
                             {kFcttv, 0xffff},
                             {kTipg, 0x3fffffff},
                             {kTdbah, 0xffffffff},
                             {kTdlen, 0xfff80},
                             {kRdbal, 0xfffffff0},
                             {kTdbal, 0xfffffff0},
                             {kTidv, 0xffff},
                             {kRah + 8, 0x8003ffff},
                             {kRal + 120, 0xffffffff},
                             {kMta + 508, 0xffffffff},
                             {kVfta + 4, 0xffffffff},
                             {kLedctl, 0xffffffff},
                             {kWufc, 0x000f80ff},
                             {kStatus, 0}};
  driver.write(kRctl, 0);
  driver.write(kTctl, 0);
  for (const Case& each : kCases) {
    for (const std::uint32_t pattern : {0x5a5a5a5aU, 0xa5a5a5a5U, 0U, 0xffffffffU}) {
      if (each.offset == kStatus) continue;
      driver.write(each.offset, pattern);
      EXPECT_EQ(driver.read(each.offset), pattern & each.kept) << std::hex << each.offset;
    }
  }
  driver.write(kRctl, 0xffffffff & ~kRctlEn);
  EXPECT_EQ(driver.read(kRctl), 0x06dfb3feU & ~kRctlEn);
  const std::uint32_t status = driver.read(kStatus);
  driver.write(kStatus, ~status);
  EXPECT_EQ(driver.read(kStatus), status);
}

TEST(E1000, TheWindowInIoSpaceReachesAllRegisters) {
  Driver driver;
  const auto io = [&](std::uint32_t offset) { driver.card.write_bar(driver.now, 1, 0, 4, offset); };
  io(kRal);
  EXPECT_EQ(driver.card.read_bar(driver.now, 1, 4, 4), 0x12005452U);
  io(kFcttv);
  driver.card.write_bar(driver.now, 1, 4, 4, 0x4321);
  EXPECT_EQ(driver.read(kFcttv), 0x4321U);
  EXPECT_EQ(driver.card.read_bar(driver.now, 1, 0, 4), kFcttv);
  io(0x20000);
  EXPECT_EQ(driver.card.read_bar(driver.now, 1, 4, 4), 0U);
}

TEST(E1000, ReadsPartsOfRegistersAndTwoAtOnce) {
  Driver driver;
  EXPECT_EQ(driver.card.read_bar(driver.now, 0, kRal + 2, 2), 0x1200U);
  EXPECT_EQ(driver.card.read_bar(driver.now, 0, kRal + 1, 1), 0x54U);
  EXPECT_EQ(driver.card.read_bar(driver.now, 0, kRal, 8), 0x8000563412005452U);
  driver.card.write_bar(driver.now, 0, kTdbal, 8, 0x123456789abcdef0U);
  EXPECT_EQ(driver.read(kTdbal), 0x9abcdef0U);
  EXPECT_EQ(driver.read(kTdbah), 0x12345678U);
}

TEST(E1000, OutsideItsRegionsThereIsNothing) {
  Driver driver;
  EXPECT_EQ(driver.card.read_bar(driver.now, 0, 0x20000, 4), 0xffffffffU);
  EXPECT_EQ(driver.card.read_bar(driver.now, 0, kRal + 1, 2), 0xffffU);
  EXPECT_EQ(driver.card.read_bar(driver.now, 2, 0, 1), 0xffU);
  EXPECT_EQ(driver.card.read_bar(driver.now, 0, ~std::uint64_t{0}, 8), ~std::uint64_t{0});
  EXPECT_EQ(driver.card.read_bar(driver.now, 0, 0x1fffc, 4), 0U);
}

TEST(E1000, ThePacketBufferIsDividedAndStaysSo) {
  Driver driver;
  EXPECT_EQ(driver.read(kPba), 0x00100030U);
  driver.write(kPba, 0x28);
  EXPECT_EQ(driver.read(kPba), 0x00180028U);
  driver.write(kCtrl, kCtrlRst);
  EXPECT_EQ(driver.read(kPba), 0x00180028U);
  driver.card.reset(driver.now);
  EXPECT_EQ(driver.read(kPba), 0x00100030U);
}

TEST(E1000, TheSemaphoreIsTakenByWhoReadsZero) {
  Driver driver;
  EXPECT_EQ(driver.read(kSwsm) & kSwsmSmbi, 0U);
  EXPECT_EQ(driver.read(kSwsm) & kSwsmSmbi, kSwsmSmbi);
  driver.write(kSwsm, 0);
  EXPECT_EQ(driver.read(kSwsm) & kSwsmSmbi, 0U);
}

TEST(E1000, AResetStopsEverything) {
  Driver driver;
  driver.write(kIms, kIcrCauses);
  driver.post_legacy(udp_frame({kGuestAddress, 1}, {kGuestAddress, 2}, "x"), 0);
  driver.kick();  // half a packet
  driver.write(kIcs, kIcrLsc);
  EXPECT_TRUE(driver.slot.level);
  driver.write(kCtrl, kCtrlRst);
  EXPECT_FALSE(driver.slot.level);
  EXPECT_EQ(driver.read(kCtrl) & kCtrlRst, 0U);
  EXPECT_EQ(driver.read(kRctl) | driver.read(kTctl) | driver.read(kTdt) | driver.read(kIms), 0U);
  EXPECT_EQ(driver.card.deadline(), std::nullopt);
  driver.start_transmitter();
  driver.post_legacy(udp_frame({kGuestAddress, 1}, {kGuestAddress, 2}, "twenty bytes of text"),
                     kTxEop);
  driver.kick();
  EXPECT_EQ(driver.take_one().frame,
            udp_frame({kGuestAddress, 1}, {kGuestAddress, 2}, "twenty bytes of text"));
}

TEST(E1000, ForgetsEverythingInD3) {
  Driver driver;
  const std::uint32_t capability = driver.card.read_config(0x34, 1);
  EXPECT_EQ(driver.card.read_config(capability, 1), 1U);
  driver.write(kVet, 0x1234);
  driver.card.write_config(driver.now, capability + 4, 2, 3);
  driver.post_legacy(Octets(60), kTxEop);
  driver.kick();
  EXPECT_TRUE(driver.take().empty());
  driver.card.write_config(driver.now, capability + 4, 2, 0);
  EXPECT_EQ(driver.read(kVet), 0x8100U);
}

TEST(E1000, TouchesNoMemoryBeforeItMayMasterTheBus) {
  Driver driver;
  driver.card.write_config(driver.now, 4, 2, 3);
  driver.post_legacy(Octets(60), kTxEop | kTxRs);
  driver.kick();
  driver.deliver(Octets(60));
  EXPECT_FALSE(driver.done(0));
  EXPECT_EQ(driver.card.deadline(), std::nullopt);
  EXPECT_FALSE(driver.receive());
  driver.card.write_config(driver.now, 4, 2, 7);
  EXPECT_TRUE(driver.done(0));
  EXPECT_EQ(driver.take().size(), 1U);
}

TEST(E1000, SendsToItselfInLoopback) {
  for (const bool by_phy : {false, true}) {
    Driver driver;
    if (by_phy) {
      driver.card.set_link(driver.now, false);
      driver.write_phy(kPhyControl, 0x4140);
      EXPECT_NE(driver.read(kStatus) & kStatusLu, 0U);
    } else {
      driver.write(kRctl, driver.read(kRctl) | kRctlLbmMac);
    }
    Octets frame = udp_frame({kGuestAddress, 1}, {kGuestAddress, 2}, varied_text(1000));
    copy_bytes(kGuestMac.octets(), frame);
    driver.post_legacy(frame, kTxEop);
    driver.kick();
    EXPECT_TRUE(driver.take().empty());
    const auto received = driver.receive();
    ASSERT_TRUE(received);
    EXPECT_EQ(received->frame, frame);
    driver.deliver(frame);
    EXPECT_FALSE(driver.receive());
  }
}

}  // namespace
}  // namespace sluice::e1000
