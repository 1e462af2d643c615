#include "devices/nic/virtio/net_control.h"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "devices/nic/virtio/net_features.h"
#include "devices/nic/virtio/split_queue.h"
#include "devices/nic/virtio/test_driver.h"

namespace sluice {
namespace {

using Octets = std::vector<std::uint8_t>;

constexpr std::uint64_t kRing = TestSharedMemory::kBase;
constexpr std::uint64_t kBuffers = kRing + 0x1000;
constexpr std::uint64_t kVerdict = kRing + 0x8000;
constexpr std::uint16_t kSize = 64;
constexpr std::uint64_t kAll = virtio::kCtrlVq | virtio::kCtrlRx | virtio::kCtrlRxExtra |
                               virtio::kCtrlVlan | virtio::kCtrlMacAddr | virtio::kMq;
constexpr std::uint8_t kDone = 0;
constexpr std::uint8_t kRefused = 1;

constexpr MacAddress kStation({2, 0, 0, 0, 0, 1});
constexpr MacAddress kOther({2, 0, 0, 0, 0, 2});
constexpr MacAddress kStranger({2, 0, 0, 0, 0, 3});
constexpr MacAddress kGroup({0x01, 0, 0x5e, 0x12, 0x34, 0x56});

Octets to(const MacAddress& destination) {
  Octets frame(60);
  copy_bytes(destination.octets(), frame);
  return frame;
}

Octets tagged(std::uint16_t vlan) {
  Octets frame = to(kStation);
  store_big<std::uint16_t>(frame, 12, 0x8100);
  store_big<std::uint16_t>(frame, 14, vlan);
  return frame;
}

void append(Octets& bytes, std::uint32_t count, const std::vector<MacAddress>& addresses) {
  for (unsigned i = 0; i < 4; ++i) bytes.push_back(static_cast<std::uint8_t>(count >> (8 * i)));
  for (const MacAddress& address : addresses) {
    bytes.insert(bytes.end(), address.octets().begin(), address.octets().end());
  }
}

Octets tables(const std::vector<MacAddress>& unicast, const std::vector<MacAddress>& multicast) {
  Octets command{1, 0};
  append(command, static_cast<std::uint32_t>(unicast.size()), unicast);
  append(command, static_cast<std::uint32_t>(multicast.size()), multicast);
  return command;
}

// A driver that is no longer promiscuous.
struct Commander {
  Commander() { EXPECT_EQ(command({0, 0, 0}), kDone); }

  bool passes(const Octets& frame) const { return filter.passes(frame, {}); }

  // The answer to a command in buffers of `piece` bytes; nothing if there is none.
  std::optional<std::uint8_t> command(const Octets& bytes, std::uint64_t features = kAll,
                                      std::uint32_t piece = 1000) {
    memory.put(kBuffers, bytes);
    memory.put(kVerdict, {{0xff}});
    std::vector<TestBuffer> buffers;
    for (std::uint32_t at = 0; at < bytes.size(); at += piece) {
      const auto left = static_cast<std::uint32_t>(bytes.size()) - at;
      buffers.push_back({kBuffers + at, std::min(piece, left)});
    }
    buffers.push_back({kVerdict, 1, true});
    driver.add(buffers);
    EXPECT_FALSE(control.answer(queue, features));
    queue.publish();
    const auto used = driver.take_used();
    if (!used || used->length != 1) return std::nullopt;
    return memory.get(kVerdict, 1).front();
  }

  TestSharedMemory memory{std::size_t{64} << 10};
  SplitTestDriver driver{memory, kRing, kSize, false};
  SplitVirtioQueue queue{memory, driver.areas(), false, 0};
  VirtioNetFilter filter{kStation};
  VirtioNetControl control{memory, 2, filter};
};

TEST(VirtioNetControlTest, ModesAreTurnedOnAndOff) {
  Commander driver;
  const auto passes = [&driver](const MacAddress& address) { return driver.passes(to(address)); };
  EXPECT_FALSE(passes(kStranger));
  EXPECT_EQ(driver.command({0, 0, 1}), kDone);
  EXPECT_TRUE(passes(kStranger));
  EXPECT_EQ(driver.command({0, 0, 0}), kDone);
  EXPECT_EQ(driver.command({0, 1, 1}), kDone);
  EXPECT_TRUE(passes(kGroup));
  EXPECT_EQ(driver.command({0, 3, 1}), kDone);
  EXPECT_FALSE(passes(kGroup));
  EXPECT_EQ(driver.command({0, 2, 1}), kDone);
  EXPECT_TRUE(passes(kStranger));
  EXPECT_EQ(driver.command({0, 4, 1}), kDone);
  EXPECT_FALSE(passes(kStation));
  EXPECT_TRUE(passes(MacAddress::broadcast()));
  EXPECT_EQ(driver.command({0, 5, 1}), kDone);
  EXPECT_FALSE(passes(MacAddress::broadcast()));
  EXPECT_EQ(driver.command({0, 5, 0}), kDone);
  EXPECT_TRUE(passes(MacAddress::broadcast()));
}

TEST(VirtioNetControlTest, TablesAreReadWhereverTheyAreCut) {
  for (std::uint32_t piece = 1; piece < 10; ++piece) {
    Commander driver;
    EXPECT_EQ(driver.command(tables({kOther}, {kGroup}), kAll, piece), kDone);
    EXPECT_TRUE(driver.passes(to(kOther)));
    EXPECT_TRUE(driver.passes(to(kGroup)));
    EXPECT_FALSE(driver.passes(to(kStranger)));
    EXPECT_EQ(driver.command(tables({}, {}), kAll, piece), kDone);
    EXPECT_FALSE(driver.passes(to(kOther)));
    EXPECT_FALSE(driver.passes(to(kGroup)));
  }
}

TEST(VirtioNetControlTest, OfTooManyAddressesAllAreReceived) {
  const std::vector<MacAddress> many(VirtioNetFilter::Table::kMost + 1, kOther);
  Commander driver;
  EXPECT_EQ(driver.command(tables(many, {})), kDone);
  EXPECT_TRUE(driver.passes(to(kStranger)));
  EXPECT_FALSE(driver.passes(to(kGroup)));
  EXPECT_EQ(driver.command(tables({}, many)), kDone);
  EXPECT_FALSE(driver.passes(to(kStranger)));
  EXPECT_TRUE(driver.passes(to(kGroup)));
}

TEST(VirtioNetControlTest, TablesThatAreNotAsLongAsTheySayChangeNothing) {
  Commander driver;
  ASSERT_EQ(driver.command(tables({kOther}, {kGroup})), kDone);
  const Octets good = tables({kStranger}, {});
  for (std::size_t size = 1; size < good.size(); ++size) {
    EXPECT_EQ(driver.command(Octets(good.begin(), good.begin() + static_cast<int>(size))), kRefused)
        << size;
  }
  Octets longer = good;
  longer.push_back(0);
  EXPECT_EQ(driver.command(longer), kRefused);
  for (const std::uint32_t count : {2U, 65U, 0x10000000U, 0x2aaaaaabU, 0xffffffffU}) {
    Octets first{1, 0};
    append(first, count, {kStranger});
    EXPECT_EQ(driver.command(first), kRefused) << count;
    Octets second{1, 0};
    append(second, 0, {});
    append(second, count, {kGroup});
    EXPECT_EQ(driver.command(second), kRefused) << count;
  }
  EXPECT_TRUE(driver.passes(to(kOther)));
  EXPECT_TRUE(driver.passes(to(kGroup)));
  EXPECT_FALSE(driver.passes(to(kStranger)));
}

TEST(VirtioNetControlTest, StationGetsAnotherAddress) {
  Commander driver;
  EXPECT_EQ(driver.command({1, 1, 2, 0, 0, 0, 0, 2}), kDone);
  EXPECT_EQ(driver.filter.station(), kOther);
  EXPECT_TRUE(driver.passes(to(kOther)));
  EXPECT_EQ(driver.command({1, 1, 3, 0, 0, 0, 0, 2}), kRefused) << "a group's";
  EXPECT_EQ(driver.command({1, 1, 2, 0, 0, 0, 0}), kRefused);
  EXPECT_EQ(driver.command({1, 1, 2, 0, 0, 0, 0, 3, 0}), kRefused);
  EXPECT_EQ(driver.filter.station(), kOther);
}

TEST(VirtioNetControlTest, VlansComeAndGo) {
  Commander driver;
  driver.filter.set_knows_vlans(true);
  EXPECT_EQ(driver.command({2, 0, 0x23, 1}), kDone);
  EXPECT_TRUE(driver.passes(tagged(0x123)));
  EXPECT_FALSE(driver.passes(tagged(0x122)));
  EXPECT_EQ(driver.command({2, 1, 0x23, 1}), kDone);
  EXPECT_FALSE(driver.passes(tagged(0x123)));
  EXPECT_EQ(driver.command({2, 0, 0xff, 0x0f}), kDone);
  EXPECT_EQ(driver.command({2, 0, 0, 0x10}), kRefused) << "there is no such VLAN";
  EXPECT_EQ(driver.command({2, 2, 1, 0}), kRefused);
  EXPECT_EQ(driver.command({2, 0, 1}), kRefused);
  EXPECT_EQ(driver.command({2, 0, 1, 0, 0}), kRefused);
  EXPECT_FALSE(driver.passes(tagged(1)));
}

TEST(VirtioNetControlTest, WhatIsNoCommandIsRefused) {
  Commander driver;
  for (const Octets& bytes : {Octets{0}, Octets{0, 0}, Octets{0, 0, 2}, Octets{0, 0, 1, 0},
                              Octets{0, 6, 1}, Octets{0, 255, 1}, Octets{1, 2, 2, 0, 0, 0, 0, 2},
                              Octets{3, 0}, Octets{4, 1, 1, 0}, Octets{4, 0, 1, 0, 0}}) {
    EXPECT_EQ(driver.command(bytes), kRefused) << testing::PrintToString(bytes);
  }
  EXPECT_FALSE(driver.passes(to(kStranger)));
}

TEST(VirtioNetControlTest, CommandsAreKnownOnlyWithTheirFeatures) {
  Commander driver;
  const auto needs = [&driver](std::uint64_t feature, const Octets& bytes) {
    EXPECT_EQ(driver.command(bytes, kAll & ~feature), kRefused);
    EXPECT_EQ(driver.command(bytes, feature), kDone);
  };
  needs(virtio::kCtrlRx, {0, 0, 0});
  needs(virtio::kCtrlRx, {0, 1, 0});
  needs(virtio::kCtrlRx, tables({}, {}));
  for (std::uint8_t mode = 2; mode < 6; ++mode) needs(virtio::kCtrlRxExtra, {0, mode, 0});
  needs(virtio::kCtrlMacAddr, {1, 1, 2, 0, 0, 0, 0, 2});
  needs(virtio::kCtrlVlan, {2, 0, 5, 0});
}

}  // namespace
}  // namespace sluice
