// Transmission in C+ mode.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "devices/nic/rtl8139/test_driver.h"
#include "stack/ip_packet.h"
#include "stack/segmenter.h"

namespace sluice::rtl8139 {
namespace {

using Driver = PlusDriver;
using Port = Machine::Port;
using Sent = Machine::Sent;

constexpr IpAddress kServer = IpAddress::v4(203, 0, 113, 5);
// A TCI of priority 3 and VLAN 291, and as a descriptor has it.
constexpr std::uint16_t kTci = 0x6123;
constexpr std::uint32_t kDescribedTci = 0x2361;

Octets udp(std::size_t payload) {
  return udp_frame({kGuestAddress, 4000}, {kServer, 53}, varied_text(payload));
}

Octets tcp(bool v4, std::size_t payload) {
  return tcp_frame(v4 ? kGuestAddress : kGuestAddress6, v4 ? kServer : kHost6,
                   {.source_port = 7, .sequence = 1000, .flags = {.psh = true, .ack = true}}, {},
                   as_bytes(varied_text(payload)));
}

// The frame as a driver hands it over that leaves sums to the card: nothing, or rubbish, in place.
Octets unsummed(Octets frame, bool v4, std::size_t at, bool rubbish) {
  const std::uint16_t value = rubbish ? 0x1234 : 0;
  store_big(MutableBytes(frame), (v4 ? 34U : 54U) + at, value);
  if (v4) store_big(MutableBytes(frame), 24, value);
  return frame;
}

// As a link sends it that takes over nothing.
std::vector<Octets> on_wire(const Sent& sent) {
  Octets frame = sent.bytes;
  if (sent.offload.segmentation == Segmentation::kNone) {
    complete_checksum(frame, {}, sent.offload);
    return {frame};
  }
  std::vector<Octets> frames;
  Segmenter segmenter(frame, {}, sent.offload);
  Octets room(Link::kMaxReserve);
  while (const std::size_t size = segmenter.next(room)) {
    frames.emplace_back(room.begin(), room.begin() + static_cast<std::ptrdiff_t>(size));
  }
  return frames;
}

Octets without_tag(Octets frame) {
  EXPECT_EQ(load_big<std::uint16_t>(frame, 12), 0x8100);
  EXPECT_EQ(load_big<std::uint16_t>(frame, 14), kTci);
  frame.erase(frame.begin() + 12, frame.begin() + 16);
  return frame;
}

// The stream that segments carry, each of them checked.
std::string stream_of(const std::vector<Octets>& frames, std::size_t segment_size) {
  std::string stream;
  for (const Octets& frame : frames) {
    const auto packet = IpPacket::parse(Bytes(frame).subspan(14));
    if (!packet) return "no packet";
    EXPECT_TRUE(checksum_holds(*packet, packet->payload));
    const auto segment = TcpView::parse(packet->payload);
    EXPECT_EQ(segment->header().sequence, 1000 + stream.size());
    EXPECT_LE(segment->payload().size(), segment_size);
    stream += as_text(segment->payload());
  }
  return stream;
}

TEST(Rtl8139Transmit, SendsAFrameAndHandsItsDescriptorBack) {
  Machine machine;
  Driver driver(machine);
  const Octets frame = udp(200);
  driver.send(frame);
  EXPECT_EQ(driver.status(0), Driver::kFs | Driver::kLs | frame.size());
  EXPECT_TRUE(machine.slot.level);
  EXPECT_EQ(machine.interrupts(), kTok | kTdu);
  const auto sent = machine.sent();
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].bytes, frame);
  EXPECT_EQ(sent[0].offload.checksum, ChecksumState::kInPacket);
}

TEST(Rtl8139Transmit, PutsPiecesTogether) {
  Machine machine;
  Driver driver(machine);
  const Octets frame = udp(1400);
  driver.send(frame, 0, 0, 100);
  EXPECT_EQ(machine.sent().at(0).bytes, frame);
  for (unsigned i = 0; i < 15; ++i) EXPECT_EQ(driver.status(i) & Driver::kOwn, 0U);
}

TEST(Rtl8139Transmit, GoesRoundTheRing) {
  Machine machine;
  Driver driver(machine, {.send = 5});
  for (std::size_t i = 0; i < 30; ++i) {
    driver.send(udp(100 + i), 0, 0, 100);
    EXPECT_EQ(machine.sent().at(0).bytes, udp(100 + i));
  }
  EXPECT_EQ(driver.status(4) & Driver::kEor, Driver::kEor);
}

TEST(Rtl8139Transmit, ShortFramesAreFilledUp) {
  Machine machine;
  Driver driver(machine);
  Octets frame = udp(1);
  driver.send(frame);
  frame.resize(60);
  EXPECT_EQ(machine.sent().at(0).bytes, frame);
}

TEST(Rtl8139Transmit, AFrameWhoseEndIsNotThereWaitsForIt) {
  Machine machine;
  Driver driver(machine);
  const Octets frame = udp(150);
  driver.queue(frame, 0, 0, 100);
  const std::uint32_t last = driver.status(1);
  machine.memory().store<std::uint32_t>(Driver::kNormalRing + 16, last & ~Driver::kOwn);
  driver.poll();
  EXPECT_TRUE(machine.sent().empty());
  EXPECT_NE(driver.status(0) & Driver::kOwn, 0U);
  machine.memory().store<std::uint32_t>(Driver::kNormalRing + 16, last);
  EXPECT_TRUE(machine.sent().empty()) << "until it is polled";
  driver.poll();
  EXPECT_EQ(machine.sent().at(0).bytes, frame);
}

TEST(Rtl8139Transmit, HighPriorityGoesFirst) {
  Machine machine;
  Driver driver(machine);
  const Octets frame = udp(99);
  driver.queue(udp(10));
  machine.memory().write(0x70000, frame);
  driver.describe(Driver::kHighRing, 0,
                  Driver::kOwn | Driver::kFs | Driver::kLs | Driver::kEor |
                      static_cast<std::uint32_t>(frame.size()),
                  0, 0x70000);
  machine.out8(Port::kTpPoll, 0xc0);
  const auto sent = machine.sent();
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_EQ(sent[0].bytes, frame);
}

TEST(Rtl8139Transmit, SumsAreLeftToWhoTakesTheFrame) {
  for (const bool v4 : {true, false}) {
    for (const bool rubbish : {true, false}) {
      for (const std::size_t size : {0U, 1U, 999U}) {
        Machine machine;
        Driver driver(machine);
        const Octets frame = tcp(v4, size);
        driver.send(unsummed(frame, v4, 16, rubbish), Driver::kIpSum | Driver::kTcpSum);
        const auto sent = machine.sent();
        ASSERT_EQ(sent.size(), 1U);
        EXPECT_EQ(sent[0].offload.checksum, ChecksumState::kPartial);
        EXPECT_EQ(sent[0].offload.checksum_start, v4 ? 34 : 54);
        Octets padded = frame;
        padded.resize(std::max<std::size_t>(frame.size(), 60));
        EXPECT_EQ(on_wire(sent[0]).at(0), padded);
      }
    }
  }
}

TEST(Rtl8139Transmit, UdpIsSummedToo) {
  Machine machine;
  Driver driver(machine);
  const Octets frame = udp(501);
  driver.send(unsummed(frame, true, 6, true), Driver::kIpSum | Driver::kUdpSum);
  EXPECT_EQ(on_wire(machine.sent().at(0)).at(0), frame);
}

TEST(Rtl8139Transmit, PaddingOfTheDriverIsNotSummed) {
  Machine machine;
  Driver driver(machine);
  Octets frame = udp(4);
  Octets given = unsummed(frame, true, 6, false);
  given.resize(60, 0xaa);
  driver.send(given, Driver::kIpSum | Driver::kUdpSum);
  frame.resize(60);
  EXPECT_EQ(on_wire(machine.sent().at(0)).at(0), frame);
}

TEST(Rtl8139Transmit, OnlyWhatIsAskedForIsSummed) {
  Machine machine;
  Driver driver(machine);
  const Octets frame = unsummed(tcp(true, 100), true, 16, true);
  driver.send(frame, Driver::kUdpSum);
  const auto sent = machine.sent();
  EXPECT_EQ(sent.at(0).bytes, frame);
  EXPECT_EQ(sent.at(0).offload.checksum, ChecksumState::kInPacket);
}

TEST(Rtl8139Transmit, WhatIsNoPacketIsNotSummed) {
  Machine machine;
  Driver driver(machine);
  Octets frame = arp_frame({.sender_mac = kGuestMac});
  driver.send(frame, Driver::kIpSum | Driver::kTcpSum | Driver::kUdpSum);
  frame.resize(60);
  EXPECT_EQ(machine.sent().at(0).bytes, frame);
  Octets cut_off = tcp(true, 500);
  cut_off.resize(100);
  driver.send(cut_off, Driver::kIpSum | Driver::kTcpSum);
  EXPECT_EQ(machine.sent().at(0).bytes, cut_off);
}

TEST(Rtl8139Transmit, ALargeSegmentLeavesAsOneFrame) {
  for (const bool v4 : {true, false}) {
    for (const std::size_t size : {1461U, 5000U, 64'000U}) {
      Machine machine;
      Driver driver(machine);
      Octets frame = unsummed(tcp(v4, size), v4, 16, true);
      // The length is the card's to write.
      store_big(MutableBytes(frame), v4 ? 16 : 18, std::uint16_t{0});
      driver.send(frame, Driver::kLargeSend | 1460U << 16, 0, 20'000);
      const auto sent = machine.sent();
      ASSERT_EQ(sent.size(), 1U);
      const Offload& offload = sent[0].offload;
      EXPECT_EQ(offload.segmentation, v4 ? Segmentation::kTcp4 : Segmentation::kTcp6);
      EXPECT_EQ(offload.segment_size, 1460);
      EXPECT_EQ(offload.header_size, v4 ? 54 : 74);
      EXPECT_EQ(stream_of(on_wire(sent[0]), 1460), varied_text(size));
      EXPECT_EQ(driver.status(0) & 0x0fff0000, 0U) << "no bit of the command looks like an error";
    }
  }
}

TEST(Rtl8139Transmit, ALargeSendOfLittleIsAFrameLikeAnyOther) {
  Machine machine;
  Driver driver(machine);
  const Octets frame = tcp(true, 1460);
  driver.send(unsummed(frame, true, 16, true), Driver::kLargeSend | 1460U << 16);
  const auto sent = machine.sent();
  EXPECT_EQ(sent.at(0).offload.segmentation, Segmentation::kNone);
  EXPECT_EQ(on_wire(sent.at(0)).at(0), frame);
}

TEST(Rtl8139Transmit, ALargeSendOfNoTcpOrWithoutSizeIsSentAsItIs) {
  Machine machine;
  Driver driver(machine);
  driver.send(udp(3000), Driver::kLargeSend | 1000U << 16);
  driver.send(udp(3000), Driver::kLargeSend);
  const auto sent = machine.sent();
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_EQ(sent[0].bytes, udp(3000));
  EXPECT_EQ(sent[1].bytes, udp(3000));
}

TEST(Rtl8139Transmit, ATagIsPutIn) {
  Machine machine;
  Driver driver(machine);
  driver.send(udp(200), 0, Driver::kTag | kDescribedTci);
  EXPECT_EQ(without_tag(machine.sent().at(0).bytes), udp(200));
}

TEST(Rtl8139Transmit, ATagMovesWhatIsToBeSummed) {
  Machine machine;
  Driver driver(machine);
  const Octets frame = tcp(true, 300);
  driver.send(unsummed(frame, true, 16, true), Driver::kIpSum | Driver::kTcpSum,
              Driver::kTag | kDescribedTci);
  const auto sent = machine.sent();
  EXPECT_EQ(sent.at(0).offload.checksum_start, 38);
  EXPECT_EQ(without_tag(on_wire(sent.at(0)).at(0)), frame);
}

TEST(Rtl8139Transmit, ALargeSegmentWithATagIsCutHere) {
  Machine machine;
  Driver driver(machine);
  driver.queue(unsummed(tcp(true, 60'000), true, 16, true), Driver::kLargeSend | 500U << 16,
               Driver::kTag | kDescribedTci, 30'000);
  driver.send(udp(9));
  std::vector<Octets> segments;
  const auto sent = machine.sent();
  ASSERT_EQ(sent.size(), 121U);
  for (const Sent& frame : gsl::span(sent).first(120)) {
    EXPECT_EQ(frame.offload.segmentation, Segmentation::kNone);
    segments.push_back(without_tag(on_wire(frame).at(0)));
  }
  EXPECT_EQ(stream_of(segments, 500), varied_text(60'000));
}

TEST(Rtl8139Transmit, WhatIsToBeCutIntoTooManyPiecesIsNotCut) {
  for (const std::uint32_t tag : {0U, Driver::kTag | kDescribedTci}) {
    Machine machine;
    Driver driver(machine);
    driver.queue(unsummed(tcp(true, 60'000), true, 16, true), Driver::kLargeSend | 1U << 16, tag,
                 30'000);
    driver.send(udp(9));
    const auto sent = machine.sent();
    ASSERT_EQ(sent.size(), 2U);
    EXPECT_EQ(sent[0].offload.segmentation, Segmentation::kNone);
    EXPECT_GT(sent[0].bytes.size(), 60'000U);
  }
}

TEST(Rtl8139Transmit, InLoopbackLargeSegmentsReturnAsTheyWouldFromAWire) {
  Machine machine;
  Driver driver(machine, {.receive = 64});
  machine.out32(kTcr, 3U << 17);
  driver.send(unsummed(turned(tcp(true, 20'000)), true, 16, true),
              Driver::kLargeSend | 1000U << 16);
  EXPECT_TRUE(machine.sent().empty());
  std::vector<Octets> segments;
  while (const auto received = driver.receive()) segments.push_back(received->frame);
  EXPECT_EQ(stream_of(segments, 1000), varied_text(20'000));
}

TEST(Rtl8139Transmit, BrokenFramesAreHandedBackWithAnError) {
  Machine machine;
  Driver driver(machine, {.send = 16});
  const auto broken = [&](std::uint32_t status, std::uint64_t address) {
    driver.describe(Driver::kNormalRing, 0, Driver::kOwn | Driver::kEor | status, 0, address);
    driver.poll();
    EXPECT_NE(machine.interrupts() & kTer, 0);
    EXPECT_EQ(driver.status(0) & (Driver::kOwn | Driver::kEor | 1U << 23), Driver::kEor | 1U << 23);
    EXPECT_TRUE(machine.sent().empty());
  };
  broken(Driver::kFs | Driver::kLs | 0, Driver::kSendBuffers);
  broken(Driver::kFs | Driver::kLs | 13, Driver::kSendBuffers);
  broken(Driver::kLs | 100, Driver::kSendBuffers);
  broken(Driver::kFs | Driver::kLs | 100, 0xffffffffffffffff);
  broken(Driver::kFs | 100, Driver::kSendBuffers);
  driver.describe(Driver::kNormalRing, 0,
                  Driver::kOwn | Driver::kEor | Driver::kFs | Driver::kLs | 100, 0,
                  Driver::kSendBuffers);
  driver.poll();
  EXPECT_EQ(machine.sent().size(), 1U) << "and the next one goes";
}

TEST(Rtl8139Transmit, AFrameThatIsTooLongIsDroppedAsAWhole) {
  Machine machine;
  Driver driver(machine);
  driver.send(Octets(70'000), 0, 0, 10'000);
  EXPECT_TRUE(machine.sent().empty());
  for (unsigned i = 0; i < 7; ++i) EXPECT_EQ(driver.status(i) & Driver::kOwn, 0U);
  driver.send(udp(100));
  EXPECT_EQ(machine.sent().size(), 1U);
}

TEST(Rtl8139Transmit, ARingThatIsNoMemoryStops) {
  Machine machine;
  Driver driver(machine);
  machine.out32(kTnpds, 0xffffff00);
  driver.poll();
  EXPECT_EQ(machine.interrupts(), kSerr);
  EXPECT_FALSE(machine.nic().deadline());
}

TEST(Rtl8139Transmit, WithoutALinkFramesFail) {
  Machine machine;
  Driver driver(machine);
  machine.nic().set_link(machine.now, false);
  driver.send(udp(100));
  EXPECT_TRUE(machine.sent().empty());
  EXPECT_EQ(driver.status(0) & (Driver::kOwn | 5U << 21), 5U << 21) << "LNKF and TES";
  EXPECT_EQ(machine.interrupts(), kTer | kTdu | kLinkChg);
}

TEST(Rtl8139Transmit, ARingBeginsAnewWhereItsAddressIsWritten) {
  Machine machine;
  Driver driver(machine);
  driver.send(udp(1));
  driver.send(udp(2));
  machine.sent();
  machine.out32(kTnpds, Driver::kNormalRing);
  driver.describe(Driver::kNormalRing, 0, Driver::kOwn | Driver::kFs | Driver::kLs | 100, 0,
                  Driver::kSendBuffers);
  driver.poll();
  EXPECT_EQ(machine.sent().size(), 1U);
}

TEST(Rtl8139Transmit, ACallDoesABoundedAmountAndTheRestIsDue) {
  Machine machine;
  Driver driver(machine, {.send = 64});
  // The ring never ends: all descriptors are the card's again as soon as they have been sent.
  machine.memory().store<std::uint32_t>(Driver::kNormalRing, 0);
  for (int i = 0; i < 63; ++i) driver.queue(Octets(20'000, 1));
  driver.poll();
  const std::size_t frames = machine.nic().take_frames().size();
  EXPECT_GT(frames, 10U);
  EXPECT_LT(frames, 63U);
  ASSERT_TRUE(machine.nic().deadline());
  EXPECT_LE(*machine.nic().deadline(), machine.now);
  EXPECT_EQ(frames + machine.sent().size(), 63U);
}

TEST(Rtl8139Transmit, AResetInTheMidstOfALargeSegmentForgetsTheRest) {
  Machine machine;
  Driver driver(machine);
  driver.send(unsummed(tcp(true, 60'000), true, 16, true), Driver::kLargeSend | 100U << 16,
              Driver::kTag | kDescribedTci);
  EXPECT_GT(machine.nic().take_frames().size(), 10U);
  machine.reset_chip();
  EXPECT_TRUE(machine.sent().empty());
  Driver again(machine);
  again.send(udp(3));
  EXPECT_EQ(machine.sent().size(), 1U);
}

TEST(Rtl8139Transmit, TheTallyCounts) {
  Machine machine;
  Driver driver(machine);
  driver.send(udp(100));
  driver.send(udp(100));
  driver.send(Octets(5));
  machine.arrive(turned(udp(100)));
  constexpr std::uint32_t kTally = 0x48000;
  machine.out32(kDtccrHigh, 0);
  machine.out32(kDtccr, kTally | kDtccrCmd);
  EXPECT_EQ(machine.in32(kDtccr), kTally) << "done";
  EXPECT_EQ(machine.memory().load<std::uint64_t>(kTally), 2U);
  EXPECT_EQ(machine.memory().load<std::uint64_t>(kTally + 8), 1U);
  EXPECT_EQ(machine.memory().load<std::uint64_t>(kTally + 16), 1U);
  EXPECT_EQ(machine.memory().load<std::uint64_t>(kTally + 40), 1U) << "to this address";
  machine.interrupts();
  machine.out32(kDtccr, 0xffffff00 | kDtccrCmd);
  EXPECT_EQ(machine.interrupts(), kSerr);
}

RC_GTEST_PROP(Rtl8139Transmit, SendsAllFramesInOrderHoweverTheyLieInTheRing, ()) {
  Machine machine;
  Driver driver(machine, {.send = *rc::gen::inRange(20U, 65U)});
  for (int round = 0; round < 6; ++round) {
    std::vector<Octets> frames;
    const int count = *rc::gen::inRange(1, 5);
    for (int i = 0; i < count; ++i) {
      Octets frame = udp(*rc::gen::inRange<std::size_t>(18, 1473));
      driver.queue(frame, 0, 0, *rc::gen::inRange<std::size_t>(frame.size() / 4, 1600));
      frames.push_back(std::move(frame));
    }
    driver.poll();
    const auto sent = machine.sent();
    RC_ASSERT(sent.size() == frames.size());
    for (std::size_t i = 0; i < frames.size(); ++i) RC_ASSERT(sent[i].bytes == frames[i]);
  }
}

RC_GTEST_PROP(Rtl8139Transmit, CutsAndSumsAnySegmentWithATagOrWithout, ()) {
  Machine machine;
  Driver driver(machine);
  const bool v4 = *rc::gen::arbitrary<bool>();
  const bool tagged = *rc::gen::arbitrary<bool>();
  const auto size = *rc::gen::inRange<std::size_t>(0, 10'000);
  const auto mss = *rc::gen::inRange(100U, 2048U);
  driver.send(unsummed(tcp(v4, size), v4, 16, true), Driver::kLargeSend | mss << 16,
              tagged ? Driver::kTag | kDescribedTci : 0);
  std::vector<Octets> segments;
  for (const Sent& frame : machine.sent()) {
    for (const Octets& one : on_wire(frame)) {
      segments.push_back(tagged ? without_tag(one) : one);
    }
  }
  RC_ASSERT(stream_of(segments, mss) == varied_text(size));
}

}  // namespace
}  // namespace sluice::rtl8139
