// Reception in C+ mode.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "devices/nic/rtl8139/test_driver.h"
#include "stack/checksum.h"

namespace sluice::rtl8139 {
namespace {

using Driver = PlusDriver;

constexpr IpAddress kServer = IpAddress::v4(203, 0, 113, 5);
constexpr std::uint32_t kPid = 3U << 16;
constexpr std::uint32_t kTcpPid = 1U << 16;
constexpr std::uint32_t kUdpPid = 2U << 16;
constexpr std::uint32_t kFails = 7U << 13;

Octets udp(std::size_t payload) {
  return turned(udp_frame({kServer, 53}, {kGuestAddress, 4000}, varied_text(payload)));
}

Octets tcp(std::size_t payload) {
  return turned(
      tcp_frame(kServer, kGuestAddress, {.source_port = 7}, {}, as_bytes(varied_text(payload))));
}

Octets tagged(Octets frame) {
  const std::array<std::uint8_t, 4> tag{0x81, 0x00, 0x61, 0x23};
  frame.insert(frame.begin() + 12, tag.begin(), tag.end());
  return frame;
}

TEST(Rtl8139Receive, WritesAFrameAndTellsOfIt) {
  Machine machine;
  Driver driver(machine);
  machine.arrive(udp(300));
  EXPECT_TRUE(machine.slot.level);
  EXPECT_EQ(machine.interrupts(), kRok);
  const auto received = driver.receive();
  ASSERT_TRUE(received);
  EXPECT_EQ(received->frame, udp(300));
  EXPECT_EQ(received->status & (Driver::kFs | Driver::kLs), Driver::kFs | Driver::kLs);
  EXPECT_EQ(received->status & 7U << 24, 1U << 25) << "to this address";
  EXPECT_EQ(received->status & 0x1fff, udp(300).size() + 4);
  EXPECT_FALSE(driver.receive());
}

TEST(Rtl8139Receive, GoesRoundTheRing) {
  Machine machine;
  Driver driver(machine, {.receive = 3});
  for (std::size_t i = 0; i < 20; ++i) {
    machine.arrive(udp(100 + i));
    EXPECT_EQ(driver.receive()->frame, udp(100 + i));
  }
  EXPECT_EQ(driver.status(2, Driver::kReceiveRing) & Driver::kEor, Driver::kEor);
}

TEST(Rtl8139Receive, ARingHas64DescriptorsAtMost) {
  Machine machine;
  Driver driver(machine, {.receive = 64, .buffer = 512});
  const std::uint32_t last = Driver::kReceiveRing + 16 * 63;
  machine.memory().store<std::uint32_t>(last,
                                        machine.memory().load<std::uint32_t>(last) & ~Driver::kEor);
  for (std::size_t i = 0; i < 130; ++i) {
    machine.arrive(udp(100 + i));
    const auto received = driver.receive();
    ASSERT_TRUE(received) << i;
    EXPECT_EQ(received->frame, udp(100 + i));
  }
}

TEST(Rtl8139Receive, AFrameMayTakeManyBuffers) {
  Machine machine;
  Driver driver(machine, {.receive = 16, .buffer = 128});
  for (int i = 0; i < 5; ++i) {
    machine.arrive(udp(1000));
    const auto received = driver.receive();
    ASSERT_TRUE(received);
    EXPECT_EQ(received->frame, udp(1000));
    EXPECT_EQ(received->descriptors, 9U);
    EXPECT_EQ(received->status & 0x1fff, udp(1000).size() + 4) << "the last one tells of all";
  }
}

TEST(Rtl8139Receive, WhatFindsNoDescriptorIsMissed) {
  Machine machine;
  Driver driver(machine, {.receive = 4});
  for (int i = 0; i < 6; ++i) machine.arrive(udp(100));
  EXPECT_EQ(machine.interrupts(), kRok | kRxovw);
  EXPECT_EQ(machine.in32(kMpc), 2U);
  EXPECT_EQ(machine.nic().counters().dropped(Drop::kLinkFull), 2U);
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(driver.receive());
  machine.arrive(udp(77));
  EXPECT_EQ(driver.receive()->frame, udp(77));
}

TEST(Rtl8139Receive, AFrameThatFitsOnlyInPartIsNotBegun) {
  Machine machine;
  Driver driver(machine, {.receive = 4, .buffer = 128});
  machine.arrive(udp(1000));
  EXPECT_FALSE(driver.receive());
  machine.arrive(udp(100));
  EXPECT_EQ(driver.receive()->frame, udp(100));
}

TEST(Rtl8139Receive, SaysThatChecksumsHold) {
  Machine machine;
  Driver driver(machine);
  machine.arrive(udp(300));
  EXPECT_EQ(driver.receive()->status & (kPid | kFails), kUdpPid);
  machine.arrive(tcp(301));
  EXPECT_EQ(driver.receive()->status & (kPid | kFails), kTcpPid);
  machine.arrive(turned(echo_frame(kServer, kGuestAddress, 1, 2, "ping")));
  EXPECT_EQ(driver.receive()->status & (kPid | kFails), kPid) << "of IP";
  machine.arrive(turned(tcp_frame(kHost6, kGuestAddress6, {}, {}, as_bytes("abc"))));
  EXPECT_EQ(driver.receive()->status & (kPid | kFails), 0U) << "no IPv4";
}

TEST(Rtl8139Receive, SaysThatChecksumsFail) {
  Machine machine;
  Driver driver(machine);
  Octets frame = udp(300);
  frame.back() ^= 1;
  machine.arrive(frame);
  EXPECT_EQ(driver.receive()->status & (kPid | kFails), kUdpPid | 1U << 14);
  frame = tcp(300);
  frame.back() ^= 1;
  machine.arrive(frame);
  EXPECT_EQ(driver.receive()->status & (kPid | kFails), kTcpPid | 1U << 13);
  frame = tcp(300);
  frame[14 + 8] ^= 1;
  machine.arrive(frame);
  EXPECT_EQ(driver.receive()->status & (kPid | kFails), kTcpPid | 1U << 15);
}

TEST(Rtl8139Receive, ADatagramWithoutChecksumIsFine) {
  Machine machine;
  Driver driver(machine);
  Octets frame = udp(300);
  store_big(MutableBytes(frame), 40, std::uint16_t{0});
  machine.arrive(frame);
  EXPECT_EQ(driver.receive()->status & (kPid | kFails), kUdpPid);
}

TEST(Rtl8139Receive, LooksAtNoChecksumUnlessAskedTo) {
  Machine machine;
  Driver driver(machine, {.cpcr = 3});
  machine.arrive(udp(300));
  EXPECT_EQ(driver.receive()->status & (kPid | kFails), 0U);
}

TEST(Rtl8139Receive, CompletesSumsForTheDriver) {
  Machine machine;
  Driver driver(machine);
  const Octets whole = udp(301);
  Octets frame = whole;
  ChecksumSum pseudo;
  pseudo.add_pseudo_header(kServer, kGuestAddress, 17, 309);
  store_big(MutableBytes(frame), 40, pseudo.folded());
  const std::array<Bytes, 2> pieces{Bytes(frame).subspan(42, 7), Bytes(frame).subspan(49)};
  machine.commit(Bytes(frame).first(42), pieces,
                 {.checksum = ChecksumState::kPartial, .checksum_start = 34, .checksum_offset = 6});
  const auto received = driver.receive();
  EXPECT_EQ(received->frame, whole);
  EXPECT_EQ(received->status & (kPid | kFails), kUdpPid);
}

TEST(Rtl8139Receive, TakesPayloadFromWhereItLies) {
  Machine machine;
  Driver driver(machine, {.receive = 16, .buffer = 100});
  const Octets frame = tcp(1001);
  const std::array<Bytes, 2> pieces{Bytes(frame).subspan(200, 333), Bytes(frame).subspan(533)};
  machine.commit(Bytes(frame).first(200), pieces);
  const auto received = driver.receive();
  EXPECT_EQ(received->frame, frame);
  EXPECT_EQ(received->status & (kPid | kFails), kTcpPid);
}

TEST(Rtl8139Receive, TakesTagsOut) {
  Machine machine;
  Driver driver(machine);
  machine.arrive(tagged(udp(300)));
  const auto received = driver.receive();
  EXPECT_EQ(received->frame, udp(300));
  EXPECT_EQ(received->vlan, 0x12361U);
  EXPECT_EQ(received->status & (kPid | kFails), kUdpPid);
  machine.arrive(udp(300));
  EXPECT_EQ(driver.receive()->vlan, 0U);
}

TEST(Rtl8139Receive, LeavesTagsWhereNobodyWantsThem) {
  Machine machine;
  Driver driver(machine, {.cpcr = 0x23});
  machine.arrive(tagged(udp(300)));
  const auto received = driver.receive();
  EXPECT_EQ(received->frame, tagged(udp(300)));
  EXPECT_EQ(received->vlan, 0U);
}

TEST(Rtl8139Receive, AFrameIsFilledUpWithoutItsTag) {
  Machine machine;
  Driver driver(machine);
  Octets frame = udp(1);
  machine.arrive(tagged(frame));
  frame.resize(60);
  EXPECT_EQ(driver.receive()->frame, frame);
}

TEST(Rtl8139Receive, ABufferThatIsNoMemoryLosesItsFrameAndIsHandedBack) {
  Machine machine;
  Driver driver(machine);
  driver.describe(Driver::kReceiveRing, 0, Driver::kOwn | 1536, 0, 0xffffffffffffff00);
  machine.arrive(udp(300));
  EXPECT_EQ(machine.interrupts(), kRer | kSerr);
  EXPECT_EQ(driver.status(0, Driver::kReceiveRing) & (Driver::kOwn | 1U << 20), 1U << 20);
  machine.arrive(udp(200));
  EXPECT_EQ(machine.interrupts(), kRok);
}

TEST(Rtl8139Receive, TakesAsManyAsThereAreDescriptors) {
  Machine machine;
  Driver driver(machine);
  unsigned taken = 0;
  for (; taken < 100 && machine.nic().takes(1); ++taken) machine.arrive(udp(1400));
  EXPECT_GT(taken, 0U);
  EXPECT_EQ(machine.nic().counters().dropped(Drop::kLinkFull), 0U);
  machine.arrive(udp(1400));
  EXPECT_EQ(machine.nic().counters().dropped(Drop::kLinkFull), 1U);
  driver.receive();
  EXPECT_TRUE(machine.nic().takes(1));
}

TEST(Rtl8139Receive, ARingThatNeverReturnsIsNoHang) {
  Machine machine;
  Driver driver(machine);
  // The card stands at 1; the ring goes round without it.
  machine.arrive(udp(100));
  driver.describe(Driver::kReceiveRing, 1, Driver::kOwn, 0, 0);
  driver.describe(Driver::kReceiveRing, 2, Driver::kOwn | Driver::kEor, 0, 0);
  driver.describe(Driver::kReceiveRing, 0, Driver::kOwn | Driver::kEor, 0, 0);
  EXPECT_FALSE(machine.nic().takes(2));
  EXPECT_TRUE(machine.nic().takes(1));
}

TEST(Rtl8139Receive, DescriptorsWithoutRoomAreNoHang) {
  Machine machine;
  Driver driver(machine, {.receive = 8, .buffer = 0});
  machine.arrive(udp(300));
  EXPECT_EQ(machine.interrupts(), kRxovw);
}

TEST(Rtl8139Receive, ATooLongFrameIsMissed) {
  Machine machine;
  Driver driver(machine, {.receive = 16});
  machine.arrive(Octets(8188, 0xff));
  EXPECT_EQ(machine.interrupts(), kRxovw);
  EXPECT_FALSE(driver.receive());
}

TEST(Rtl8139Receive, TooShortAFrameIsNone) {
  Machine machine;
  const Driver driver(machine);
  machine.arrive(Octets(13));
  machine.arrive(Octets());
  EXPECT_EQ(machine.nic().counters().dropped(Drop::kTruncated), 2U);
}

RC_GTEST_PROP(Rtl8139Receive, WhatIsStoredArrivesWholeAndInOrder, ()) {
  Machine machine;
  Driver driver(machine,
                {.receive = *rc::gen::inRange(1U, 65U), .buffer = *rc::gen::inRange(64U, 1600U)});
  std::vector<Octets> stored;
  std::size_t read = 0;
  for (int step = 0; step < 60; ++step) {
    if (*rc::gen::inRange(0, 3) > 0) {
      Octets frame = udp(*rc::gen::inRange<std::size_t>(18, 1473));
      const std::uint32_t missed = machine.in32(kMpc);
      machine.arrive(frame);
      if (machine.in32(kMpc) == missed) stored.push_back(std::move(frame));
    } else if (const auto received = driver.receive()) {
      RC_ASSERT(read < stored.size());
      RC_ASSERT(received->frame == stored[read++]);
    }
  }
}

}  // namespace
}  // namespace sluice::rtl8139
