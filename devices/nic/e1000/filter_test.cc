// Which frames the 82540EM lets through.

#include <gtest/gtest.h>

#include "devices/nic/e1000/driver.h"

namespace sluice::e1000 {
namespace {

constexpr MacAddress kStranger({0x02, 0x11, 0x22, 0x33, 0x44, 0x55});
constexpr MacAddress kGroup({0x01, 0x00, 0x5e, 0x12, 0x34, 0x56});

Octets to(const MacAddress& address) {
  Octets frame(80);
  copy_bytes(address.octets(), frame);
  return frame;
}

Octets tagged(std::uint16_t tag) {
  Octets frame = to(kGuestMac);
  store_big<std::uint16_t>(frame, 12, 0x8100);
  store_big<std::uint16_t>(frame, 14, tag);
  return frame;
}

bool passes(Driver& driver, const Octets& frame) {
  driver.deliver(frame);
  return driver.receive().has_value();
}

void allow(Driver& driver, std::uint32_t rctl) {
  driver.write(kRctl, kRctlEn | kRctlSecrc | rctl);
}

TEST(E1000Filter, ItsOwnAddressPasses) {
  Driver driver;
  allow(driver, 0);
  EXPECT_TRUE(passes(driver, to(kGuestMac)));
  EXPECT_FALSE(passes(driver, to(kStranger)));
  EXPECT_EQ(driver.card.counters().dropped(Drop::kNotForUs), 1U);
}

TEST(E1000Filter, AnyOfSixteenAddressesPasses) {
  Driver driver;
  driver.write(kRal + 120, 0x33221102);
  driver.write(kRah + 120, 0x00005544);
  EXPECT_FALSE(passes(driver, to(kStranger)));
  driver.write(kRah + 120, kRahAv | 0x00005544);
  EXPECT_TRUE(passes(driver, to(kStranger)));
}

TEST(E1000Filter, AnAddressMayBeTheSourceInstead) {
  Driver driver;
  driver.write(kRal + 8, 0x33221102);
  driver.write(kRah + 8, kRahAv | kRahAsSource | 0x00005544);
  EXPECT_FALSE(passes(driver, to(kStranger)));
  Octets frame = to(kGroup);
  copy_bytes(kStranger.octets(), MutableBytes(frame).subspan(6));
  EXPECT_TRUE(passes(driver, frame));
}

TEST(E1000Filter, BroadcastsPassIfAccepted) {
  Driver driver;
  allow(driver, kRctlBam);
  EXPECT_TRUE(passes(driver, to(MacAddress::broadcast())));
  allow(driver, 0);
  EXPECT_FALSE(passes(driver, to(MacAddress::broadcast())));
}

TEST(E1000Filter, EverythingOfAKindPassesIfPromiscuous) {
  Driver driver;
  allow(driver, kRctlUpe);
  EXPECT_TRUE(passes(driver, to(kStranger)));
  EXPECT_FALSE(passes(driver, to(kGroup)));
  allow(driver, kRctlMpe);
  EXPECT_FALSE(passes(driver, to(kStranger)));
  EXPECT_TRUE(passes(driver, to(kGroup)));
}

TEST(E1000Filter, MulticastPassesByTwelveBitsOfTheAddress) {
  // The last two bytes are 0x34 and 0x56: bits 47 to 36, 46 to 35, 45 to 34, 43 to 32.
  constexpr std::uint32_t kLast = 0x5634;
  constexpr std::uint32_t kHashes[] = {kLast >> 4 & 0xfff, kLast >> 3 & 0xfff, kLast >> 2 & 0xfff,
                                       kLast & 0xfff};
  for (std::uint32_t mo = 0; mo < 4; ++mo) {
    Driver driver;
    allow(driver, mo << kRctlMoShift);
    EXPECT_FALSE(passes(driver, to(kGroup)));
    const std::uint32_t hash = kHashes[mo];
    driver.write(kMta + hash / 32 * 4, 1U << hash % 32);
    driver.deliver(to(kGroup));
    const auto received = driver.receive();
    ASSERT_TRUE(received) << mo;
    EXPECT_NE(received->status & kRxPif, 0);
    EXPECT_FALSE(passes(driver, to(MacAddress({1, 0, 0x5e, 0x12, 0x35, 0x57}))));
  }
}

TEST(E1000Filter, TheSameHashOfOneHostDoesNotCount) {
  Driver driver;
  for (std::uint32_t i = 0; i < 128; ++i) driver.write(kMta + 4 * i, 0xffffffff);
  EXPECT_FALSE(passes(driver, to(kStranger)));
  EXPECT_TRUE(passes(driver, to(kGroup)));
}

TEST(E1000Filter, TaggedFramesPassByTheTableOfVlans) {
  Driver driver;
  EXPECT_TRUE(passes(driver, tagged(0x0123)));
  allow(driver, kRctlVfe);
  EXPECT_FALSE(passes(driver, tagged(0x0123)));
  driver.write(kVfta + (0x123 >> 5) * 4, 1U << (0x123 & 31));
  EXPECT_TRUE(passes(driver, tagged(0x0123)));
  EXPECT_TRUE(passes(driver, tagged(0xe123)));
  EXPECT_FALSE(passes(driver, tagged(0x0122)));
  EXPECT_TRUE(passes(driver, to(kGuestMac)));
  driver.write(kVet, 0x88a8);
  EXPECT_TRUE(passes(driver, tagged(0x0122)));
}

TEST(E1000Filter, TaggedFramesMayBeToldApartByTheCanonicalFormat) {
  Driver driver;
  allow(driver, kRctlVfe | kRctlCfien);
  driver.write(kVfta, 2);
  EXPECT_TRUE(passes(driver, tagged(0x0001)));
  EXPECT_FALSE(passes(driver, tagged(0x1001)));
  allow(driver, kRctlVfe | kRctlCfien | kRctlCfi);
  EXPECT_FALSE(passes(driver, tagged(0x0001)));
  EXPECT_TRUE(passes(driver, tagged(0x1001)));
}

TEST(E1000Filter, AFrameWithoutAWholeHeaderDoesNotPass) {
  Driver driver;
  driver.deliver(Octets(13));
  EXPECT_EQ(driver.card.counters().dropped(Drop::kTruncated), 1U);
  driver.deliver({});
  EXPECT_FALSE(driver.receive());
}

}  // namespace
}  // namespace sluice::e1000
