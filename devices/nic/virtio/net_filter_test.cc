#include "devices/nic/virtio/net_filter.h"

#include <gtest/gtest.h>

#include <vector>

namespace sluice {
namespace {

using Mode = VirtioNetFilter::Mode;
using Table = VirtioNetFilter::Table;

constexpr MacAddress kStation({2, 0, 0, 0, 0, 1});
constexpr MacAddress kOther({2, 0, 0, 0, 0, 2});
constexpr MacAddress kStranger({2, 0, 0, 0, 0, 3});
constexpr MacAddress kGroup({0x01, 0, 0x5e, 0x12, 0x34, 0x56});
constexpr MacAddress kOtherGroup({0x33, 0x33, 0, 0, 0, 1});

std::vector<std::uint8_t> to(const MacAddress& destination) {
  std::vector<std::uint8_t> frame(60);
  copy_bytes(destination.octets(), frame);
  frame[12] = 0x08;
  return frame;
}

std::vector<std::uint8_t> tagged(std::uint16_t tag, const MacAddress& destination = kStation) {
  auto frame = to(destination);
  store_big<std::uint16_t>(frame, 12, 0x8100);
  store_big<std::uint16_t>(frame, 14, tag);
  return frame;
}

Table table_of(std::initializer_list<MacAddress> addresses) {
  Table table;
  for (const MacAddress& address : addresses) table.add(address);
  return table;
}

VirtioNetFilter choosy() {
  VirtioNetFilter filter(kStation);
  filter.set_mode(Mode::kPromiscuous, false);
  return filter;
}

bool passes(const VirtioNetFilter& filter, Bytes frame) {
  return filter.passes(frame, {});
}

TEST(VirtioNetFilterTest, EverythingPassesUntilADriverSaysOtherwise) {
  VirtioNetFilter filter(kStation);
  filter.set_knows_vlans(true);
  EXPECT_TRUE(passes(filter, to(kStranger)));
  EXPECT_TRUE(passes(filter, to(kGroup)));
  EXPECT_TRUE(passes(filter, tagged(5)));
  EXPECT_TRUE(passes(filter, {}));
}

TEST(VirtioNetFilterTest, ItsOwnAddressAndBroadcastsPass) {
  VirtioNetFilter filter = choosy();
  EXPECT_TRUE(passes(filter, to(kStation)));
  EXPECT_TRUE(passes(filter, to(MacAddress::broadcast())));
  EXPECT_FALSE(passes(filter, to(kStranger)));
  EXPECT_FALSE(passes(filter, to(kGroup)));
  filter.set_station(kOther);
  EXPECT_TRUE(passes(filter, to(kOther)));
  EXPECT_FALSE(passes(filter, to(kStation)));
}

TEST(VirtioNetFilterTest, WithoutAnAddressOfItsOwnAnyMayBe) {
  VirtioNetFilter filter(std::nullopt);
  filter.set_mode(Mode::kPromiscuous, false);
  EXPECT_TRUE(passes(filter, to(kStranger)));
  EXPECT_FALSE(passes(filter, to(kGroup)));
}

TEST(VirtioNetFilterTest, AddressesOfItsTablesPass) {
  VirtioNetFilter filter = choosy();
  filter.set_tables(table_of({kOther}), table_of({kGroup}));
  EXPECT_TRUE(passes(filter, to(kStation)));
  EXPECT_TRUE(passes(filter, to(kOther)));
  EXPECT_TRUE(passes(filter, to(kGroup)));
  EXPECT_FALSE(passes(filter, to(kStranger)));
  EXPECT_FALSE(passes(filter, to(kOtherGroup)));
  filter.set_tables({}, {});
  EXPECT_FALSE(passes(filter, to(kOther)));
  EXPECT_FALSE(passes(filter, to(kGroup)));
}

TEST(VirtioNetFilterTest, ATableIsOfOneKindOnly) {
  VirtioNetFilter filter = choosy();
  filter.set_tables(table_of({kGroup}), table_of({kOther}));
  EXPECT_FALSE(passes(filter, to(kOther)));
  EXPECT_FALSE(passes(filter, to(kGroup)));
}

TEST(VirtioNetFilterTest, ATableThatIsTooSmallHasEverything) {
  Table table;
  for (std::uint8_t i = 0; i < Table::kMost; ++i) table.add(MacAddress({2, 0, 0, 0, 1, i}));
  EXPECT_TRUE(table.has(MacAddress({2, 0, 0, 0, 1, Table::kMost - 1})));
  EXPECT_FALSE(table.has(kStranger));
  table.add(kOther);
  EXPECT_TRUE(table.has(kStranger));
  VirtioNetFilter filter = choosy();
  filter.set_tables(table, {});
  EXPECT_TRUE(passes(filter, to(kStranger)));
  EXPECT_FALSE(passes(filter, to(kGroup)));
}

TEST(VirtioNetFilterTest, EverythingOfAKindPassesIfThatIsWanted) {
  VirtioNetFilter filter = choosy();
  filter.set_mode(Mode::kAllMulticast, true);
  EXPECT_TRUE(passes(filter, to(kGroup)));
  EXPECT_FALSE(passes(filter, to(kStranger)));
  filter.set_mode(Mode::kAllMulticast, false);
  filter.set_mode(Mode::kAllUnicast, true);
  EXPECT_FALSE(passes(filter, to(kGroup)));
  EXPECT_TRUE(passes(filter, to(kStranger)));
}

TEST(VirtioNetFilterTest, NothingOfAKindIsStrongerThanAllOfIt) {
  VirtioNetFilter filter = choosy();
  filter.set_mode(Mode::kAllMulticast, true);
  filter.set_mode(Mode::kAllUnicast, true);
  filter.set_mode(Mode::kNoMulticast, true);
  EXPECT_FALSE(passes(filter, to(kGroup)));
  EXPECT_TRUE(passes(filter, to(MacAddress::broadcast())));
  EXPECT_TRUE(passes(filter, to(kStation)));
  filter.set_mode(Mode::kNoUnicast, true);
  EXPECT_FALSE(passes(filter, to(kStation)));
  filter.set_mode(Mode::kNoBroadcast, true);
  EXPECT_FALSE(passes(filter, to(MacAddress::broadcast())));
  filter.set_mode(Mode::kPromiscuous, true);
  EXPECT_TRUE(passes(filter, to(kGroup)));
  EXPECT_TRUE(passes(filter, to(kStation)));
  EXPECT_TRUE(passes(filter, to(MacAddress::broadcast())));
}

TEST(VirtioNetFilterTest, TaggedFramesPassByTheirVlan) {
  VirtioNetFilter filter = choosy();
  EXPECT_TRUE(passes(filter, tagged(0x123))) << "none are told apart";
  filter.set_knows_vlans(true);
  EXPECT_FALSE(passes(filter, tagged(0x123)));
  EXPECT_TRUE(passes(filter, to(kStation)));
  filter.set_vlan(0x123, true);
  filter.set_vlan(0xfff, true);
  EXPECT_TRUE(passes(filter, tagged(0x123)));
  EXPECT_TRUE(passes(filter, tagged(0xe123))) << "with a priority";
  EXPECT_TRUE(passes(filter, tagged(0xfff)));
  EXPECT_FALSE(passes(filter, tagged(0x122)));
  EXPECT_FALSE(passes(filter, tagged(0x123, kStranger)));
  filter.set_vlan(0x123, false);
  EXPECT_FALSE(passes(filter, tagged(0x123)));
  filter.set_mode(Mode::kPromiscuous, true);
  EXPECT_TRUE(passes(filter, tagged(0x123)));
}

TEST(VirtioNetFilterTest, AFrameMayLieInAnyPieces) {
  VirtioNetFilter filter = choosy();
  filter.set_knows_vlans(true);
  filter.set_vlan(5, true);
  for (const bool ours : {false, true}) {
    const auto frame = tagged(ours ? 5 : 6);
    for (std::size_t first = 0; first < 30; ++first) {
      const Bytes rest = Bytes(frame).subspan(first);
      const std::array<Bytes, 3> pieces{rest.first(1), Bytes(), rest.subspan(1)};
      EXPECT_EQ(filter.passes(Bytes(frame).first(first), pieces), ours) << first;
    }
  }
}

TEST(VirtioNetFilterTest, FramesWithoutAWholeHeaderOrTagAreNobodysOrUntagged) {
  VirtioNetFilter filter = choosy();
  filter.set_knows_vlans(true);
  EXPECT_FALSE(passes(filter, {}));
  EXPECT_FALSE(passes(filter, Bytes(to(kStation)).first(13)));
  EXPECT_TRUE(passes(filter, Bytes(to(kStation)).first(14)));
  EXPECT_TRUE(passes(filter, Bytes(tagged(0x123)).first(15)));
}

}  // namespace
}  // namespace sluice
