#include "stack/neighbors.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

constexpr MacAddress kFirst({0x52, 0x54, 0, 0, 0, 1});
constexpr MacAddress kSecond({0x52, 0x54, 0, 0, 0, 2});

IpAddress address(std::size_t index) {
  return IpAddress::v4(10, 0, static_cast<std::uint8_t>(index >> 8),
                       static_cast<std::uint8_t>(index));
}

// Learns kCapacity addresses, from the one with index 0 on.
Neighbors full() {
  Neighbors neighbors;
  for (std::size_t i = 0; i < Neighbors::kCapacity; ++i) {
    EXPECT_TRUE(neighbors.learn(address(i), kFirst));
  }
  return neighbors;
}

TEST(Neighbors, NobodyIsKnownAtFirst) {
  const Neighbors neighbors;
  EXPECT_EQ(neighbors.find(address(0)), std::nullopt);
}

TEST(Neighbors, WhoIsLearnedIsFound) {
  Neighbors neighbors;
  EXPECT_TRUE(neighbors.learn(address(1), kFirst));
  EXPECT_TRUE(neighbors.learn(address(2), kSecond));
  EXPECT_EQ(neighbors.find(address(1)), kFirst);
  EXPECT_EQ(neighbors.find(address(2)), kSecond);
  EXPECT_EQ(neighbors.find(address(3)), std::nullopt);
}

TEST(Neighbors, TheSameAgainIsNoNews) {
  Neighbors neighbors;
  neighbors.learn(address(1), kFirst);
  neighbors.learn(address(2), kFirst);
  EXPECT_FALSE(neighbors.learn(address(1), kFirst));
  EXPECT_FALSE(neighbors.learn(address(2), kFirst));
  neighbors.find(address(2));
  EXPECT_FALSE(neighbors.learn(address(2), kFirst));
  EXPECT_FALSE(neighbors.learn(address(1), kFirst));
}

TEST(Neighbors, AnAddressMayMove) {
  Neighbors neighbors;
  neighbors.learn(address(1), kFirst);
  EXPECT_EQ(neighbors.find(address(1)), kFirst);
  EXPECT_TRUE(neighbors.learn(address(1), kSecond));
  EXPECT_EQ(neighbors.find(address(1)), kSecond);
}

TEST(Neighbors, OneGuestMayHaveManyAddresses) {
  const Neighbors neighbors = full();
  for (std::size_t i = 0; i < Neighbors::kCapacity; ++i) {
    EXPECT_EQ(neighbors.find(address(i)), kFirst) << i;
  }
}

TEST(Neighbors, BeyondTheCapacityTheOldestGivesWay) {
  Neighbors neighbors = full();
  EXPECT_TRUE(neighbors.learn(address(1000), kSecond));
  EXPECT_EQ(neighbors.find(address(1000)), kSecond);
  EXPECT_EQ(neighbors.find(address(0)), std::nullopt);
  EXPECT_EQ(neighbors.find(address(1)), kFirst);
  EXPECT_TRUE(neighbors.learn(address(1001), kSecond));
  EXPECT_EQ(neighbors.find(address(1)), std::nullopt);
  EXPECT_EQ(neighbors.find(address(2)), kFirst);
}

TEST(Neighbors, HoweverManyAreClaimedTheLastOnesAreKnown) {
  Neighbors neighbors;
  constexpr std::size_t kClaimed = 5 * Neighbors::kCapacity + 17;
  for (std::size_t i = 0; i < kClaimed; ++i) neighbors.learn(address(i), kFirst);
  std::size_t known = 0;
  for (std::size_t i = 0; i < kClaimed; ++i) {
    const bool found = neighbors.find(address(i)).has_value();
    EXPECT_EQ(found, i >= kClaimed - Neighbors::kCapacity) << i;
    if (found) ++known;
  }
  EXPECT_EQ(known, Neighbors::kCapacity);
}

TEST(Neighbors, ADisplacedAddressIsLearnedAnew) {
  Neighbors neighbors = full();
  neighbors.learn(address(1000), kSecond);
  EXPECT_TRUE(neighbors.learn(address(0), kSecond));
  EXPECT_EQ(neighbors.find(address(0)), kSecond);
  EXPECT_EQ(neighbors.find(address(1)), std::nullopt) << "the next oldest gave way";
}

TEST(Neighbors, ALookUpIsNotMisledByWhoSatThereBefore) {
  Neighbors neighbors = full();
  EXPECT_EQ(neighbors.find(address(0)), kFirst);
  neighbors.learn(address(1000), kSecond);
  EXPECT_EQ(neighbors.find(address(0)), std::nullopt);
  EXPECT_EQ(neighbors.find(address(1000)), kSecond);
}

}  // namespace
}  // namespace sluice
