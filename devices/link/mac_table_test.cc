#include "devices/link/mac_table.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

using std::chrono::seconds;

MacAddress mac(std::uint32_t number) {
  return MacAddress({0x52, 0x54, static_cast<std::uint8_t>(number >> 24),
                     static_cast<std::uint8_t>(number >> 16),
                     static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number)});
}

class MacTableTest : public testing::Test {
 protected:
  std::optional<MacTable::Port> find(const MacAddress& address) const {
    return table_.find(now_, address);
  }
  Time now_{seconds(1000)};
  MacTable table_{Seed{1, 2}};
};

TEST_F(MacTableTest, AStationIsWhereItWasHeardLast) {
  EXPECT_EQ(find(mac(1)), std::nullopt);
  table_.learn(now_, mac(1), 3);
  table_.learn(now_, mac(2), 4);
  EXPECT_EQ(find(mac(1)), 3U);
  EXPECT_EQ(find(mac(2)), 4U);
  table_.learn(now_, mac(1), 5);
  EXPECT_EQ(find(mac(1)), 5U);
  EXPECT_EQ(table_.size(), 2U);
}

TEST_F(MacTableTest, WhoSaysNothingIsForgotten) {
  table_.learn(now_, mac(1), 0);
  now_ += MacTable::kAge;
  EXPECT_EQ(find(mac(1)), 0U);
  table_.learn(now_, mac(1), 0);
  now_ += MacTable::kAge + seconds(1);
  EXPECT_EQ(find(mac(1)), std::nullopt);
  table_.learn(now_, mac(1), 0);
  EXPECT_EQ(find(mac(1)), 0U);
}

TEST_F(MacTableTest, GroupsAreNobody) {
  table_.learn(now_, MacAddress::broadcast(), 0);
  table_.learn(now_, MacAddress(), 0);
  EXPECT_EQ(table_.size(), 0U);
}

TEST_F(MacTableTest, APortThatClaimsManyDisplacesItsOwn) {
  table_.learn(now_, mac(0xffffff), 1);
  for (std::uint32_t i = 0; i < 10 * MacTable::kPerPort; ++i) table_.learn(now_, mac(i), 0);
  EXPECT_EQ(table_.size(), MacTable::kPerPort + 1);
  EXPECT_EQ(find(mac(0xffffff)), 1U);
  EXPECT_EQ(find(mac(0)), std::nullopt);
  EXPECT_EQ(find(mac(10 * MacTable::kPerPort - 1)), 0U);
}

TEST_F(MacTableTest, StationsThatMoveToAndFroTakeNoMoreThanTheirPlace) {
  for (std::uint32_t i = 0; i < 5 * MacTable::kPerPort; ++i) {
    table_.learn(now_, mac(i % 7), i % 2);
    EXPECT_EQ(find(mac(i % 7)), i % 2);
  }
  EXPECT_LE(table_.size(), 7U);
}

TEST_F(MacTableTest, APinnedPortsAddressesStayThere) {
  table_.pin(0);
  table_.learn(now_, mac(1), 0);
  table_.learn(now_, mac(1), 1);
  EXPECT_EQ(find(mac(1)), 0U);
  now_ += 10 * MacTable::kAge;
  EXPECT_EQ(find(mac(1)), 0U);
}

TEST_F(MacTableTest, APortThatIsGoneIsForgotten) {
  table_.learn(now_, mac(1), 0);
  table_.learn(now_, mac(2), 1);
  table_.forget(0);
  table_.forget(77);
  EXPECT_EQ(find(mac(1)), std::nullopt);
  EXPECT_EQ(find(mac(2)), 1U);
  table_.learn(now_, mac(1), 0);
  EXPECT_EQ(find(mac(1)), 0U);
}

}  // namespace
}  // namespace sluice
