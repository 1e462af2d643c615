// Interrupts of the 82540EM: their causes, and when they are told of.

#include <gtest/gtest.h>

#include "devices/nic/e1000/driver.h"

namespace sluice::e1000 {
namespace {

using std::chrono::nanoseconds;

Octets frame() {
  Octets octets(200);
  copy_bytes(kGuestMac.octets(), octets);
  return octets;
}

void send(Driver& driver, std::uint8_t command) {
  driver.post_legacy(frame(), static_cast<std::uint8_t>(kTxEop | command));
  driver.kick();
  driver.take();
}

TEST(E1000Interrupts, CausesThatAreMaskedOnlyGather) {
  Driver driver;
  driver.write(kIcs, kIcrLsc | kIcrRxt0);
  EXPECT_FALSE(driver.slot.level);
  driver.write(kIms, kIcrRxt0);
  EXPECT_TRUE(driver.slot.level);
  EXPECT_EQ(driver.read(kIms), kIcrRxt0);
  driver.write(kImc, kIcrRxt0);
  EXPECT_FALSE(driver.slot.level);
  EXPECT_EQ(driver.read(kIms), 0U);
  EXPECT_EQ(driver.read(kIcr), kIcrLsc | kIcrRxt0);
}

TEST(E1000Interrupts, ReadingTheCausesClearsThem) {
  Driver driver;
  driver.write(kIms, kIcrLsc);
  driver.write(kIcs, kIcrLsc);
  EXPECT_TRUE(driver.slot.level);
  EXPECT_EQ(driver.read(kIcr), kIcrLsc);
  EXPECT_FALSE(driver.slot.level);
  EXPECT_EQ(driver.read(kIcr), 0U);
}

TEST(E1000Interrupts, WritingTheCausesClearsThose) {
  Driver driver;
  driver.write(kIms, kIcrLsc | kIcrTxdw);
  driver.write(kIcs, kIcrLsc | kIcrTxdw);
  driver.write(kIcr, kIcrLsc);
  EXPECT_TRUE(driver.slot.level);
  driver.write(kIcr, kIcrTxdw);
  EXPECT_FALSE(driver.slot.level);
  EXPECT_EQ(driver.read(kIcr), 0U);
}

TEST(E1000Interrupts, ConfigurationSpaceCanKeepThemFromThePin) {
  Driver driver;
  driver.write(kIms, kIcrLsc);
  driver.card.write_config(driver.now, 4, 2, 0x407);
  driver.write(kIcs, kIcrLsc);
  EXPECT_FALSE(driver.slot.level);
  EXPECT_EQ(driver.card.read_config(6, 2) & 8, 8U);
  driver.card.write_config(driver.now, 4, 2, 7);
  EXPECT_TRUE(driver.slot.level);
  driver.read(kIcr);
  EXPECT_EQ(driver.card.read_config(6, 2) & 8, 0U);
}

TEST(E1000Interrupts, ThereIsTheLeastTimeFromOneToTheNext) {
  Driver driver;
  driver.write(kItr, 1000);
  driver.write(kIms, kIcrLsc);
  driver.write(kIcs, kIcrLsc);
  EXPECT_TRUE(driver.slot.level);
  driver.read(kIcr);
  driver.now += nanoseconds(1000);
  driver.write(kIcs, kIcrLsc);
  EXPECT_FALSE(driver.slot.level);
  ASSERT_EQ(driver.card.deadline(), Time{} + nanoseconds(256000));
  driver.card.on_time(driver.now);
  EXPECT_FALSE(driver.slot.level);
  driver.step();
  EXPECT_TRUE(driver.slot.level);
  EXPECT_EQ(driver.card.deadline(), std::nullopt);
}

TEST(E1000Interrupts, AFrameIsToldAtOnceWithoutADelay) {
  Driver driver;
  driver.write(kIms, kIcrRxt0);
  driver.deliver(frame());
  EXPECT_TRUE(driver.slot.level);
  EXPECT_EQ(driver.read(kIcr), kIcrRxt0);
}

TEST(E1000Interrupts, FramesAreToldWhenNoMoreComeForAWhile) {
  Driver driver;
  driver.write(kIms, kIcrRxt0);
  driver.write(kRdtr, 10);
  driver.deliver(frame());
  driver.now += nanoseconds(5 * 1024);
  driver.deliver(frame());
  EXPECT_FALSE(driver.slot.level);
  EXPECT_EQ(driver.card.deadline(), Time{} + nanoseconds(15 * 1024));
  driver.step();
  EXPECT_TRUE(driver.slot.level);
  EXPECT_EQ(driver.slot.raised, 1U);
}

TEST(E1000Interrupts, FramesAreToldAtLastThoughMoreCome) {
  Driver driver;
  driver.write(kIms, kIcrRxt0);
  driver.write(kRdtr, 10);
  driver.write(kRadv, 12);
  driver.deliver(frame());
  driver.now += nanoseconds(5 * 1024);
  driver.deliver(frame());
  EXPECT_EQ(driver.card.deadline(), Time{} + nanoseconds(12 * 1024));
}

TEST(E1000Interrupts, SoftwareMayEndTheDelay) {
  Driver driver;
  driver.write(kIms, kIcrRxt0 | kIcrTxdw);
  driver.write(kRdtr, 10);
  driver.write(kRdtr, 10 | kDelayFpd);
  EXPECT_FALSE(driver.slot.level);
  driver.deliver(frame());
  driver.write(kRdtr, 10 | kDelayFpd);
  EXPECT_EQ(driver.read(kIcr) & kIcrRxt0, kIcrRxt0);
  EXPECT_EQ(driver.card.deadline(), std::nullopt);
  driver.write(kTidv, 10);
  send(driver, kTxRs | kTxIde);
  EXPECT_FALSE(driver.slot.level);
  driver.write(kTidv, 10 | kDelayFpd);
  EXPECT_TRUE(driver.slot.level);
}

TEST(E1000Interrupts, WhatIsSentIsToldAtOnceOrLaterAsTheDescriptorSays) {
  Driver driver;
  driver.write(kIms, kIcrTxdw);
  driver.write(kTidv, 10);
  driver.write(kTadv, 15);
  send(driver, 0);
  EXPECT_EQ(driver.card.deadline(), std::nullopt);
  send(driver, kTxRs | kTxIde);
  EXPECT_FALSE(driver.slot.level);
  EXPECT_EQ(driver.card.deadline(), Time{} + nanoseconds(10 * 1024));
  driver.now += nanoseconds(8 * 1024);
  send(driver, kTxRs | kTxIde);
  EXPECT_EQ(driver.card.deadline(), Time{} + nanoseconds(15 * 1024));
  driver.step();
  EXPECT_EQ(driver.read(kIcr) & kIcrTxdw, kIcrTxdw);
  send(driver, kTxRs | kTxIde);
  send(driver, kTxRs);
  EXPECT_TRUE(driver.slot.level);
  EXPECT_EQ(driver.card.deadline(), std::nullopt);
}

TEST(E1000Interrupts, TheEndOfTheTransmitRingIsTold) {
  Driver driver;
  send(driver, 0);
  EXPECT_EQ(driver.read(kIcr) & kIcrTxqe, kIcrTxqe);
}

TEST(E1000Interrupts, ATransmitRingThatRunsLowIsTold) {
  Driver driver;
  driver.write(kTxdctl, 1U << kTxdctlLwthreshShift);
  driver.write(kTctl, 0);
  for (int i = 0; i < 12; ++i) driver.post_legacy(frame(), kTxEop);
  driver.kick();
  EXPECT_EQ(driver.read(kIcr) & kIcrTxdLow, 0U);
  driver.write(kTctl, kTctlEn);
  EXPECT_EQ(driver.read(kIcr) & kIcrTxdLow, kIcrTxdLow);
  send(driver, 0);
  EXPECT_EQ(driver.read(kIcr) & kIcrTxdLow, 0U);
}

TEST(E1000Interrupts, AReceiveRingThatRunsLowIsToldOnce) {
  Driver driver;
  driver.write(kRctl, driver.read(kRctl) | 1U << kRctlRdmtsShift);  // a quarter: 4
  for (int i = 0; i < 10; ++i) driver.deliver(frame());
  EXPECT_EQ(driver.read(kIcr) & kIcrRxdmt0, 0U);
  driver.deliver(frame());
  EXPECT_EQ(driver.read(kIcr) & kIcrRxdmt0, kIcrRxdmt0);
  driver.deliver(frame());
  EXPECT_EQ(driver.read(kIcr) & kIcrRxdmt0, 0U);
}

TEST(E1000Interrupts, SmallFramesAreToldAtOnce) {
  Driver driver;
  driver.write(kRdtr, 10);
  driver.write(kRsrpd, 100);
  driver.deliver(frame());
  EXPECT_EQ(driver.read(kIcr), 0U);
  Octets small(60);
  copy_bytes(kGuestMac.octets(), small);
  driver.deliver(small);
  EXPECT_EQ(driver.read(kIcr), kIcrSrpd);
}

TEST(E1000Interrupts, OneBatchOfFramesIsOneInterrupt) {
  Driver driver;
  driver.write(kIms, kIcrRxt0);
  for (int i = 0; i < 5; ++i) {
    copy_bytes(frame(), driver.card.reserve(frame().size()));
    driver.card.commit(frame().size(), {}, {});
  }
  EXPECT_FALSE(driver.slot.level);
  driver.card.flush();
  EXPECT_EQ(driver.slot.raised, 1U);
}

}  // namespace
}  // namespace sluice::e1000
