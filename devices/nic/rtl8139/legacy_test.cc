// The card as its predecessors were: four slots and a receive buffer.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "devices/nic/ip_layout.h"
#include "devices/nic/rtl8139/test_driver.h"

namespace sluice::rtl8139 {
namespace {

using Port = Machine::Port;

constexpr IpAddress kServer = IpAddress::v4(203, 0, 113, 5);

Octets to_guest(std::size_t payload) {
  return turned(udp_frame({kServer, 53}, {kGuestAddress, 4000}, varied_text(payload)));
}

Octets from_guest(std::size_t payload) {
  return udp_frame({kGuestAddress, 4000}, {kServer, 53}, varied_text(payload));
}

TEST(Rtl8139Legacy, SendsFromEachSlotInTurn) {
  Machine machine;
  LegacyDriver driver(machine);
  for (std::size_t i = 0; i < 6; ++i) {
    const Octets frame = from_guest(100 + i);
    driver.send(frame);
    const std::uint32_t status = machine.in32(kTsd0 + 4 * (i % 4));
    EXPECT_EQ(status, 0xa000U | frame.size()) << "OWN, TOK and the size";
    EXPECT_TRUE(machine.slot.level);
    EXPECT_EQ(machine.interrupts(), kTok);
    const auto sent = machine.sent();
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_EQ(sent[0].bytes, frame);
    EXPECT_EQ(sent[0].offload.checksum, ChecksumState::kInPacket);
  }
  EXPECT_EQ(machine.in16(kTsadAll), 0xf00f);
}

TEST(Rtl8139Legacy, ASlotOutOfItsTurnWaits) {
  Machine machine;
  const LegacyDriver driver(machine);
  machine.out32(kTsad0 + 4, LegacyDriver::kSlots);
  machine.out32(kTsd0 + 4, 100);
  EXPECT_TRUE(machine.sent().empty());
  EXPECT_EQ(machine.in32(kTsd0 + 4), 100U);
  machine.out32(kTsad0, LegacyDriver::kSlots);
  machine.out32(kTsd0, 60);
  EXPECT_EQ(machine.sent().size(), 2U);
}

TEST(Rtl8139Legacy, AFrameThatIsNoMemoryIsAborted) {
  Machine machine;
  LegacyDriver driver(machine);
  machine.out32(kTsad0, 0xfffffff0);
  machine.out32(kTsd0, 100);
  EXPECT_EQ(machine.in32(kTsd0) & (kTsdOwn | kTsdTabt | kTsdTok), kTsdOwn | kTsdTabt);
  EXPECT_EQ(machine.interrupts(), kTer | kSerr);
  EXPECT_TRUE(machine.sent().empty());
}

TEST(Rtl8139Legacy, SendsTheLargestAndTheEmptyFrame) {
  Machine machine;
  const LegacyDriver driver(machine);
  machine.out32(kTsad0, LegacyDriver::kSlots);
  machine.out32(kTsd0, 0x1fff);
  machine.out32(kTsd0 + 4, 0);
  const auto sent = machine.sent();
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].bytes.size(), 0x1fffU);
  EXPECT_EQ(machine.in32(kTsd0 + 4), 0xa000U);
}

TEST(Rtl8139Legacy, NothingIsSentUntilTheTransmitterIsOnAndTheBusAllowed) {
  Machine machine;
  LegacyDriver driver(machine);
  machine.out8(Port::kCr, 0x08);
  driver.send(from_guest(10));
  EXPECT_TRUE(machine.sent().empty());
  machine.nic().write_config(machine.now, 4, 2, 3);
  machine.out8(Port::kCr, 0x0c);
  EXPECT_TRUE(machine.sent().empty());
  machine.nic().write_config(machine.now, 4, 2, 7);
  EXPECT_EQ(machine.sent().size(), 1U);
}

TEST(Rtl8139Legacy, ADriverMayAppendTheCrcItself) {
  Machine machine;
  LegacyDriver driver(machine);
  machine.out32(kTcr, 1U << 16);
  Octets frame = from_guest(100);
  const Octets bare = frame;
  frame.resize(frame.size() + 4);
  driver.send(frame);
  EXPECT_EQ(machine.sent().at(0).bytes, bare);
}

TEST(Rtl8139Legacy, InLoopbackFramesReturn) {
  Machine machine;
  LegacyDriver driver(machine);
  machine.out32(kTcr, 3U << 17);
  const Octets frame = to_guest(100);
  driver.send(frame);
  EXPECT_TRUE(machine.sent().empty());
  EXPECT_EQ(driver.receive()->frame, frame);
  machine.arrive(to_guest(50));
  EXPECT_FALSE(driver.receive());
}

TEST(Rtl8139Legacy, WithoutALinkFramesAreLost) {
  Machine machine;
  LegacyDriver driver(machine);
  machine.nic().set_link(machine.now, false);
  driver.send(from_guest(10));
  EXPECT_TRUE(machine.sent().empty());
  EXPECT_NE(machine.in32(kTsd0) & kTsdCrs, 0U);
  machine.arrive(to_guest(10));
  EXPECT_FALSE(driver.receive());
  EXPECT_EQ(machine.nic().counters().dropped(Drop::kLinkFull), 1U);
  machine.nic().set_link(machine.now, true);
  driver.send(from_guest(10));
  EXPECT_EQ(machine.sent().size(), 1U);
}

TEST(Rtl8139Legacy, ReceivesIntoTheBuffer) {
  Machine machine;
  LegacyDriver driver(machine);
  EXPECT_FALSE(driver.receive());
  const Octets frame = to_guest(200);
  machine.arrive(frame);
  EXPECT_TRUE(machine.slot.level);
  EXPECT_EQ(machine.interrupts(), kRok);
  EXPECT_EQ(machine.in16(Port::kCbr), (frame.size() + 8 + 3) / 4 * 4);
  const auto received = driver.receive();
  ASSERT_TRUE(received);
  EXPECT_EQ(received->frame, frame);
  EXPECT_EQ(received->status, 0x4001U) << "OK, to this address";
  EXPECT_FALSE(driver.receive());
}

TEST(Rtl8139Legacy, AShortFrameIsFilledUpAsOnAWire) {
  Machine machine;
  LegacyDriver driver(machine);
  Octets frame = to_guest(1);
  machine.arrive(frame);
  frame.resize(60);
  EXPECT_EQ(driver.receive()->frame, frame);
}

TEST(Rtl8139Legacy, AFrameGoesOnAtTheStartOfTheBuffer) {
  for (const std::uint32_t rblen : {0U, 1U, 2U, 3U}) {
    Machine machine;
    LegacyDriver driver(machine, rblen << 11);
    for (std::size_t i = 0; i < 200; ++i) {
      const Octets frame = to_guest(800 + i);
      machine.arrive(frame);
      const auto received = driver.receive();
      ASSERT_TRUE(received) << i;
      ASSERT_EQ(received->frame, frame) << i;
    }
  }
}

TEST(Rtl8139Legacy, OrBehindItsEnd) {
  for (const std::uint32_t rblen : {0U, 2U}) {
    Machine machine;
    LegacyDriver driver(machine, rblen << 11 | 0x80);
    for (std::size_t i = 0; i < 200; ++i) {
      const Octets frame = to_guest(800 + i);
      machine.arrive(frame);
      ASSERT_EQ(driver.receive()->frame, frame) << i;
    }
  }
}

TEST(Rtl8139Legacy, WhatFindsNoRoomIsMissed) {
  Machine machine;
  LegacyDriver driver(machine);
  const Octets frame = to_guest(1000);
  for (int i = 0; i < 10; ++i) machine.arrive(frame);
  EXPECT_EQ(machine.interrupts(), kRok | kRxovw);
  EXPECT_EQ(machine.in32(kMpc), 3U);
  EXPECT_EQ(machine.nic().counters().dropped(Drop::kLinkFull), 3U);
  machine.out32(kMpc, 0);
  EXPECT_EQ(machine.in32(kMpc), 0U);
  for (int i = 0; i < 7; ++i) EXPECT_EQ(driver.receive()->frame, frame);
  EXPECT_FALSE(driver.receive());
  machine.arrive(frame);
  EXPECT_EQ(driver.receive()->frame, frame);
}

TEST(Rtl8139Legacy, TakesNoMoreThanHasRoom) {
  Machine machine;
  EXPECT_TRUE(machine.nic().takes(100)) << "a card that is switched off drops them";
  LegacyDriver driver(machine);
  EXPECT_TRUE(machine.nic().takes(5));
  EXPECT_FALSE(machine.nic().takes(6)) << "of 8 KiB";
  unsigned taken = 0;
  for (; taken < 100 && machine.nic().takes(1); ++taken) machine.arrive(to_guest(1472));
  EXPECT_EQ(taken, 5U);
  EXPECT_EQ(machine.nic().counters().dropped(Drop::kLinkFull), 0U);
  EXPECT_EQ(machine.interrupts(), kRok);
  machine.nic().remind(machine.now);
  EXPECT_EQ(machine.interrupts(), kRok);
  driver.receive();
  EXPECT_TRUE(machine.nic().takes(1));
  EXPECT_FALSE(machine.nic().takes(2));
}

TEST(Rtl8139Legacy, NoFrameGoesBeyondTheRoomBehindTheBuffer) {
  constexpr std::uint32_t kEnd = LegacyDriver::kBuffer + 8192 + 1536;
  for (const std::size_t size : {1400U, 2000U, 3000U, 5000U}) {
    Machine machine;
    LegacyDriver driver(machine, 0x80);
    machine.memory().store<std::uint64_t>(kEnd, 0x1122334455667788);
    for (std::size_t i = 0; i < 50; ++i) {
      machine.arrive(to_guest(size + 4 * i));
      driver.receive();
    }
    EXPECT_EQ(machine.memory().load<std::uint64_t>(kEnd), 0x1122334455667788U);
    EXPECT_EQ(machine.in32(kMpc) > 0, size > 1400);
  }
}

TEST(Rtl8139Legacy, TheReceiverBeginsAnewWhenSwitchedOn) {
  Machine machine;
  LegacyDriver driver(machine);
  machine.arrive(to_guest(100));
  machine.out8(Port::kCr, 0x04);
  machine.out8(Port::kCr, 0x0c);
  EXPECT_EQ(machine.in16(Port::kCbr), 0);
  EXPECT_EQ(machine.in8(Port::kCr), 0x0d);
  machine.arrive(to_guest(77));
  EXPECT_EQ(driver.receive()->frame, to_guest(77));
}

TEST(Rtl8139Legacy, ABufferThatIsNoMemoryIsAnErrorOfTheBus) {
  Machine machine;
  const LegacyDriver driver(machine);
  machine.out32(kRbstart, 0xfffff000);
  machine.arrive(to_guest(100));
  EXPECT_EQ(machine.interrupts(), kRer | kSerr);
  EXPECT_EQ(machine.in8(Port::kCr) & 1, 1);
}

TEST(Rtl8139Legacy, NothingIsReceivedUntilTheReceiverIsOn) {
  Machine machine;
  machine.out32(kRcr, 0x0f);
  machine.arrive(to_guest(100));
  EXPECT_EQ(machine.in16(Port::kIsr), 0);
  EXPECT_EQ(machine.nic().counters().dropped(Drop::kLinkFull), 1U);
}

TEST(Rtl8139Legacy, LargeFramesOfTheNetworkAreCutAndSummed) {
  Machine machine;
  LegacyDriver driver(machine, 3U << 11);
  const std::string text = varied_text(5000);
  Octets frame = turned(tcp_frame(kServer, kGuestAddress, {.sequence = 100}, {}, as_bytes(text)));
  const auto layout = IpLayout::find(frame, frame.size());
  store_big(MutableBytes(frame), layout->transport + TcpHeader::kChecksumOffset,
            pseudo_header_sum(frame, *layout, layout->end - layout->transport));
  const std::array<Bytes, 1> payload{Bytes(frame).subspan(54)};
  machine.commit(Bytes(frame).first(54), payload,
                 {.checksum = ChecksumState::kPartial,
                  .segmentation = Segmentation::kTcp4,
                  .checksum_start = 34,
                  .checksum_offset = 16,
                  .segment_size = 1460,
                  .header_size = 54});
  EXPECT_FALSE(machine.slot.level) << "until the batch has ended";
  machine.nic().flush();
  EXPECT_EQ(machine.slot.raised, 1U);
  std::string stream;
  while (const auto received = driver.receive()) {
    const auto packet = Ipv4View::parse(Bytes(received->frame).subspan(14));
    ASSERT_TRUE(packet);
    EXPECT_EQ(transport_checksum(kServer, kGuestAddress, IpProtocol::kTcp, packet->payload()), 0);
    EXPECT_EQ(TcpView::parse(packet->payload())->header().sequence, 100 + stream.size());
    stream += as_text(TcpView::parse(packet->payload())->payload());
  }
  EXPECT_EQ(stream, text);
}

TEST(Rtl8139Legacy, AddressesAreFiltered) {
  Machine machine;
  LegacyDriver driver(machine, 3U << 11);
  const auto taken = [&](std::uint32_t rcr, const MacAddress& to) -> unsigned {
    machine.out32(kRcr, rcr | 3U << 11);
    Octets frame = to_guest(100);
    copy_bytes(to.octets(), frame);
    machine.arrive(frame);
    const auto received = driver.receive();
    return received ? received->status : 0;
  };
  const MacAddress other({0x52, 0x54, 0, 0x12, 0x34, 0x57});
  const MacAddress group({0x01, 0x00, 0x5e, 0x00, 0x00, 0x01});
  EXPECT_EQ(taken(2, kGuestMac), 0x4001U);
  EXPECT_EQ(taken(0x0c, kGuestMac), 0U);
  EXPECT_EQ(taken(0x0e, other), 0U);
  EXPECT_EQ(taken(1, other), 0x0001U) << "promiscuous";
  EXPECT_EQ(taken(1, kGuestMac), 0x4001U);
  EXPECT_EQ(taken(8, MacAddress::broadcast()), 0x2001U);
  EXPECT_EQ(taken(7, MacAddress::broadcast()), 0U);
  EXPECT_EQ(taken(0x0f, group), 0U) << "not in the table";
  machine.out32(kMar0, 1U << 31);
  EXPECT_EQ(taken(4, group), 0x8001U);
  EXPECT_EQ(taken(0x0b, group), 0U);
  machine.out32(kMar0, ~(1U << 31));
  machine.out32(kMar4, ~0U);
  EXPECT_EQ(taken(0x0f, group), 0U);
  EXPECT_EQ(machine.nic().counters().dropped(Drop::kNotForUs), 6U);
}

TEST(Rtl8139Legacy, AResetInTheMidstOfWorkForgetsIt) {
  Machine machine;
  LegacyDriver driver(machine);
  machine.out32(kTsd0 + 4, 100);
  machine.arrive(to_guest(100));
  machine.reset_chip();
  EXPECT_FALSE(machine.slot.level);
  EXPECT_EQ(machine.in32(kTsd0 + 4), 0x2000U);
  LegacyDriver again(machine);
  again.send(from_guest(5));
  EXPECT_EQ(machine.sent().size(), 1U);
  machine.arrive(to_guest(9));
  EXPECT_TRUE(again.receive());
}

TEST(Rtl8139Legacy, WaitsForRoomToSend) {
  Machine machine;
  LegacyDriver driver(machine);
  for (std::size_t i = 0; i < FrameBatch::kMaxFrames + 3; ++i) driver.send(from_guest(i));
  EXPECT_FALSE(machine.nic().deadline()) << "nobody has taken any";
  EXPECT_EQ(machine.sent().size(), FrameBatch::kMaxFrames + 3);
  EXPECT_FALSE(machine.nic().deadline());
}

RC_GTEST_PROP(Rtl8139Legacy, WhatIsStoredArrivesWholeAndInOrder, ()) {
  Machine machine;
  const auto rblen = *rc::gen::inRange<std::uint32_t>(0, 4);
  const std::uint32_t wrap = *rc::gen::arbitrary<bool>() ? 0x80U : 0U;
  LegacyDriver driver(machine, rblen << 11 | wrap);
  std::vector<Octets> stored;
  std::size_t read = 0;
  for (int step = 0; step < 60; ++step) {
    if (*rc::gen::inRange(0, 3) > 0) {
      Octets frame = to_guest(*rc::gen::inRange<std::size_t>(0, 1473));
      const std::uint32_t missed = machine.in32(kMpc);
      machine.arrive(frame);
      if (frame.size() < 60) frame.resize(60);
      if (machine.in32(kMpc) == missed) stored.push_back(frame);
    } else if (const auto received = driver.receive()) {
      RC_ASSERT(read < stored.size());
      RC_ASSERT(received->frame == stored[read++]);
    }
  }
  while (const auto received = driver.receive()) {
    RC_ASSERT(read < stored.size());
    RC_ASSERT(received->frame == stored[read++]);
  }
  RC_ASSERT(read == stored.size());
}

}  // namespace
}  // namespace sluice::rtl8139
