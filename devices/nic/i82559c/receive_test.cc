#include "devices/nic/i82559c/receive.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "devices/nic/ethernet_crc.h"
#include "devices/nic/i82559c/test_driver.h"
#include "stack/checksum.h"
#include "tests/sim/guest_frames.h"

namespace sluice::i82559c {
namespace {

constexpr std::uint16_t kRoom = 1536;

class I82559cReceive : public ::testing::Test {
 protected:
  I82559cReceive() {
    driver.configure(TestDriver::usual_configuration());
    ring = driver.put_ring(4, kRoom);
    driver.command(RuCommand::kStart, ring[0]);
    driver.take_interrupts();
  }

  void configure(std::size_t byte, std::uint8_t set, std::uint8_t clear = 0) {
    Octets bytes = TestDriver::usual_configuration();
    bytes[byte] = static_cast<std::uint8_t>((bytes[byte] | set) & ~clear);
    driver.configure(bytes);
    driver.take_interrupts();
  }
  void set_command(std::size_t i, std::uint16_t command) {
    driver.memory().store(ring[i] + 2, command);
  }
  std::uint16_t status(std::size_t i) { return driver.status_of(ring[i]); }
  std::uint64_t dropped(Drop reason) { return driver.card.counters().dropped(reason); }

  TestDriver driver;
  std::vector<std::uint32_t> ring;
};

TEST_F(I82559cReceive, FramesFillDescriptorsAroundTheRing) {
  for (std::size_t i = 0; i < 11; ++i) {
    driver.memory().store(ring[i % 4], std::uint16_t{0});
    const Octets frame = frame_to(kCardMac, 60 + i * 100);
    driver.give(frame);
    EXPECT_EQ(status(i % 4), kRfdC | kRfdOk | kRfdType);
    EXPECT_EQ(driver.memory().load<std::uint16_t>(ring[i % 4] + 12),
              frame.size() | kRfdEof | kRfdF);
    EXPECT_EQ(driver.received(ring[i % 4]), frame);
    EXPECT_EQ(driver.take_interrupts(), kFr);
  }
  EXPECT_EQ(driver.ru_state(), RuState::kReady);
}

TEST_F(I82559cReceive, ShortFramesArePaddedAsOnAWire) {
  Octets frame = frame_to(kCardMac, 42);
  driver.give(frame);
  frame.resize(60);
  EXPECT_EQ(driver.received(ring[0]), frame);
}

TEST_F(I82559cReceive, WhatHasNoHeaderIsNoFrame) {
  driver.give(Bytes(kCardMac.octets()));
  EXPECT_EQ(status(0), 0);
  EXPECT_EQ(dropped(Drop::kTruncated), 1U);
}

TEST_F(I82559cReceive, BehindTheEndOfTheListThereIsNoRoom) {
  set_command(1, kRfdEl);
  for (int i = 0; i < 4; ++i) driver.commit(frame_to(kCardMac, 100));
  driver.card.flush();
  EXPECT_EQ(status(1), kRfdC | kRfdOk | kRfdType) << "the last one is filled";
  EXPECT_EQ(status(2), 0);
  EXPECT_EQ(driver.ru_state(), RuState::kNoResources);
  EXPECT_EQ(driver.take_interrupts(), kFr | kRnr);
  EXPECT_EQ(dropped(Drop::kLinkFull), 2U);
  driver.command(RuCommand::kResume);
  EXPECT_EQ(driver.ru_state(), RuState::kNoResources) << "only a start helps";
  driver.command(RuCommand::kStart, ring[2]);
  driver.give(frame_to(kCardMac, 100));
  EXPECT_EQ(status(2), kRfdC | kRfdOk | kRfdType);
}

TEST_F(I82559cReceive, ASuspendedUnitResumesWithTheNextDescriptor) {
  set_command(0, kRfdS);
  driver.give(frame_to(kCardMac, 100));
  EXPECT_EQ(driver.ru_state(), RuState::kSuspended);
  EXPECT_EQ(driver.take_interrupts(), kFr | kRnr);
  driver.give(frame_to(kCardMac, 100));
  EXPECT_EQ(dropped(Drop::kLinkFull), 1U);
  driver.command(RuCommand::kResume);
  driver.give(frame_to(kCardMac, 100));
  EXPECT_EQ(status(1), kRfdC | kRfdOk | kRfdType);
}

// As drivers do it that append descriptors while the unit runs.
TEST_F(I82559cReceive, ADescriptorWithoutSizeIsNotWritten) {
  set_command(1, kRfdEl);
  driver.memory().store(ring[1] + 14, std::uint16_t{0});
  driver.give(frame_to(kCardMac, 100));
  EXPECT_EQ(driver.ru_state(), RuState::kReady);
  // The end moves on: first the mark goes, then the size comes back.
  set_command(1, 0);
  driver.give(frame_to(kCardMac, 100));
  EXPECT_EQ(driver.ru_state(), RuState::kReady);
  EXPECT_EQ(status(1), 0);
  driver.memory().store(ring[1] + 14, kRoom);
  driver.give(frame_to(kCardMac, 100));
  EXPECT_EQ(status(1), kRfdC | kRfdOk | kRfdType);
  set_command(2, kRfdEl);
  driver.memory().store(ring[2] + 14, std::uint16_t{0});
  driver.take_interrupts();
  driver.give(frame_to(kCardMac, 100));
  EXPECT_EQ(driver.ru_state(), RuState::kNoResources);
  EXPECT_EQ(status(2), 0);
  EXPECT_EQ(driver.take_interrupts(), kRnr);
}

TEST_F(I82559cReceive, AFrameThatIsLargerThanItsDescriptorIsCut) {
  driver.memory().store(ring[0] + 14, std::uint16_t{128});
  const Octets frame = frame_to(kCardMac, 300);
  driver.give(frame);
  EXPECT_EQ(status(0), kRfdC | kRfdType | kRfdNoBuffer);
  EXPECT_EQ(driver.received(ring[0]), Octets(frame.begin(), frame.begin() + 128));
  EXPECT_EQ(driver.get(ring[0] + 16 + 128, 1), Octets{0});
  driver.give(frame);
  EXPECT_EQ(driver.received(ring[1]), frame);
}

TEST_F(I82559cReceive, AHeaderDescriptorHasRoomForTheHeaderBesides) {
  driver.command(RuCommand::kLoadHds, 100);
  set_command(0, kRfdH);
  driver.memory().store(ring[0] + 14, std::uint16_t{200});
  const Octets frame = frame_to(kCardMac, 300);
  driver.give(frame);
  EXPECT_EQ(driver.received(ring[0]), frame);
}

TEST_F(I82559cReceive, AbortedTheUnitIsIdle) {
  driver.command(RuCommand::kAbort);
  EXPECT_EQ(driver.ru_state(), RuState::kIdle);
  EXPECT_EQ(driver.take_interrupts(), kRnr);
  driver.give(frame_to(kCardMac, 100));
  EXPECT_EQ(status(0), 0);
  driver.command(RuCommand::kAbort);
  EXPECT_EQ(driver.take_interrupts(), 0);
}

TEST_F(I82559cReceive, LinksAreFromTheBase) {
  driver.command(RuCommand::kAbort);
  driver.command(RuCommand::kLoadRuBase, TestDriver::kRing);
  driver.put_descriptor(ring[2], 0, ring[3] - TestDriver::kRing, kRoom);
  driver.command(RuCommand::kStart, ring[2] - TestDriver::kRing);
  driver.give(frame_to(kCardMac, 100));
  driver.give(frame_to(kCardMac, 101));
  EXPECT_EQ(driver.received(ring[3]), frame_to(kCardMac, 101));
}

TEST_F(I82559cReceive, TheFilterTakesOwnFramesAndBroadcasts) {
  driver.give(frame_to(MacAddress({2, 0, 0, 0, 0, 1}), 100));
  EXPECT_EQ(status(0), 0);
  EXPECT_EQ(dropped(Drop::kNotForUs), 1U);
  driver.give(frame_to(MacAddress::broadcast(), 100));
  EXPECT_EQ(status(0), kRfdC | kRfdOk | kRfdType | kRfdNotIndividual);
  configure(15, 0x02);
  driver.give(frame_to(MacAddress::broadcast(), 100));
  EXPECT_EQ(status(1), 0);
}

TEST_F(I82559cReceive, TheIndividualAddressIsWhatIsSetUp) {
  const MacAddress other({2, 0, 0, 0, 0, 1});
  const Octets octets(other.octets().begin(), other.octets().end());
  EXPECT_EQ(driver.act(Action::kIndividualAddressSetup, octets), kCbC | kCbOk);
  driver.give(frame_to(kCardMac, 100));
  EXPECT_EQ(status(0), 0);
  driver.give(frame_to(other, 100));
  EXPECT_EQ(status(0), kRfdC | kRfdOk | kRfdType);
}

TEST_F(I82559cReceive, MulticastPassesByItsHash) {
  const MacAddress wanted({0x01, 0x00, 0x5e, 0x00, 0x00, 0x01});
  const MacAddress other({0x01, 0x00, 0x5e, 0x00, 0x00, 0xfb});
  driver.give(frame_to(wanted, 100));
  EXPECT_EQ(status(0), 0);
  Octets list{12, 0, 0x33, 0x33, 0, 0, 0, 1};
  list.insert(list.end(), wanted.octets().begin(), wanted.octets().end());
  EXPECT_EQ(driver.act(Action::kMulticastSetup, list), kCbC | kCbOk);
  driver.give(frame_to(other, 100));
  EXPECT_EQ(status(0), 0);
  driver.give(frame_to(wanted, 100));
  EXPECT_EQ(status(0), kRfdC | kRfdOk | kRfdType | kRfdNotIndividual);
  driver.act(Action::kMulticastSetup, Octets{0, 0});
  driver.give(frame_to(wanted, 100));
  EXPECT_EQ(status(1), 0);
  configure(21, 0x08);
  driver.give(frame_to(wanted, 100));
  EXPECT_EQ(status(1), kRfdC | kRfdOk | kRfdType | kRfdNotIndividual);
}

TEST_F(I82559cReceive, TheHashMayStandForIndividualAddresses) {
  const MacAddress more({2, 0, 0, 0, 0, 1});
  driver.act(Action::kMulticastSetup, Octets{6, 0, 2, 0, 0, 0, 0, 1});
  driver.give(frame_to(more, 100));
  EXPECT_EQ(status(0), 0);
  configure(20, 0x40);
  driver.give(frame_to(more, 100));
  EXPECT_EQ(status(0), kRfdC | kRfdOk | kRfdType | kRfdNotIndividual);
}

TEST_F(I82559cReceive, PromiscuousTheCardTakesAllAndSaysSo) {
  configure(15, 0x01);
  driver.give(frame_to(MacAddress({2, 0, 0, 0, 0, 1}), 100));
  EXPECT_EQ(status(0), kRfdC | kRfdOk | kRfdType | kRfdNotIndividual | kRfdNoAddressMatch);
  driver.give(frame_to(kCardMac, 100));
  EXPECT_EQ(status(1), kRfdC | kRfdOk | kRfdType);
}

TEST_F(I82559cReceive, LongFramesAreBadUnlessConfigured) {
  driver.give(frame_to(kCardMac, 1518));
  EXPECT_EQ(status(0), kRfdC | kRfdOk | kRfdType);
  configure(18, 0, 0x08);
  driver.give(frame_to(kCardMac, 1518));
  EXPECT_EQ(status(1), 0);
  driver.give(frame_to(kCardMac, 1514));
  EXPECT_EQ(status(1), kRfdC | kRfdOk | kRfdType);
  Octets bytes = TestDriver::usual_configuration();
  bytes[18] = 0xf2;
  bytes[6] |= 0x80;
  driver.configure(bytes);
  driver.give(frame_to(kCardMac, 1518));
  EXPECT_EQ(status(2), kRfdC | kRfdType) << "saved, but not as a good one";
}

TEST_F(I82559cReceive, TheCheckSequenceIsTransferredIfConfigured) {
  configure(18, 0x04);
  driver.give(frame_to(kCardMac, 100));
  const Octets received = driver.received(ring[0]);
  ASSERT_EQ(received.size(), 104U);
  EthernetCrc crc;
  crc.add(received);
  EXPECT_EQ(crc.remainder(), 0xc704dd7bU);
}

TEST_F(I82559cReceive, PaddingIsStrippedIfConfigured) {
  Octets frame = frame_to(kCardMac, 60);
  frame[12] = 0;
  frame[13] = 10;
  driver.give(frame);
  EXPECT_EQ(status(0), kRfdC | kRfdOk) << "no type";
  EXPECT_EQ(driver.received(ring[0]).size(), 60U);
  configure(18, 0x01);
  driver.give(frame);
  EXPECT_EQ(driver.received(ring[1]), Octets(frame.begin(), frame.begin() + 24));
}

TEST_F(I82559cReceive, TheChecksumBehindAFrameIsThatOfItsPayload) {
  configure(9, 0x01);
  // As section 6.4.3.5 computes it: little-endian words, the last one half.
  Octets frame = frame_to(kCardMac, 60);
  std::fill(frame.begin() + 14, frame.end(), std::uint8_t{0});
  const Octets example{0xf1, 0xf5, 0x54, 0x79, 0xe7, 0x9e, 0xf5};
  std::copy(example.begin(), example.end(), frame.begin() + 14);
  driver.give(frame);
  const Octets received = driver.received(ring[0]);
  ASSERT_EQ(received.size(), 62U);
  std::uint32_t sum = 0xf5f1 + 0x7954 + 0x9ee7 + 0x00f5;
  sum = (sum & 0xffff) + (sum >> 16);
  EXPECT_EQ(received[60] | received[61] << 8, sum);
}

TEST_F(I82559cReceive, DriversCheckSegmentsByThatChecksum) {
  configure(9, 0x01);
  const Octets segment = tcp_frame(IpAddress::v4(203, 0, 113, 5), kGuestAddress,
                                   {.source_port = 80, .destination_port = 4000}, {},
                                   as_bytes("a payload of odd length, without its end"));
  Octets frame = segment;
  copy_bytes(kCardMac.octets(), frame);
  driver.give(frame);
  const Octets received = driver.received(ring[0]);
  ChecksumSum sum;
  sum.add16(load_big<std::uint16_t>(received, frame.size()));
  sum.add_pseudo_header(IpAddress::v4(203, 0, 113, 5), kGuestAddress, 6,
                        static_cast<std::uint32_t>(frame.size() - 34));
  EXPECT_EQ(sum.folded(), 0xffff);
}

TEST_F(I82559cReceive, LargeSegmentsAreCutWithGoodChecksums) {
  ring = driver.put_ring(64, kRoom);
  driver.command(RuCommand::kStart, ring[0]);
  for (const bool v4 : {true, false}) {
    const IpAddress from = v4 ? IpAddress::v4(203, 0, 113, 5) : kHost6;
    const IpAddress to = v4 ? kGuestAddress : kGuestAddress6;
    const std::string payload = varied_text(60000);
    Octets frame = tcp_frame(
        from, to,
        {.source_port = 80, .destination_port = 4000, .sequence = 7, .flags = {.ack = true}}, {},
        as_bytes(payload));
    copy_bytes(kCardMac.octets(), frame);
    const std::size_t ip_size = v4 ? 20 : 40;
    const Offload offload{.checksum = ChecksumState::kPartial,
                          .segmentation = v4 ? Segmentation::kTcp4 : Segmentation::kTcp6,
                          .checksum_start = static_cast<std::uint16_t>(14 + ip_size),
                          .checksum_offset = 16,
                          .segment_size = 1440,
                          .header_size = static_cast<std::uint16_t>(14 + ip_size + 20)};
    ChecksumSum pseudo;
    pseudo.add_pseudo_header(from, to, 6, static_cast<std::uint32_t>(frame.size() - 14 - ip_size));
    store_big(MutableBytes(frame), 14 + ip_size + 16, pseudo.folded());
    driver.command(RuCommand::kStart, ring[0]);
    driver.take_interrupts();
    const unsigned raised = driver.slot.raised;
    driver.give(frame, offload);
    EXPECT_EQ(driver.slot.raised, raised + 1) << "one interrupt for all of them";
    std::string arrived;
    for (std::size_t i = 0; i < (60000 + 1439) / 1440; ++i) {
      const Octets segment = driver.received(ring[i]);
      const Bytes ip = Bytes(segment).subspan(14);
      EXPECT_EQ(transport_checksum(from, to, IpProtocol::kTcp, ip.subspan(ip_size)), 0) << i;
      if (v4) {
        EXPECT_EQ(internet_checksum(ip.first(20)), 0) << i;
      }
      arrived += as_text(ip.subspan(ip_size + 20));
    }
    EXPECT_EQ(arrived, payload);
  }
}

TEST_F(I82559cReceive, PartialChecksumsAreCompletedOverAllPieces) {
  const IpAddress from = IpAddress::v4(203, 0, 113, 5);
  Octets frame = udp_frame({from, 53}, {kGuestAddress, 4000}, varied_text(301));
  copy_bytes(kCardMac.octets(), frame);
  const Octets expected = frame;
  ChecksumSum pseudo;
  pseudo.add_pseudo_header(from, kGuestAddress, 17, 8 + 301);
  store_big(MutableBytes(frame), 40, pseudo.folded());
  const Bytes payload = Bytes(frame).subspan(42);
  const std::array<Bytes, 2> pieces{payload.first(100), payload.subspan(100)};
  copy_bytes(Bytes(frame).first(42), driver.card.reserve(42));
  driver.card.commit(
      42, pieces,
      {.checksum = ChecksumState::kPartial, .checksum_start = 34, .checksum_offset = 6});
  driver.card.flush();
  EXPECT_EQ(driver.received(ring[0]), expected);
}

TEST_F(I82559cReceive, AnEarlyInterruptComesWithFramesOfKnownLength) {
  driver.write8(kEarlyReceiveInterrupt, 4);
  driver.give(frame_to(kCardMac, 100));
  EXPECT_EQ(driver.take_interrupts(), kFr);
  configure(3, 0x02);
  driver.give(frame_to(kCardMac, 100));
  EXPECT_EQ(driver.take_interrupts(), kFr | kEr);
}

TEST_F(I82559cReceive, WithoutALinkNothingComes) {
  driver.card.set_link(driver.now, false);
  driver.give(frame_to(kCardMac, 100));
  EXPECT_EQ(status(0), 0);
  EXPECT_EQ(dropped(Drop::kLinkFull), 1U);
}

TEST_F(I82559cReceive, DescriptorsThatAreNowhereEndTheList) {
  driver.command(RuCommand::kStart, 0xfffffff8);
  driver.give(frame_to(kCardMac, 100));
  EXPECT_EQ(driver.ru_state(), RuState::kNoResources);
  EXPECT_EQ(driver.take_interrupts(), kRnr);
}

TEST_F(I82559cReceive, TakesAsManyAsComeBeforeTheEndOfTheList) {
  EXPECT_TRUE(driver.card.takes(100)) << "the ring has no end";
  EXPECT_FALSE(driver.card.takes(2000)) << "nobody looks so far";
  set_command(3, kRfdEl);
  EXPECT_TRUE(driver.card.takes(4));
  EXPECT_FALSE(driver.card.takes(5));
  // The way of a driver that changes the link of the last one.
  driver.memory().store(ring[3] + 14, std::uint16_t{0});
  EXPECT_TRUE(driver.card.takes(3));
  EXPECT_FALSE(driver.card.takes(4));
  set_command(3, 0);
  EXPECT_TRUE(driver.card.takes(3));
  EXPECT_FALSE(driver.card.takes(4));
  set_command(3, kRfdEl);
  for (int i = 0; i < 3; ++i) driver.give(frame_to(kCardMac, 1000));
  EXPECT_FALSE(driver.card.takes(1));
  EXPECT_EQ(driver.ru_state(), RuState::kReady);
  EXPECT_EQ(dropped(Drop::kLinkFull), 0U);
  driver.take_interrupts();
  driver.card.remind(driver.now);
  EXPECT_EQ(driver.take_interrupts(), kFr);
  driver.command(RuCommand::kAbort);
  EXPECT_TRUE(driver.card.takes(100)) << "a unit that is idle drops them";
}

TEST_F(I82559cReceive, RoomThatIsNoMemoryIsAnOverrun) {
  constexpr std::uint32_t kLast = TestMemory::kBase + (1U << 20) - 16;
  driver.put_descriptor(kLast, 0, kLast, kRoom);
  driver.command(RuCommand::kStart, kLast);
  driver.give(frame_to(kCardMac, 100));
  EXPECT_EQ(driver.ru_state(), RuState::kReady);
  EXPECT_EQ(driver.status_of(kLast), 0);
  EXPECT_EQ(dropped(Drop::kLinkFull), 1U);
}

RC_GTEST_PROP(I82559cReceiveProperty, AFrameArrivesAsItWasInWhateverPieces,
              (const std::vector<std::uint8_t>& body, std::uint8_t first, std::uint8_t second)) {
  TestDriver driver;
  driver.configure(TestDriver::usual_configuration());
  const auto ring = driver.put_ring(1, kRoom);
  driver.command(RuCommand::kStart, ring[0]);
  Octets frame = frame_to(kCardMac, 14);
  frame.insert(frame.end(), body.begin(), body.end());
  const std::size_t head = std::min<std::size_t>(first, frame.size());
  const Bytes rest = Bytes(frame).subspan(head);
  const std::size_t middle = std::min<std::size_t>(second, rest.size());
  const std::array<Bytes, 2> pieces{rest.first(middle), rest.subspan(middle)};
  copy_bytes(Bytes(frame).first(head), driver.card.reserve(head));
  driver.card.commit(head, pieces, {});
  driver.card.flush();
  if (frame.size() < 60) frame.resize(60);
  RC_ASSERT(driver.received(ring[0]) == frame);
}

}  // namespace
}  // namespace sluice::i82559c
