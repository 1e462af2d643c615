// What the 82540EM writes into the guest's memory for frames from the network.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "devices/nic/e1000/driver.h"
#include "stack/checksum.h"
#include "stack/wire/ethernet.h"
#include "stack/wire/ipv4.h"
#include "stack/wire/ipv6.h"
#include "stack/wire/tcp.h"

namespace sluice::e1000 {
namespace {

constexpr IpAddress kServer = IpAddress::v4(203, 0, 113, 5);
constexpr std::uint8_t kSums = kRxIpcs | kRxTcpcs | kRxIxsm;

// To the guest's address.
Octets addressed(Octets frame) {
  copy_bytes(kGuestMac.octets(), frame);
  return frame;
}

Octets some_frame(std::size_t payload = 100) {
  return addressed(udp_frame({kServer, 1000}, {kGuestAddress, 2000}, varied_text(payload)));
}

Octets tcp(bool v4, std::size_t payload) {
  const std::string text = varied_text(payload);
  return addressed(tcp_frame(v4 ? kServer : kHost6, v4 ? kGuestAddress : kGuestAddress6,
                             {.source_port = 80,
                              .destination_port = 1234,
                              .sequence = 77,
                              .flags = {.psh = true, .ack = true}},
                             {}, as_bytes(text)));
}

std::size_t transport_of(bool v4) {
  return EthernetHeader::kSize + (v4 ? Ipv4Header::kSize : Ipv6Header::kSize);
}

// The frame with the sum of its pseudo-header in place of its checksum.
Octets partial(Octets frame, bool v4, Offload& offload) {
  const std::size_t transport = transport_of(v4);
  ChecksumSum sum;
  sum.add_pseudo_header(v4 ? kServer : kHost6, v4 ? kGuestAddress : kGuestAddress6, 6,
                        static_cast<std::uint32_t>(frame.size() - transport));
  store_big(frame, transport + TcpHeader::kChecksumOffset, sum.folded());
  offload.checksum = ChecksumState::kPartial;
  offload.checksum_start = static_cast<std::uint16_t>(transport);
  offload.checksum_offset = TcpHeader::kChecksumOffset;
  return frame;
}

TEST(E1000Receive, AFrameIsInTheRing) {
  Driver driver;
  driver.deliver(some_frame());
  const auto received = driver.receive();
  ASSERT_TRUE(received);
  EXPECT_EQ(received->frame, some_frame());
  EXPECT_EQ(received->status & (kRxDd | kRxEop | kRxVp | kRxPif), kRxDd | kRxEop);
  EXPECT_EQ(received->errors, 0);
  EXPECT_EQ(driver.read(kRdh), 1U);
  EXPECT_FALSE(driver.receive());
}

TEST(E1000Receive, GoesRoundTheRing) {
  Driver driver;
  for (std::size_t i = 0; i < 100; ++i) {
    driver.deliver(some_frame(i + 50));
    const auto received = driver.receive();
    ASSERT_TRUE(received);
    EXPECT_EQ(received->frame, some_frame(i + 50));
  }
}

TEST(E1000Receive, WhatFindsNoBufferIsLostAndCounted) {
  Driver driver;
  for (std::uint32_t i = 0; i < Driver::kRing + 2; ++i) driver.deliver(some_frame());
  EXPECT_EQ(driver.card.counters().dropped(Drop::kLinkFull), 3U);
  EXPECT_EQ(driver.read(kMpc), 3U);
  EXPECT_EQ(driver.read(kRnbc), 3U);
  EXPECT_EQ(driver.read(kIcr) & kIcrRxo, kIcrRxo);
  EXPECT_EQ(driver.read(kRdh), driver.read(kRdt));
  unsigned received = 0;
  while (driver.receive()) ++received;
  EXPECT_EQ(received, Driver::kRing - 1);
  driver.deliver(some_frame());
  EXPECT_TRUE(driver.receive());
}

TEST(E1000Receive, ALongFrameTakesSeveralBuffers) {
  Driver driver;
  driver.start_receiver(kRctlEn | kRctlSecrc | kRctlLpe | 3U << kRctlBsizeShift, 32, 256);
  for (int i = 0; i < 5; ++i) {
    driver.deliver(some_frame(1500));
    const auto received = driver.receive();
    ASSERT_TRUE(received);
    EXPECT_EQ(received->frame, some_frame(1500));
    EXPECT_EQ(received->descriptors, 7U);
  }
}

TEST(E1000Receive, ALongFrameIsThereAsAWholeOrNotAtAll) {
  Driver driver;
  driver.start_receiver(kRctlEn | kRctlSecrc | 3U << kRctlBsizeShift, 8, 256);
  driver.deliver(some_frame(1000));
  driver.deliver(some_frame(1000));
  EXPECT_EQ(driver.read(kMpc), 1U);
  EXPECT_EQ(driver.read(kRdh), 5U);
  driver.deliver(some_frame(100));
  EXPECT_EQ(driver.receive()->frame, some_frame(1000));
  EXPECT_EQ(driver.receive()->frame, some_frame(100));
}

TEST(E1000Receive, BuffersHaveEachSizeThereIs) {
  struct Case {
    std::uint32_t rctl;
    std::uint32_t size;
  };
  for (const auto& [rctl, size] :
       {Case{0, 2048}, Case{1U << 16, 1024}, Case{2U << 16, 512}, Case{3U << 16, 256},
        Case{kRctlBsex | 1U << 16, 16384}, Case{kRctlBsex | 2U << 16, 8192},
        Case{kRctlBsex | 3U << 16, 4096}}) {
    Driver driver;
    driver.start_receiver(kRctlEn | kRctlSecrc | kRctlLpe | rctl, size > 4096 ? 24 : 40, size);
    driver.deliver(some_frame(8900));
    const auto received = driver.receive();
    ASSERT_TRUE(received) << size;
    EXPECT_EQ(received->frame, some_frame(8900));
    EXPECT_EQ(received->descriptors, (8942 + size - 1) / size);
  }
}

TEST(E1000Receive, LongPacketsPassIfEnabled) {
  Driver driver;
  driver.deliver(some_frame(1476));
  EXPECT_TRUE(driver.receive());
  driver.deliver(some_frame(1477));
  EXPECT_FALSE(driver.receive());
  EXPECT_EQ(driver.read(kRoc), 1U);
  driver.write(kRctl, driver.read(kRctl) | kRctlLpe);
  driver.deliver(some_frame(1477));
  EXPECT_TRUE(driver.receive());
  driver.deliver(some_frame(16338));
  EXPECT_TRUE(driver.receive());
  driver.deliver(some_frame(16339));
  EXPECT_FALSE(driver.receive());
}

TEST(E1000Receive, TheCheckSequenceIsThereUnlessItIsStripped) {
  Driver driver;
  driver.write(kRctl, driver.read(kRctl) & ~kRctlSecrc);
  driver.deliver(some_frame());
  const auto received = driver.receive();
  ASSERT_TRUE(received);
  Octets expected = some_frame();
  expected.resize(expected.size() + 4);
  EXPECT_EQ(received->frame, expected);
}

TEST(E1000Receive, ShortFramesAreFilledUp) {
  Driver driver;
  driver.deliver(some_frame(1));
  Octets expected = some_frame(1);
  expected.resize(60);
  EXPECT_EQ(driver.receive()->frame, expected);
}

TEST(E1000Receive, NothingIsReceivedUnlessEnabled) {
  Driver driver;
  driver.write(kRctl, 0);
  driver.deliver(some_frame());
  driver.write(kRctl, kRctlEn);
  EXPECT_FALSE(driver.receive());
  driver.card.set_link(driver.now, false);
  driver.deliver(some_frame());
  EXPECT_FALSE(driver.receive());
  EXPECT_EQ(driver.card.counters().dropped(Drop::kLinkFull), 2U);
}

TEST(E1000Receive, SaysWhichChecksumsHold) {
  for (const bool v4 : {true, false}) {
    for (const std::uint32_t asked :
         {0U, kRxcsumIpofl, kRxcsumTuofl, kRxcsumIpofl | kRxcsumTuofl}) {
      Driver driver;
      driver.write(kRxcsum, asked);
      driver.deliver(tcp(v4, 100));
      const auto received = driver.receive();
      ASSERT_TRUE(received);
      unsigned expected = 0;
      if (v4 && (asked & kRxcsumIpofl) != 0) expected |= kRxIpcs;
      if ((asked & kRxcsumTuofl) != 0) expected |= kRxTcpcs;
      if (expected == 0) expected = kRxIxsm;
      EXPECT_EQ(received->status & kSums, expected);
      EXPECT_EQ(received->errors, 0);
    }
  }
}

TEST(E1000Receive, SaysWhichChecksumsDoNotHold) {
  Driver driver;
  driver.write(kRxcsum, kRxcsumIpofl | kRxcsumTuofl);
  Octets frame = tcp(true, 100);
  frame.back() ^= 1;
  driver.deliver(frame);
  auto received = driver.receive();
  EXPECT_EQ(received->status & kSums, kRxIpcs | kRxTcpcs);
  EXPECT_EQ(received->errors, kRxTcpe);
  frame = tcp(true, 100);
  frame[22] ^= 1;  // time to live
  driver.deliver(frame);
  received = driver.receive();
  EXPECT_EQ(received->status & kSums, kRxIpcs | kRxTcpcs);
  EXPECT_EQ(received->errors, kRxIpe);
}

TEST(E1000Receive, SaysNothingAboutChecksumsThatAreNotThere) {
  Driver driver;
  driver.write(kRxcsum, kRxcsumIpofl | kRxcsumTuofl);
  Octets frame = some_frame();
  store_big<std::uint16_t>(frame, 40, 0);
  driver.deliver(frame);
  EXPECT_EQ(driver.receive()->status & kSums, kRxIpcs);
  const std::string text = varied_text(64);
  driver.deliver(addressed(ip_frame({.more_fragments = true,
                                     .protocol = IpProtocol::kTcp,
                                     .source = kServer,
                                     .destination = kGuestAddress},
                                    as_bytes(text))));
  EXPECT_EQ(driver.receive()->status & kSums, kRxIpcs);
  driver.deliver(addressed(Octets(100)));
  EXPECT_EQ(driver.receive()->status & kSums, kRxIxsm);
}

TEST(E1000Receive, PartialChecksumsAreCompleted) {
  for (const bool v4 : {true, false}) {
    Driver driver;
    driver.write(kRxcsum, kRxcsumTuofl);
    Offload offload;
    const Octets frame = partial(tcp(v4, 333), v4, offload);
    driver.deliver(frame, offload);
    const auto received = driver.receive();
    ASSERT_TRUE(received);
    EXPECT_EQ(received->frame, tcp(v4, 333));
    EXPECT_EQ(received->status & kRxTcpcs, kRxTcpcs);
    EXPECT_EQ(received->errors, 0);
  }
}

TEST(E1000Receive, TakesPayloadFromWhereItLies) {
  Driver driver;
  Offload offload;
  const Octets frame = partial(tcp(true, 400), true, offload);
  const std::array<Bytes, 2> payload{Bytes(frame).subspan(54, 100), Bytes(frame).subspan(154)};
  driver.deliver(Bytes(frame).first(54), offload, payload);
  EXPECT_EQ(driver.receive()->frame, tcp(true, 400));
}

TEST(E1000Receive, LargeFramesAreCut) {
  for (const bool v4 : {true, false}) {
    Driver driver;
    driver.write(kRxcsum, kRxcsumTuofl | kRxcsumIpofl);
    Offload offload;
    const Octets frame = partial(tcp(v4, 5000), v4, offload);
    const std::size_t header = transport_of(v4) + TcpHeader::kSize;
    offload.segmentation = v4 ? Segmentation::kTcp4 : Segmentation::kTcp6;
    offload.segment_size = 1400;
    offload.header_size = static_cast<std::uint16_t>(header);
    const std::array<Bytes, 1> payload{Bytes(frame).subspan(header)};
    driver.deliver(Bytes(frame).first(header), offload, payload);
    std::string text;
    std::size_t count = 0;
    while (const auto received = driver.receive()) {
      ++count;
      EXPECT_EQ(received->errors, 0);
      EXPECT_EQ(received->status & kRxTcpcs, kRxTcpcs);
      EXPECT_EQ(
          transport_checksum(v4 ? kServer : kHost6, v4 ? kGuestAddress : kGuestAddress6,
                             IpProtocol::kTcp, Bytes(received->frame).subspan(transport_of(v4))),
          0);
      text += as_text(Bytes(received->frame).subspan(header));
    }
    EXPECT_EQ(count, 4U);
    EXPECT_EQ(text, varied_text(5000));
  }
}

TEST(E1000Receive, ATagIsStrippedIfTheCardKnowsOfVlans) {
  Octets frame = tcp(true, 100);
  const Octets tag{0x81, 0x00, 0x60, 0x09};
  frame.insert(frame.begin() + 12, tag.begin(), tag.end());
  for (const bool known : {true, false}) {
    Driver driver;
    driver.write(kRxcsum, kRxcsumTuofl);
    if (known) driver.write(kCtrl, driver.read(kCtrl) | kCtrlVme);
    driver.deliver(frame);
    const auto received = driver.receive();
    ASSERT_TRUE(received);
    EXPECT_EQ(received->frame, known ? tcp(true, 100) : frame);
    EXPECT_EQ(received->status & kRxVp, known ? kRxVp : 0);
    EXPECT_EQ(received->special, known ? 0x6009 : 0);
    EXPECT_EQ(received->status & kRxTcpcs, kRxTcpcs);
    EXPECT_EQ(received->errors, 0);
  }
}

TEST(E1000Receive, CountsWhatItReceives) {
  Driver driver;
  driver.deliver(some_frame(1));    // 64 with its check sequence
  driver.deliver(some_frame(100));  // 146
  Octets broadcast = some_frame(300);
  copy_bytes(MacAddress::broadcast().octets(), broadcast);
  driver.deliver(broadcast);  // 346
  Octets stranger = some_frame(100);
  stranger[5] ^= 1;
  driver.deliver(stranger);
  EXPECT_EQ(driver.read(kGprc), 3U);
  EXPECT_EQ(driver.read(kTpr), 4U);
  EXPECT_EQ(driver.read(kBprc), 1U);
  EXPECT_EQ(driver.read(kMprc), 0U);
  EXPECT_EQ(driver.read(kGorcl), 64U + 146 + 346);
  EXPECT_EQ(driver.read(kGorcl + 4), 0U);
  EXPECT_EQ(driver.read(kGorcl), 0U);
  EXPECT_EQ(driver.read(kTorl), 64U + 146 + 346 + 146);
  EXPECT_EQ(driver.read(kPrc64), 1U);
  EXPECT_EQ(driver.read(kPrc64), 0U);
  EXPECT_EQ(driver.read(kPrc64 + 8), 1U);
  EXPECT_EQ(driver.read(kPrc64 + 12), 1U);
}

TEST(E1000Receive, ABufferThatCannotBeWrittenIsAnError) {
  Driver driver;
  driver.slot.memory().store<std::uint64_t>(kRxRing, 0xffffffffffff0000U);
  driver.deliver(some_frame());
  const auto status = driver.slot.memory().load<std::uint8_t>(kRxRing + 12);
  const auto errors = driver.slot.memory().load<std::uint8_t>(kRxRing + 13);
  EXPECT_EQ(status & (kRxDd | kRxEop), kRxDd | kRxEop);
  EXPECT_EQ(errors, kRxRxe);
}

TEST(E1000Receive, ARingThatCannotBeReadTakesNothing) {
  Driver driver;
  driver.write(kRdbah, 0x80000000);
  driver.deliver(some_frame());
  EXPECT_EQ(driver.read(kRdh), 0U);
  EXPECT_EQ(driver.card.counters().dropped(Drop::kLinkFull), 1U);
  EXPECT_EQ(driver.read(kMpc), 1U);
}

RC_GTEST_PROP(E1000Receive, TheSumOfThePacketIsRightWhereverItBegins, ()) {
  const bool v4 = *rc::gen::arbitrary<bool>();
  const auto payload = *rc::gen::inRange<std::size_t>(0, 300);
  const auto trailer = *rc::gen::inRange<std::size_t>(0, 5);
  const auto start = *rc::gen::inRange<std::uint32_t>(0, 256);
  Octets frame = tcp(v4, payload);
  frame.resize(std::max<std::size_t>(60, frame.size() + trailer), std::uint8_t{0x77});
  Driver driver;
  driver.write(kRxcsum, start | *rc::gen::element(0U, kRxcsumTuofl));
  driver.deliver(
      frame, {.checksum = *rc::gen::element(ChecksumState::kInPacket, ChecksumState::kVerified)});
  const auto received = driver.receive();
  RC_ASSERT(received.has_value());
  RC_ASSERT(received->frame == frame);
  ChecksumSum sum;
  sum.add(Bytes(frame).subspan(std::min<std::size_t>(start, frame.size())));
  // Both zeros are one.
  RC_ASSERT(received->checksum % 0xffff == sum.checksum() % 0xffff);
}

TEST(E1000Receive, TakesAsManyAsThereAreBuffersFor) {
  Driver driver;
  EXPECT_TRUE(driver.card.takes(Driver::kRing - 1));
  EXPECT_FALSE(driver.card.takes(Driver::kRing));
  // Two buffers of 1024 bytes for each.
  driver.start_receiver(kRctlEn | kRctlBam | kRctlSecrc | 1U << kRctlBsizeShift, Driver::kRing,
                        1024);
  EXPECT_TRUE(driver.card.takes(7));
  EXPECT_FALSE(driver.card.takes(8));
  // There will never be more.
  driver.start_receiver(kRctlEn | kRctlBam | kRctlSecrc | 3U << kRctlBsizeShift, 4, 256);
  EXPECT_TRUE(driver.card.takes(1));
  EXPECT_FALSE(driver.card.takes(2));
  driver.write(kRctl, 0);
  EXPECT_TRUE(driver.card.takes(100)) << "a receiver that is switched off drops them";
}

}  // namespace
}  // namespace sluice::e1000
