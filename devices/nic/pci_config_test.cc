#include "devices/nic/pci_config.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace sluice {
namespace {

constexpr PciBars kBars{{{PciBar::Kind::kMemory, 0x20000}, {PciBar::Kind::kIo, 0x40}}};

PciConfig some_card() {
  return {{.vendor = 0x8086,
           .device = 0x100e,
           .subsystem_vendor = 0x1af4,
           .subsystem = 0x1100,
           .revision = 3},
          kBars};
}

TEST(PciConfig, TellsWhoTheCardIs) {
  const PciConfig config = some_card();
  EXPECT_EQ(config.read(0, 4), 0x100e8086U);
  EXPECT_EQ(config.read(8, 4), 0x02000003U);
  EXPECT_EQ(config.read(0x2c, 2), 0x1af4U);
  EXPECT_EQ(config.read(0x2e, 2), 0x1100U);
  EXPECT_EQ(config.read(0x3d, 1), 1U);
  EXPECT_EQ(config.read(0x34, 1), 0U);
}

TEST(PciConfig, BaseAddressesAreSizedByWritingOnes) {
  PciConfig config = some_card();
  for (const unsigned bar : {0, 1, 2}) config.write(0x10 + 4 * bar, 4, 0xffffffff);
  EXPECT_EQ(config.read(0x10, 4), 0xfffe0000U);
  EXPECT_EQ(config.read(0x14, 4), 0xffffffc1U);
  EXPECT_EQ(config.read(0x18, 4), 0U);
  config.write(0x10, 4, 0xfebc1234);
  EXPECT_EQ(config.read(0x10, 4), 0xfebc0000U);
}

TEST(PciConfig, TheCommandRegisterSaysWhatTheCardMayDo) {
  PciConfig config = some_card();
  EXPECT_FALSE(config.decodes_io() || config.decodes_memory() || config.masters_bus());
  config.write(4, 2, 0xffff);
  EXPECT_TRUE(config.decodes_io() && config.decodes_memory() && config.masters_bus());
  EXPECT_TRUE(config.disables_interrupt());
  EXPECT_EQ(config.read(4, 2), 0x547U);
  config.write(4, 1, 4);
  EXPECT_TRUE(config.masters_bus());
  EXPECT_FALSE(config.decodes_memory());
}

TEST(PciConfig, AnInterruptShowsInTheStatus) {
  PciConfig config = some_card();
  config.set_interrupt_status(true);
  EXPECT_EQ(config.read(6, 2) & 8, 8U);
  config.set_interrupt_status(false);
  EXPECT_EQ(config.read(6, 2) & 8, 0U);
}

TEST(PciConfig, CapabilitiesAreAList) {
  PciConfig config = some_card();
  const std::array<std::uint8_t, 5> bytes{0, 0, 1, 2, 3};
  const std::array<std::uint8_t, 5> writable{0xff, 0xff, 0, 0xf0, 0};
  EXPECT_EQ(config.add_capability(5, bytes, writable), 0x40U);
  EXPECT_EQ(config.add_capability(0x11, bytes, writable), 0x48U);
  EXPECT_EQ(config.read(6, 2) & 0x10, 0x10U);
  EXPECT_EQ(config.read(0x34, 1), 0x40U);
  EXPECT_EQ(config.read(0x40, 4), 0x02014805U);
  EXPECT_EQ(config.read(0x48, 2), 0x0011U);
  config.write(0x40, 4, 0xffffffff);
  EXPECT_EQ(config.read(0x40, 4), 0xf2014805U);
}

RC_GTEST_PROP(PciConfig, ResetForgetsEveryWrite,
              (const std::vector<std::tuple<std::uint16_t, std::uint8_t, std::uint32_t>>& writes)) {
  PciConfig config = some_card();
  for (const auto& [offset, size, value] : writes) config.write(offset, size % 6, value);
  EXPECT_EQ(config.read(0, 4), 0x100e8086U);
  config.reset();
  const PciConfig fresh = some_card();
  for (std::size_t at = 0; at < PciConfig::kSize; at += 4) {
    RC_ASSERT(config.read(at, 4) == fresh.read(at, 4));
  }
}

TEST(PciConfig, AccessesAcrossADoubleWordReachNothing) {
  PciConfig config = some_card();
  EXPECT_EQ(config.read(3, 2), 0xffffffffU);
  EXPECT_EQ(config.read(256, 4), 0xffffffffU);
  EXPECT_EQ(config.read(0, 3), 0xffffffffU);
}

}  // namespace
}  // namespace sluice
