#include "devices/nic/interrupt_line.h"

#include <gtest/gtest.h>

#include "devices/nic/test_machine.h"

namespace sluice {
namespace {

TEST(InterruptLine, TellsTheSlotWhatChanges) {
  TestSlot slot;
  PciConfig config({}, {});
  InterruptLine line(slot, config);
  line.set(true);
  line.set(true);
  EXPECT_TRUE(slot.level);
  EXPECT_EQ(slot.raised, 1U);
  line.set(false);
  EXPECT_FALSE(slot.level);
}

TEST(InterruptLine, IsSilentWhereTheCommandRegisterHasItSo) {
  TestSlot slot;
  PciConfig config({}, {});
  InterruptLine line(slot, config);
  config.write(4, 2, 1U << 10);
  line.set(true);
  EXPECT_FALSE(slot.level);
  EXPECT_NE(config.read(6, 2) & 1U << 3, 0U) << "and is pending all the same";
  config.write(4, 2, 0);
  line.set(true);
  EXPECT_TRUE(slot.level);
}

}  // namespace
}  // namespace sluice
