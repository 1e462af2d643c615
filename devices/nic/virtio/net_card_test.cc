#include "devices/nic/virtio/net_card.h"

#include <gtest/gtest.h>

#include "devices/nic/virtio/net_card_driver.h"

namespace sluice {
namespace {

using Driver = VirtioNetCardDriver;
using Frames = std::vector<std::vector<std::uint8_t>>;
using Messages = std::vector<unsigned>;

constexpr std::uint8_t kNeedsReset = 0x40;
constexpr std::uint64_t kNoVector = 0xffff;

void expect_frames_cross(Driver& guest, std::size_t header = 12) {
  const auto frame = frame_of(100);
  guest.give(1, behind_header(header, frame));
  guest.notify(1);
  EXPECT_EQ(guest.fetch(), (Frames{frame}));
  EXPECT_TRUE(guest.queues.at(1)->take_used());
  guest.give(0, {}, 1526);
  guest.put_to_guest(frame);
  const auto used = guest.queues.at(0)->take_used();
  ASSERT_TRUE(used);
  EXPECT_EQ(used->length, header + 100);
  const auto received = guest.received(header + 100);
  EXPECT_TRUE(std::equal(frame.begin(), frame.end(), received.begin() + static_cast<int>(header)));
}

constexpr MacAddress kStation({2, 0, 0, 0, 0, 1});
constexpr MacAddress kStranger({2, 0, 0, 0, 0, 9});

bool passes(Driver& guest, const MacAddress& destination) {
  std::vector<std::uint8_t> frame(60);
  copy_bytes(destination.octets(), frame);
  guest.give(0, {}, 1526);
  guest.put_to_guest(frame);
  const auto used = guest.queues.at(0)->take_used();
  return used.has_value();
}

TEST(VirtioNetCardTest, IsATransitionalNetworkDevice) {
  Driver guest;
  EXPECT_EQ(guest.config(0, 4), 0x10001af4U);
  EXPECT_EQ(guest.config(8, 4), 0x02000000U);
  EXPECT_EQ(guest.config(0x2c, 4), 0x00011af4U);
  EXPECT_EQ(guest.places.size(), 5U);
  EXPECT_NE(guest.messages_at, 0U);
}

TEST(VirtioNetCardTest, FramesCrossBothWays) {
  Driver guest;
  guest.set_up();
  EXPECT_EQ(guest.status(), 15U);
  expect_frames_cross(guest);
}

TEST(VirtioNetCardTest, FramesCrossPackedRings) {
  Driver guest;
  guest.set_up(Driver::kUsual | virtio::kRingPacked);
  EXPECT_EQ(guest.status(), 15U);
  expect_frames_cross(guest);
}

TEST(VirtioNetCardTest, LineIsRaisedUntilItsStatusIsRead) {
  Driver guest;
  guest.set_up();
  guest.give(1, behind_header(12, frame_of(60)));
  guest.notify(1);
  guest.fetch();
  EXPECT_TRUE(guest.slot.level);
  EXPECT_EQ(guest.in(Driver::kIsr, 0, 1), 1U);
  EXPECT_FALSE(guest.slot.level);
  EXPECT_EQ(guest.in(Driver::kIsr, 0, 1), 0U);
  EXPECT_TRUE(guest.slot.messages.empty());
}

TEST(VirtioNetCardTest, MessagesTakeThePlaceOfTheLine) {
  Driver guest;
  guest.enable_messages();
  guest.set_up();
  expect_frames_cross(guest);
  EXPECT_EQ(guest.slot.messages, (Messages{2, 1}));
  EXPECT_FALSE(guest.slot.level);
  EXPECT_EQ(guest.in(Driver::kIsr, 0, 1), 0U);
}

TEST(VirtioNetCardTest, VectorThatThereIsNotIsNone) {
  Driver guest;
  guest.out(Driver::kCommon, 16, 2, 3);
  EXPECT_EQ(guest.in(Driver::kCommon, 16, 2), 3U);
  guest.out(Driver::kCommon, 16, 2, 4);
  EXPECT_EQ(guest.in(Driver::kCommon, 16, 2), kNoVector);
  guest.out(Driver::kCommon, 22, 2, 1);
  guest.out(Driver::kCommon, 26, 2, 99);
  EXPECT_EQ(guest.in(Driver::kCommon, 26, 2), kNoVector);
}

TEST(VirtioNetCardTest, FeaturesThatCanNotBeAreRefused) {
  Driver guest;
  EXPECT_TRUE(guest.negotiate(guest.offered()));
  EXPECT_FALSE(guest.negotiate(virtio::kMac));
  EXPECT_FALSE(guest.negotiate(virtio::kVersion1 | virtio::bit(63)));
  guest.out(Driver::kCommon, 20, 1, 15);
  EXPECT_NE(guest.status() & kNeedsReset, 0U);
}

TEST(VirtioNetCardTest, FeaturesStayAsTheyWereAgreedOn) {
  Driver guest;
  ASSERT_TRUE(guest.negotiate(Driver::kUsual));
  guest.out(Driver::kCommon, 8, 4, 0);
  guest.out(Driver::kCommon, 12, 4, 0);
  EXPECT_EQ(guest.in(Driver::kCommon, 12, 4), Driver::kUsual & 0xffffffff);
}

TEST(VirtioNetCardTest, QueueThatThereIsNotHasNoPlaces) {
  Driver guest;
  guest.out(Driver::kCommon, 22, 2, 2);
  EXPECT_EQ(guest.in(Driver::kCommon, 24, 2), Driver::kSize);
  guest.out(Driver::kCommon, 22, 2, 3);
  EXPECT_EQ(guest.in(Driver::kCommon, 24, 2), 0U);
  guest.out(Driver::kCommon, 28, 2, 1);
  EXPECT_EQ(guest.in(Driver::kCommon, 28, 2), 0U);
}

TEST(VirtioNetCardTest, ConfigurationTellsAddressAndMtu) {
  Driver guest;
  EXPECT_EQ(guest.in(Driver::kDevice, 0, 4), 2U);
  EXPECT_EQ(guest.in(Driver::kDevice, 4, 4), 0x00010100U);
  EXPECT_EQ(guest.in(Driver::kDevice, 10, 2), 1400U);
}

TEST(VirtioNetCardTest, ResetForgetsEverything) {
  Driver guest;
  guest.set_up();
  guest.give(1, behind_header(12, frame_of(60)));
  guest.notify(1);
  guest.fetch();
  guest.out(Driver::kCommon, 20, 1, 0);
  EXPECT_EQ(guest.status(), 0U);
  EXPECT_FALSE(guest.slot.level);
  EXPECT_EQ(guest.in(Driver::kCommon, 22, 2), 0U);
  EXPECT_EQ(guest.in(Driver::kCommon, 28, 2), 0U);
  guest.give(1, behind_header(12, frame_of(60)));
  guest.notify(1);
  EXPECT_TRUE(guest.fetch().empty());
  // With rings that begin anew.
  const MutableBytes rings = guest.slot.memory().inner().view(Driver::kRings, 0x10000);
  std::fill(rings.begin(), rings.end(), std::uint8_t{0});
  guest.set_up();
  expect_frames_cross(guest);
}

TEST(VirtioNetCardTest, ResetOfTheFunctionEndsMessages) {
  Driver guest;
  guest.enable_messages();
  guest.set_up();
  guest.card.reset(guest.now);
  EXPECT_EQ(guest.config(guest.messages_at + 2, 2) & 0x8000, 0U);
  EXPECT_EQ(guest.card.read_bar(guest.now, 2, 12, 4), 1U);
  EXPECT_EQ(guest.status(), 0U);
}

TEST(VirtioNetCardTest, LegacyDriverSendsAndReceives) {
  Driver guest;
  guest.set_up_legacy();
  EXPECT_EQ(guest.io_in(12, 2), Driver::kSize);
  EXPECT_EQ(guest.io_in(8, 4), (Driver::kRings + Driver::kApart) / 4096);
  const auto frame = frame_of(80);
  guest.give(1, behind_header(10, frame));
  guest.io_out(16, 2, 1);
  EXPECT_EQ(guest.fetch(), (Frames{frame}));
  EXPECT_TRUE(guest.slot.level);
  EXPECT_EQ(guest.io_in(19, 1), 1U);
  EXPECT_FALSE(guest.slot.level);
  guest.give(0, {}, 1526);
  guest.put_to_guest(frame);
  EXPECT_EQ(guest.received(90), behind_header(10, frame));
}

TEST(VirtioNetCardTest, LegacyDriverMayBeginBeforeItSaysSo) {
  Driver guest;
  guest.io_out(18, 1, 3);
  guest.set_up_legacy_queue(1, 0);
  const auto frame = frame_of(80);
  guest.give(1, behind_header(10, frame));
  guest.io_out(16, 2, 1);
  EXPECT_EQ(guest.fetch(), (Frames{frame}));
}

TEST(VirtioNetCardTest, LegacyConfigurationMakesRoomForVectors) {
  Driver guest;
  EXPECT_EQ(guest.io_in(20, 4), 2U);
  EXPECT_EQ(guest.io_in(0, 4), guest.offered() & 0xffffffff);
  guest.enable_messages();
  EXPECT_EQ(guest.io_in(24, 4), 2U);
  guest.io_out(20, 2, 1);
  guest.io_out(14, 2, 1);
  guest.io_out(22, 2, 2);
  EXPECT_EQ(guest.io_in(20, 4), 0x00020001U);
}

TEST(VirtioNetCardTest, LegacyQueueEndsWithPageZero) {
  Driver guest;
  guest.set_up_legacy();
  guest.io_out(14, 2, 1);
  guest.io_out(8, 4, 0);
  guest.give(1, behind_header(10, frame_of(80)));
  guest.io_out(16, 2, 1);
  EXPECT_TRUE(guest.fetch().empty());
  EXPECT_EQ(guest.io_in(8, 4), 0U);
}

TEST(VirtioNetCardTest, QueueWhereNoMemoryIsSeenNeedsAReset) {
  Driver guest;
  guest.slot.memory().set_visible(false);
  guest.set_up();
  EXPECT_NE(guest.status() & kNeedsReset, 0U);
  EXPECT_TRUE(guest.slot.level);
  EXPECT_EQ(guest.in(Driver::kIsr, 0, 1), 2U);
}

TEST(VirtioNetCardTest, QueueThatMakesNoSenseNeedsAReset) {
  Driver guest;
  guest.enable_messages();
  guest.set_up();
  dynamic_cast<SplitTestDriver&>(*guest.queues.at(1)).set_available(1000);
  guest.notify(1);
  EXPECT_TRUE(guest.fetch().empty());
  EXPECT_NE(guest.status() & kNeedsReset, 0U);
  EXPECT_EQ(guest.slot.messages, (Messages{0}));
}

TEST(VirtioNetCardTest, MemoryThatComesBackIsGoneOnWith) {
  for (const std::uint64_t form : {std::uint64_t{0}, virtio::kRingPacked}) {
    Driver guest;
    guest.set_up(Driver::kUsual | form);
    expect_frames_cross(guest);
    guest.slot.memory().set_visible(false);
    guest.give(1, behind_header(12, frame_of(60)));
    guest.notify(1);
    EXPECT_TRUE(guest.fetch().empty());
    guest.put_to_guest(frame_of(60));
    EXPECT_TRUE(guest.card.has_room({}));
    guest.slot.memory().set_visible(true);
    EXPECT_EQ(guest.fetch().size(), 1U);
    EXPECT_TRUE(guest.queues.at(1)->take_used());
    expect_frames_cross(guest);
    EXPECT_EQ(guest.status(), 15U);
  }
}

TEST(VirtioNetCardTest, MemoryThatGoesBeforeAllHasBeenSeenIsNotTouched) {
  for (const std::uint64_t form : {std::uint64_t{0}, virtio::kRingPacked}) {
    Driver guest;
    guest.set_up(Driver::kUsual | form);
    guest.give(0, {}, 1526);
    const auto frame = frame_of(60);
    copy_bytes(frame, guest.card.reserve(frame.size()));
    guest.card.commit(frame.size(), {}, {});
    guest.slot.memory().set_visible(false);
    const auto rings = [&] {
      return guest.slot.memory().inner().get(Driver::kRings, 2 * Driver::kApart);
    };
    const auto before = rings();
    guest.card.flush();
    EXPECT_TRUE(guest.fetch().empty());
    EXPECT_EQ(rings(), before);
  }
}

TEST(VirtioNetCardTest, NothingIsReachedBySomebodyWhoIsNotMaster) {
  Driver guest;
  guest.set_up();
  guest.command(3);
  guest.give(1, behind_header(12, frame_of(60)));
  guest.notify(1);
  EXPECT_TRUE(guest.fetch().empty());
  guest.command(7);
  EXPECT_EQ(guest.fetch().size(), 1U);
}

TEST(VirtioNetCardTest, CableIsToldOfByAnInterrupt) {
  Driver guest;
  guest.set_up();
  const auto generation = guest.in(Driver::kCommon, 21, 1);
  EXPECT_EQ(guest.in(Driver::kDevice, 6, 2), 1U);
  guest.card.set_link(guest.now, false);
  EXPECT_EQ(guest.in(Driver::kIsr, 0, 1), 2U);
  EXPECT_NE(guest.in(Driver::kCommon, 21, 1), generation);
  EXPECT_EQ(guest.in(Driver::kDevice, 6, 2), 0U);
  guest.give(1, behind_header(12, frame_of(60)));
  guest.notify(1);
  EXPECT_TRUE(guest.fetch().empty());
  EXPECT_TRUE(guest.queues.at(1)->take_used());
  guest.give(0, {}, 1526);
  guest.put_to_guest(frame_of(60));
  EXPECT_FALSE(guest.queues.at(0)->take_used());
  EXPECT_EQ(guest.card.counters().dropped(Drop::kLinkFull), 1U);
  guest.card.set_link(guest.now, true);
  EXPECT_EQ(guest.in(Driver::kDevice, 6, 2), 1U);
}

TEST(VirtioNetCardTest, RegistersAreReachedThroughConfigurationSpace) {
  Driver guest;
  const auto at = guest.places.at(Driver::kWindow).capability;
  const auto aim = [&](std::uint32_t bar, std::uint32_t offset, std::uint32_t length) {
    guest.card.write_config(guest.now, at + 4, 1, bar);
    guest.card.write_config(guest.now, at + 8, 4, offset);
    guest.card.write_config(guest.now, at + 12, 4, length);
  };
  aim(1, 20, 1);
  guest.card.write_config(guest.now, at + 16, 4, 3);
  EXPECT_EQ(guest.status(), 3U);
  EXPECT_EQ(guest.config(at + 16, 1), 3U);
  aim(1, 0x2000, 4);
  EXPECT_EQ(guest.config(at + 16, 4), 2U);
  // What is no access does nothing.
  aim(7, 20, 1);
  guest.card.write_config(guest.now, at + 16, 4, 0);
  aim(1, 21, 2);
  guest.card.write_config(guest.now, at + 16, 4, 0);
  aim(1, 20, 0);
  guest.card.write_config(guest.now, at + 16, 4, 0);
  aim(1, 0xfffffffc, 4);
  EXPECT_EQ(guest.config(at + 16, 4), 0U);
  EXPECT_EQ(guest.status(), 3U);
}

TEST(VirtioNetCardTest, CommandsAreAnswered) {
  Driver guest(2);
  guest.set_up();
  EXPECT_EQ(guest.order({0, 0, 1}), 0U);  // promiscuous
  EXPECT_EQ(guest.order({0, 1, 1}), 0U);  // all groups
  EXPECT_EQ(guest.order({1, 1, 2, 0, 0, 0, 0, 9}), 0U);
  EXPECT_EQ(guest.order({9, 0, 1}), 1U);
  EXPECT_EQ(guest.order({4, 0, 3, 0}), 1U);
  EXPECT_EQ(guest.order({0}), 1U);
}

TEST(VirtioNetCardTest, DriverGetsWhatItWants) {
  Driver guest;
  guest.set_up();
  EXPECT_TRUE(passes(guest, kStranger));
  EXPECT_EQ(guest.order({0, 0, 0}), 0U);
  EXPECT_FALSE(passes(guest, kStranger));
  EXPECT_EQ(guest.card.counters().dropped(Drop::kNotForUs), 1U);
  EXPECT_EQ(guest.card.counters().dropped(Drop::kLinkFull), 0U);
  EXPECT_TRUE(passes(guest, kStation));
  guest.order({1, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 9, 0, 0, 0, 0});
  EXPECT_TRUE(passes(guest, kStranger));
}

TEST(VirtioNetCardTest, DriverThatSaysNothingOfItGetsEverythingAgain) {
  Driver guest;
  guest.set_up();
  guest.order({0, 0, 0});
  guest.order({1, 1, 2, 0, 0, 0, 0, 9});
  ASSERT_FALSE(passes(guest, kStation));
  guest.out(Driver::kCommon, 20, 1, 0);
  const MutableBytes rings = guest.slot.memory().inner().view(Driver::kRings, 0x10000);
  std::fill(rings.begin(), rings.end(), std::uint8_t{0});
  EXPECT_EQ(guest.in(Driver::kDevice, 4, 2), 0x0100U);
  guest.set_up();
  EXPECT_TRUE(passes(guest, kStranger));
  guest.order({0, 0, 0});
  EXPECT_TRUE(passes(guest, kStation));
}

TEST(VirtioNetCardTest, ConfigurationTellsTheAddressThatADriverHasSet) {
  Driver guest;
  guest.set_up();
  const auto generation = guest.in(Driver::kCommon, 21, 1);
  EXPECT_EQ(guest.order({0, 0, 0}), 0U);
  EXPECT_EQ(guest.in(Driver::kCommon, 21, 1), generation);
  EXPECT_EQ(guest.order({1, 1, 2, 0, 0, 0, 0, 9}), 0U);
  EXPECT_EQ(guest.in(Driver::kDevice, 4, 2), 0x0900U);
  EXPECT_NE(guest.in(Driver::kCommon, 21, 1), generation);
  EXPECT_TRUE(passes(guest, kStranger));
  EXPECT_FALSE(passes(guest, kStation));
}

TEST(VirtioNetCardTest, LegacyDriverWritesItsAddressIntoTheConfiguration) {
  for (const bool vectors : {false, true}) {
    Driver guest;
    if (vectors) guest.enable_messages();
    const std::uint64_t at = vectors ? 24 : 20;
    guest.set_up_legacy(virtio::kCtrlVq | virtio::kCtrlRx);
    guest.io_out(at + 5, 1, 9);
    EXPECT_EQ(guest.io_in(at, 4), 2U);
    EXPECT_EQ(guest.io_in(at + 4, 2), 0x0900U);
    guest.io_out(at + 4, 4, 0xffff0800);
    EXPECT_EQ(guest.io_in(at + 4, 4), 0x00010800U) << "the status can't be written";
    guest.set_up_legacy(virtio::kCtrlVq | virtio::kCtrlMacAddr);
    guest.io_out(at + 5, 1, 9);
    EXPECT_EQ(guest.io_in(at + 4, 2), 0x0100U) << "there is a command for it";
  }
}

TEST(VirtioNetCardTest, NoMoreIsTakenThanThereAreBuffersFor) {
  Driver guest;
  guest.set_up();
  EXPECT_FALSE(guest.card.takes(1));
  for (int i = 0; i < 3; ++i) guest.give(0, {}, 1526);
  guest.notify(0);
  guest.fetch();
  EXPECT_TRUE(guest.card.takes(3));
  EXPECT_FALSE(guest.card.takes(4));
  guest.give(0, {}, 1526);
  EXPECT_TRUE(guest.queues.at(0)->must_notify());
  EXPECT_TRUE(guest.card.takes(4));
}

TEST(VirtioNetCardTest, AccessesThatAreNoneDoNothing) {
  Driver guest;
  guest.fetch();
  EXPECT_EQ(guest.card.read_bar(guest.now, 1, 0x4000, 4), ~std::uint64_t{0});
  EXPECT_EQ(guest.card.read_bar(guest.now, 3, 0, 4), ~std::uint64_t{0});
  EXPECT_EQ(guest.card.read_bar(guest.now, 0, 1, 2), ~std::uint64_t{0});
  EXPECT_EQ(guest.card.read_bar(guest.now, 1, 0x800, 8), 0U);
  guest.out(Driver::kCommon, 16, 8, 0);
  EXPECT_EQ(guest.in(Driver::kCommon, 16, 2), kNoVector);
  guest.card.write_bar(guest.now, 2, 0x7f8, 8, ~std::uint64_t{0});
  guest.card.write_bar(guest.now, 1, 0x3ff8, 8, ~std::uint64_t{0});
  EXPECT_FALSE(guest.card.deadline());
}

}  // namespace
}  // namespace sluice
