// Interrupts, statistics, the commands that are none of frames, and whatever else a guest may do.

#include "devices/nic/i82559c/i82559c.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "devices/nic/i82559c/test_driver.h"

namespace sluice::i82559c {
namespace {

constexpr std::uint32_t kBlock = TestDriver::kScratch;
constexpr std::uint32_t kCounters = 0x7000;

// All ones, nothing in an array.
Octets transmit_block(const Octets& frame) {
  Octets bytes{0xff,
               0xff,
               0xff,
               0xff,
               static_cast<std::uint8_t>(frame.size()),
               static_cast<std::uint8_t>(frame.size() >> 8 | 0x80),
               0xe0,
               0};
  bytes.insert(bytes.end(), frame.begin(), frame.end());
  return bytes;
}

TEST(I82559cInterrupt, ACauseStaysUntilItIsAcknowledged) {
  TestDriver driver;
  driver.act(Action::kNop, {}, kCbI);
  EXPECT_EQ(driver.read8(kScbStatAck), kCx | kCna);
  EXPECT_TRUE(driver.slot.level);
  EXPECT_EQ(driver.card.read_config(0x06, 2) & 8, 8U);
  driver.write8(kScbStatAck, kCx);
  EXPECT_TRUE(driver.slot.level);
  driver.write16(kScbStatus, 0xff00);
  EXPECT_FALSE(driver.slot.level);
  EXPECT_EQ(driver.read8(kScbStatAck), 0);
}

TEST(I82559cInterrupt, MasksHoldTheLineAndNotTheCause) {
  TestDriver driver;
  driver.write8(kScbInterruptControl, kM);
  driver.act(Action::kNop, {}, kCbI);
  EXPECT_FALSE(driver.slot.level);
  EXPECT_EQ(driver.read8(kScbStatAck), kCx | kCna);
  driver.write8(kScbInterruptControl, kCx | kCna);
  EXPECT_FALSE(driver.slot.level);
  EXPECT_EQ(driver.read8(kScbInterruptControl), kCx | kCna);
  driver.write8(kScbInterruptControl, kCx);
  EXPECT_TRUE(driver.slot.level);
  driver.card.write_config(driver.now, 0x04, 2, 0x0407);
  EXPECT_FALSE(driver.slot.level) << "disabled by the command register";
}

TEST(I82559cInterrupt, TheSoftwareMayAskForOne) {
  TestDriver driver;
  driver.write8(kScbInterruptControl, kSi | kM);
  EXPECT_EQ(driver.read8(kScbStatAck), 0);
  driver.write8(kScbInterruptControl, kSi);
  EXPECT_TRUE(driver.slot.level);
  EXPECT_EQ(driver.read8(kScbInterruptControl), 0);
  EXPECT_EQ(driver.take_interrupts(), kSwi);
}

TEST(I82559cInterrupt, SuspensionInterruptsUnlessOnlyIdlenessDoes) {
  TestDriver driver;
  driver.put_block(kBlock, Action::kNop, kCbS, kBlock);
  driver.command(CuCommand::kStart, kBlock);
  EXPECT_EQ(driver.take_interrupts(), kCna);
  Octets bytes = TestDriver::usual_configuration();
  bytes[6] |= 0x08;
  driver.configure(bytes);
  driver.take_interrupts();
  driver.put_block(kBlock, Action::kNop, kCbS, kBlock);
  driver.command(CuCommand::kStart, kBlock);
  EXPECT_EQ(driver.take_interrupts(), 0);
  driver.act(Action::kNop, {});
  EXPECT_EQ(driver.take_interrupts(), kCna);
}

TEST(I82559cInterrupt, SuspensionIsToldLaterIfAsked) {
  TestDriver driver;
  driver.put_block(kBlock, Action::kNop, kCbS | 4 << 8, kBlock);
  driver.command(CuCommand::kStart, kBlock);
  EXPECT_FALSE(driver.slot.level);
  ASSERT_TRUE(driver.card.deadline());
  EXPECT_EQ(*driver.card.deadline(), driver.now + 4 * Interrupts::kCidUnit);
  // More of the same meanwhile is told with it.
  driver.now += Interrupts::kCidUnit;
  driver.command(CuCommand::kStaticResume);
  EXPECT_EQ(*driver.card.deadline(), driver.now + 3 * Interrupts::kCidUnit);
  driver.now += 3 * Interrupts::kCidUnit;
  driver.card.on_time(driver.now);
  EXPECT_EQ(driver.take_interrupts(), kCna);
  EXPECT_FALSE(driver.card.deadline());
}

TEST(I82559cStatistics, AreDumpedInThreeSizes) {
  TestDriver driver;
  Octets bytes = TestDriver::usual_configuration();
  driver.command(CuCommand::kLoadDumpCountersAddress, kCounters);
  for (const auto& [setting, size] : {std::pair{0x32, 64U}, {0x12, 76U}, {0x16, 80U}}) {
    bytes[6] = static_cast<std::uint8_t>(setting);
    driver.configure(bytes);
    driver.put(kCounters, Octets(128, 0xee));
    driver.command(CuCommand::kDumpStatisticalCounters);
    EXPECT_EQ(driver.memory().load<std::uint32_t>(kCounters + size), kDumped);
    EXPECT_EQ(driver.get(kCounters, size), Octets(size));
    EXPECT_EQ(driver.memory().load<std::uint32_t>(kCounters + size + 4), 0xeeeeeeeeU);
  }
}

TEST(I82559cStatistics, CountWhatHappensToFrames) {
  TestDriver driver;
  driver.configure(TestDriver::usual_configuration());
  driver.command(CuCommand::kLoadDumpCountersAddress, kCounters);
  const auto ring = driver.put_ring(3, 1536);
  driver.put_descriptor(ring[2], kRfdEl, ring[0], 1536);
  driver.command(RuCommand::kStart, ring[0]);
  for (int i = 0; i < 5; ++i) driver.give(frame_to(kCardMac, 100));
  driver.give(frame_to(MacAddress({2, 0, 0, 0, 0, 1}), 100));
  const Octets frame = frame_to(MacAddress::broadcast(), 100);
  driver.act(Action::kTransmit, transmit_block(frame));
  driver.act(Action::kTransmit, transmit_block(frame));
  driver.act(Action::kTransmit, Octets{0xf0, 0xff, 0xff, 0xff, 0, 0x80, 0, 3}, kCbSf);
  driver.card.set_link(driver.now, false);
  driver.act(Action::kTransmit, transmit_block(frame));
  driver.command(CuCommand::kDumpAndResetStatisticalCounters);
  const auto counter = [&](std::uint32_t offset) {
    return driver.memory().load<std::uint32_t>(kCounters + offset);
  };
  EXPECT_EQ(counter(0), 2U) << "sent";
  EXPECT_EQ(counter(12), 1U) << "underrun";
  EXPECT_EQ(counter(16), 1U) << "no carrier";
  EXPECT_EQ(counter(36), 3U) << "received";
  EXPECT_EQ(counter(48), 2U) << "no resources";
  EXPECT_EQ(counter(80), kDumpedAndReset);
  driver.command(CuCommand::kDumpStatisticalCounters);
  EXPECT_EQ(counter(0), 0U);
  EXPECT_EQ(counter(80), kDumped);
}

TEST(I82559cStatistics, CountFlowControlAndKeepItFromTheGuest) {
  TestDriver driver;
  Octets bytes = TestDriver::usual_configuration();
  bytes[19] |= 0x20;
  bytes[21] |= 0x08;
  driver.configure(bytes);
  driver.command(CuCommand::kLoadDumpCountersAddress, kCounters);
  const auto ring = driver.put_ring(2, 1536);
  driver.command(RuCommand::kStart, ring[0]);
  Octets pause = frame_to(MacAddress({0x01, 0x80, 0xc2, 0x00, 0x00, 0x01}), 60);
  copy_bytes(Octets{0x88, 0x08, 0x00, 0x01}, MutableBytes(pause).subspan(12));
  driver.give(pause);
  pause[15] = 2;
  driver.give(pause);
  driver.command(CuCommand::kDumpStatisticalCounters);
  EXPECT_EQ(driver.memory().load<std::uint32_t>(kCounters + 68), 1U);
  EXPECT_EQ(driver.memory().load<std::uint32_t>(kCounters + 72), 1U);
  EXPECT_EQ(driver.status_of(ring[0]), 0);
}

TEST(I82559cAction, ConfigurationKeepsWhatIsNotSaid) {
  TestDriver driver;
  driver.configure(TestDriver::usual_configuration());
  EXPECT_EQ(driver.act(Action::kConfigure, Octets{0x04, 0x01, 0x02, 0x03, 0x55}), kCbC | kCbOk);
  Octets expected = TestDriver::usual_configuration();
  copy_bytes(Octets{0x04, 0x01, 0x02, 0x03}, expected);
  EXPECT_EQ(driver.act(Action::kDump, Octets{0x00, 0x30, 0, 0}), kCbC | kCbOk);
  EXPECT_EQ(driver.get(0x3000, 22), expected);
}

TEST(I82559cAction, MicrocodeAndDiagnosisAreAccepted) {
  TestDriver driver;
  EXPECT_EQ(driver.act(Action::kLoadMicrocode, Octets(256)), kCbC | kCbOk);
  EXPECT_EQ(driver.act(Action::kDiagnose, {}), kCbC | kCbOk);
  EXPECT_EQ(driver.act(Action::kNop, {}), kCbC | kCbOk);
}

TEST(I82559cAction, ParametersThatAreNowhereAreAnError) {
  TestDriver driver;
  constexpr std::uint32_t kLast = TestMemory::kBase + (1U << 20) - 8;
  for (const Action action : {Action::kIndividualAddressSetup, Action::kConfigure,
                              Action::kMulticastSetup, Action::kDump}) {
    driver.put_block(kLast, action, kCbEl);
    driver.command(CuCommand::kStart, kLast);
    EXPECT_EQ(driver.status_of(kLast), kCbC) << static_cast<int>(action);
  }
  EXPECT_EQ(driver.act(Action::kDump, Octets{0, 0, 0, 0}), kCbC);
  EXPECT_EQ(driver.act(Action::kMulticastSetup, Octets{0xff, 0xff}), kCbC | kCbOk);
}

TEST(I82559cAction, CommandsAreAcceptedAtOnce) {
  TestDriver driver;
  driver.put_block(kBlock, Action::kNop, kCbEl);
  // Pointer and command in one access.
  driver.card.write_bar(driver.now, 0, 0, 8, std::uint64_t{kBlock} << 32 | 0x10 << 16);
  EXPECT_EQ(driver.status_of(kBlock), kCbC | kCbOk);
  EXPECT_EQ(driver.read8(kScbCommand), 0);
}

// One access to a register, or a frame, or time that passes.
struct Step {
  std::uint8_t what = 0;
  std::uint16_t offset = 0;
  std::uint32_t value = 0;
};

void take(TestDriver& driver, const Step& step) {
  const unsigned size = 1U << (step.what >> 4 & 3);
  switch (step.what & 7) {
    case 0:
      driver.card.read_bar(driver.now, step.offset & 1, step.offset & 0x3f, size);
      return;
    case 1:
    case 2:
      driver.card.write_bar(driver.now, step.offset >> 8 & 1, step.offset & 0x1f, size,
                            step.value & 0x000fffff);
      return;
    case 3:
      driver.memory().store((step.offset | TestMemory::kBase) & 0xfffc, step.value & 0xe01fffff);
      return;
    case 4:
      driver.give(frame_to(kCardMac, 14 + step.offset % 1600));
      return;
    case 5:
      driver.now += std::chrono::microseconds(step.offset);
      driver.card.on_time(driver.now);
      return;
    case 6:
      driver.card.take_frames();
      return;
    default:
      driver.card.write_config(driver.now, step.offset & 0x4f, 1, step.value);
      return;
  }
}

RC_GTEST_PROP(I82559cGuest, WhateverItDoesTheCardWorksAfterAReset,
              (const std::vector<std::tuple<std::uint8_t, std::uint16_t, std::uint32_t>>& steps)) {
  TestDriver driver;
  for (const auto& [what, offset, value] : steps) take(driver, {what, offset, value});
  driver.card.reset(driver.now);
  RC_ASSERT(!driver.slot.level);
  RC_ASSERT(!driver.card.deadline());
  driver.card.write_config(driver.now, 0x04, 2, 0x0007);
  driver.configure(TestDriver::usual_configuration());
  const auto ring = driver.put_ring(2, 1536);
  driver.command(RuCommand::kStart, ring[0]);
  // What the guest has written into the EEPROM, it has written.
  driver.act(Action::kIndividualAddressSetup,
             Octets(kCardMac.octets().begin(), kCardMac.octets().end()));
  const Octets frame = frame_to(kCardMac, 100);
  driver.give(frame);
  RC_ASSERT(driver.received(ring[0]) == frame);
  driver.act(Action::kTransmit, transmit_block(frame));
  RC_ASSERT(driver.sent() == Frames{frame});
}

}  // namespace
}  // namespace sluice::i82559c
