// What a driver that is none can make of the 82540EM: nothing that takes long or goes wrong.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "devices/nic/e1000/driver.h"

namespace sluice::e1000 {
namespace {

constexpr std::uint64_t kNowhere = 0xfffffffffffffff0U;

Octets some_frame(std::size_t payload = 100) {
  return udp_frame({kGuestAddress, 1}, {kGuestAddress, 2}, varied_text(payload));
}

// Frames that leave until the card has nothing more to do.
std::size_t run_dry(Driver& driver, int patience = 100) {
  std::size_t frames = driver.take().size();
  while (driver.card.deadline()) {
    EXPECT_GT(patience--, 0);
    if (patience <= 0) break;
    driver.step();
    frames += driver.take().size();
  }
  return frames;
}

TEST(E1000Hostile, ARingThatCannotBeReadStandsStill) {
  Driver driver;
  driver.write(kTdbah, 0x80000000);
  driver.post_legacy(some_frame(), kTxEop);
  driver.kick();
  EXPECT_EQ(driver.read(kTdh), 0U);
  EXPECT_EQ(driver.card.deadline(), std::nullopt);
  driver.write(kTdbah, 0);
  driver.kick();
  EXPECT_EQ(driver.take().size(), 1U);
}

TEST(E1000Hostile, DataThatCannotBeReadIsNotSentButDone) {
  Driver driver;
  driver.post(LegacyDescriptor{.address = kNowhere, .length = 100, .command = kTxRs});
  driver.post_legacy(some_frame(), kTxEop | kTxRs);
  driver.post_legacy(some_frame(), kTxEop | kTxRs);
  driver.kick();
  EXPECT_EQ(driver.take().size(), 1U);
  EXPECT_TRUE(driver.done(0) && driver.done(1) && driver.done(2));
  EXPECT_EQ(driver.card.counters().dropped(Drop::kMalformed), 1U);
}

TEST(E1000Hostile, APacketThatIsTooLongIsPassedOver) {
  Driver driver;
  const std::uint64_t place = driver.put(Octets(60000));
  driver.post(LegacyDescriptor{.address = place, .length = 60000, .command = kTxEop | kTxRs});
  driver.post_legacy(some_frame(), kTxEop);
  driver.kick();
  EXPECT_EQ(driver.take_one().frame, some_frame());
  EXPECT_TRUE(driver.done(0));
}

TEST(E1000Hostile, NothingIsSentForNoData) {
  Driver driver;
  driver.post_legacy({}, kTxEop | kTxRs);
  driver.post_data({}, kTxEop | kTxRs, kPoptsTxsm | kPoptsIxsm);
  driver.post_data({}, kTxEop | kTxTse | kTxRs);
  driver.kick();
  EXPECT_TRUE(driver.take().empty());
  EXPECT_TRUE(driver.done(0) && driver.done(1) && driver.done(2));
}

TEST(E1000Hostile, SegmentsOfNothingAreNotSent) {
  for (const auto& [mss, hdrlen] : {std::pair{0, 54}, {60000, 54}, {100, 255}}) {
    Driver driver;
    driver.post_context(
        {.hdrlen = static_cast<std::uint8_t>(hdrlen), .mss = static_cast<std::uint16_t>(mss)},
        kTxTse);
    driver.post_data(Octets(200), kTxTse | kTxEop | kTxRs, kPoptsTxsm);
    driver.kick();
    EXPECT_TRUE(driver.take().empty());
    EXPECT_TRUE(driver.done(1));
  }
}

TEST(E1000Hostile, AHeaderOfNothingIsCutInTheMiddle) {
  Driver driver;
  driver.post_context({.ipcss = 250, .ipcso = 255, .tucss = 255, .tucso = 254, .mss = 80}, kTxTse);
  driver.post_data(Octets(200), kTxTse | kTxEop, kPoptsTxsm | kPoptsIxsm);
  driver.kick();
  EXPECT_EQ(driver.take().size(), 3U);
}

TEST(E1000Hostile, ManySmallSegmentsComeInBatches) {
  Driver driver;
  driver.post_context({.hdrlen = 60, .mss = 1}, kTxTse);
  driver.post_data(Octets(60060), kTxTse | kTxEop);
  driver.kick();
  EXPECT_EQ(run_dry(driver, 1000), 60000U);
}

TEST(E1000Hostile, RingsOfNoSizeAndHeadsBehindTheEndDoNothing) {
  for (const std::uint32_t length : {0U, 128U}) {
    Driver driver;
    driver.write(kTdlen, length);
    driver.write(kRdlen, length);
    driver.write(kRdh, 9);
    driver.write(kTdh, 9);
    driver.write(kTdt, 5);
    driver.deliver(some_frame());
    EXPECT_EQ(driver.card.deadline(), std::nullopt);
    driver.write(kTdh, 1);
    driver.write(kTdt, 0xffff);
    driver.write(kRdh, 1);
    driver.write(kRdt, 0xffff);
    driver.deliver(some_frame());
    EXPECT_EQ(driver.card.deadline(), std::nullopt);
    EXPECT_TRUE(driver.take().empty());
  }
}

TEST(E1000Hostile, OneCallDoesABoundedAmountOfWork) {
  Driver driver;
  // A ring of nothing but beginnings, as large as rings get, over all memory.
  driver.write(kTctl, 0);
  driver.write(kTdbal, 0x1000);
  driver.write(kTdlen, 0xfff80);
  driver.write(kTdt, 0xfff0);
  driver.write(kTdh, 0);
  driver.write(kTctl, kTctlEn);
  EXPECT_EQ(driver.read(kTdh), Transmitter::kMaxDescriptors);
  ASSERT_EQ(driver.card.deadline(), driver.now);
  driver.step();
  EXPECT_EQ(driver.read(kTdh), 2 * Transmitter::kMaxDescriptors);
}

TEST(E1000Hostile, ADescriptorIsReadOnce) {
  // Its frame is the ring, into which the card writes that it is done.
  Driver driver;
  driver.post(LegacyDescriptor{
      .address = kTxRing, .length = 5 * kDescriptorSize, .command = kTxEop | kTxRs});
  driver.kick();
  EXPECT_EQ(driver.take_one().frame.size(), 5 * kDescriptorSize);
}

TEST(E1000Hostile, BuffersMayLieInTheRingItself) {
  Driver driver;
  for (std::uint32_t i = 0; i < Driver::kRing; ++i) {
    driver.slot.memory().store<std::uint64_t>(kRxRing + i * kDescriptorSize, kRxRing);
  }
  driver.write(kRctl, driver.read(kRctl) | kRctlUpe | kRctlMpe);
  for (int i = 0; i < 20; ++i) driver.deliver(some_frame(1400));
  EXPECT_LT(driver.read(kRdh), Driver::kRing);
}

// Registers that matter, more often than others.
std::uint32_t some_register() {
  return *rc::gen::oneOf(
      rc::gen::element(kCtrl, kEecd, kEerd, kMdic, kIcr, kItr, kIcs, kIms, kImc, kRctl, kTctl,
                       kRdbal, kRdlen, kRdh, kRdt, kRdtr, kRadv, kTdbal, kTdlen, kTdh, kTdt, kTidv,
                       kTadv, kTxdctl, kRxcsum, kVet),
      rc::gen::map(rc::gen::inRange(0U, 0x8000U), [](std::uint32_t word) { return word * 4; }));
}

std::uint32_t some_value() {
  return *rc::gen::oneOf(
      rc::gen::arbitrary<std::uint32_t>(), rc::gen::inRange(0U, 64U),
      rc::gen::element(0x2000U, 0x4000U, 0x1000U, 0xffffffffU, 128U, 256U, kCtrlVme | kCtrlSlu,
                       kRctlEn | kRctlUpe | kRctlMpe, kTctlEn | kTctlPsp));
}

RC_GTEST_PROP(E1000Hostile, WhateverIsDoneTheCardGoesOnOrRests, ()) {
  Driver driver;
  const auto garbage = *rc::gen::container<Octets>(0x400, rc::gen::arbitrary<std::uint8_t>());
  driver.slot.memory().write(kTxRing, garbage);
  const int steps = *rc::gen::inRange(1, 60);
  for (int i = 0; i < steps; ++i) {
    switch (*rc::gen::inRange(0, 6)) {
      case 0:
        driver.read(some_register());
        break;
      case 1:
        driver.deliver(some_frame(*rc::gen::inRange<std::size_t>(0, 3000)));
        break;
      case 2:
        driver.now += std::chrono::microseconds(*rc::gen::inRange(0, 1000));
        driver.card.on_time(driver.now);
        break;
      case 3:
        driver.take();
        break;
      default:
        driver.write(some_register(), some_value());
    }
  }
  driver.write(kCtrl, kCtrlRst);
  RC_ASSERT(!driver.card.deadline());
  RC_ASSERT(!driver.slot.level);
  driver.card.write_config(driver.now, 4, 2, 7);
  driver.write_phy(0, 0x1140);
  driver.card.set_link(driver.now, true);
  driver.take();
  driver.start_transmitter();
  driver.start_receiver();
  driver.post_legacy(some_frame(), kTxEop);
  driver.kick();
  RC_ASSERT(driver.take_one().frame == some_frame());
}

}  // namespace
}  // namespace sluice::e1000
