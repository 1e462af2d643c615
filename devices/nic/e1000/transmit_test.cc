// What the 82540EM sends for the descriptors that a driver gives it.

#include <gtest/gtest.h>

#include "devices/nic/e1000/requests.h"
#include "stack/checksum.h"
#include "stack/wire/ipv4.h"
#include "stack/wire/tcp.h"
#include "stack/wire/udp.h"

namespace sluice::e1000 {
namespace {

TEST(E1000Transmit, SendsAFrameAndSaysSoIfAsked) {
  Driver driver;
  driver.post_legacy(some_datagram(), kTxEop);
  driver.post_legacy(some_datagram(200), kTxEop | kTxRs);
  driver.kick();
  const auto sent = driver.take();
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_EQ(sent[0].frame, some_datagram());
  EXPECT_EQ(sent[1].frame, some_datagram(200));
  EXPECT_EQ(sent[1].offload.checksum, ChecksumState::kInPacket);
  EXPECT_FALSE(driver.done(0));
  EXPECT_TRUE(driver.done(1));
  EXPECT_EQ(driver.read(kTdh), 2U);
}

TEST(E1000Transmit, GathersAFrameFromManyDescriptors) {
  Driver driver;
  const Octets frame = some_datagram(1000);
  for (std::size_t at = 0; at < frame.size(); at += 100) {
    const Bytes piece =
        Bytes(frame).subspan(at).first(std::min<std::size_t>(100, frame.size() - at));
    driver.post_data(piece, at + 100 < frame.size() ? 0 : kTxEop | kTxRs);
  }
  driver.post_legacy({}, 0);
  driver.kick();
  EXPECT_EQ(driver.take_one().frame, frame);
  EXPECT_EQ(driver.read(kTdh), driver.read(kTdt));
}

TEST(E1000Transmit, GoesRoundTheRing) {
  Driver driver;
  for (std::size_t i = 0; i < 100; ++i) {
    driver.post_legacy(some_datagram(i), kTxEop | kTxRs);
    driver.kick();
    EXPECT_EQ(driver.take_one().frame.size(), std::max<std::size_t>(60, 42 + i));
  }
  EXPECT_EQ(driver.read(kTdh), 100 % Driver::kRing);
}

TEST(E1000Transmit, FillsUpShortFramesIfAsked) {
  Driver driver;
  driver.post_legacy(some_datagram(1), kTxEop);
  driver.kick();
  Octets padded = some_datagram(1);
  padded.resize(60);
  EXPECT_EQ(driver.take_one().frame, padded);
  driver.write(kTctl, kTctlEn);
  driver.post_legacy(some_datagram(1), kTxEop);
  driver.kick();
  EXPECT_EQ(driver.take_one().frame, some_datagram(1));
}

TEST(E1000Transmit, ALegacyChecksumIsLeftToOthersIfItIsTheTransports) {
  Driver driver;
  const Octets whole = some_segment(true, 300);
  const Octets frame = without_sums(whole, true, IpProtocol::kTcp, whole.size() - 34);
  const LegacyDescriptor request{.address = driver.put(frame),
                                 .length = static_cast<std::uint16_t>(frame.size()),
                                 .cso = 34 + TcpHeader::kChecksumOffset,
                                 .command = kTxEop | kTxIc,
                                 .css = 34};
  driver.post(request);
  driver.kick();
  const auto sent = driver.take_one();
  EXPECT_EQ(sent.offload.checksum, ChecksumState::kPartial);
  EXPECT_TRUE(std::equal(sent.frame.begin() + 34, sent.frame.end(), frame.begin() + 34));
  const Octets done = finished(sent);
  EXPECT_TRUE(std::equal(done.begin() + 34, done.end(), whole.begin() + 34));
}

TEST(E1000Transmit, AnyOtherLegacyChecksumIsComputed) {
  Driver driver;
  Octets frame = some_datagram();
  store_big<std::uint16_t>(frame, kIp + Ipv4Header::kChecksumOffset, 0);
  driver.post(LegacyDescriptor{.address = driver.put(frame),
                               .length = static_cast<std::uint16_t>(frame.size()),
                               .cso = 60,
                               .command = kTxEop | kTxIc,
                               .css = 50});
  driver.kick();
  const auto sent = driver.take_one();
  EXPECT_EQ(sent.offload.checksum, ChecksumState::kInPacket);
  EXPECT_EQ(load_big<std::uint16_t>(sent.frame, 60), internet_checksum(Bytes(frame).subspan(50)));
}

TEST(E1000Transmit, ChecksumsOfBothFamiliesAndTransportsAreRight) {
  for (const bool v4 : {true, false}) {
    for (const IpProtocol protocol : {IpProtocol::kTcp, IpProtocol::kUdp}) {
      Driver driver;
      const bool is_tcp = protocol == IpProtocol::kTcp;
      const Octets whole = is_tcp ? some_segment(v4, 333)
                                  : udp_frame({v4 ? kGuestAddress : kGuestAddress6, 5},
                                              {server(v4), 6}, "some text");
      const std::size_t length = whole.size() - transport_of(v4);
      driver.post_context(
          context_of(v4, is_tcp ? TcpHeader::kChecksumOffset : UdpHeader::kChecksumOffset),
          static_cast<std::uint8_t>((is_tcp ? kTucmdTcp : 0) | (v4 ? kTucmdIp : 0)));
      driver.post_data(without_sums(whole, v4, protocol, length), kTxEop,
                       v4 ? kBothSums : kPoptsTxsm);
      driver.kick();
      const auto sent = driver.take_one();
      EXPECT_EQ(sent.offload.checksum, ChecksumState::kPartial);
      Octets done = finished(sent);
      done.resize(whole.size());
      EXPECT_EQ(done, whole);
    }
  }
}

TEST(E1000Transmit, AChecksumThatEndsBeforeThePacketIsComputed) {
  Driver driver;
  const Octets whole = some_segment(true, 100);
  ContextDescriptor context = context_of(true, TcpHeader::kChecksumOffset);
  context.tucse = 99;
  driver.post_context(context, kTucmdTcp | kTucmdIp);
  driver.post_data(without_sums(whole, true, IpProtocol::kTcp, 66), kTxEop, kBothSums);
  driver.kick();
  const auto sent = driver.take_one();
  EXPECT_EQ(sent.offload.checksum, ChecksumState::kInPacket);
  EXPECT_EQ(transport_checksum(kGuestAddress, kServer, IpProtocol::kTcp,
                               Bytes(sent.frame).subspan(34, 66)),
            0);
}

TEST(E1000Transmit, WithoutOptionsAPacketLeavesAsItIs) {
  Driver driver;
  const Octets frame = without_sums(some_segment(true, 10), true, IpProtocol::kTcp, 62);
  driver.post_context(context_of(true, TcpHeader::kChecksumOffset), kTucmdTcp | kTucmdIp);
  driver.post_data(frame, kTxEop);
  driver.kick();
  EXPECT_EQ(driver.take_one().frame, frame);
}

TEST(E1000Transmit, AStoppedTransmitterForgetsHalfAPacketButNotItsContext) {
  Driver driver;
  const Octets whole = some_datagram();
  driver.post_context(context_of(true, UdpHeader::kChecksumOffset), kTucmdIp);
  driver.post_data(Octets(10), 0);
  driver.kick();
  driver.write(kTctl, 0);
  driver.post_data(without_sums(whole, true, IpProtocol::kUdp, 108), kTxEop, kBothSums);
  driver.kick();
  EXPECT_TRUE(driver.take().empty());
  driver.write(kTctl, kTctlEn);
  EXPECT_EQ(finished(driver.take_one()), whole);
}

TEST(E1000Transmit, InsertsATagIfTheCardKnowsOfVlans) {
  for (const bool known : {true, false}) {
    Driver driver;
    if (known) driver.write(kCtrl, driver.read(kCtrl) | kCtrlVme);
    driver.post_legacy(some_datagram(), kTxEop | kTxVle, 0x2005);
    driver.kick();
    Octets expected = some_datagram();
    if (known) {
      const Octets tag{0x81, 0x00, 0x20, 0x05};
      expected.insert(expected.begin() + 12, tag.begin(), tag.end());
    }
    EXPECT_EQ(driver.take_one().frame, expected);
  }
}

TEST(E1000Transmit, CountsWhatItSends) {
  Driver driver;
  driver.post_legacy(some_datagram(18), kTxEop);   // 64 with its check sequence
  driver.post_legacy(some_datagram(100), kTxEop);  // 146
  Octets broadcast = some_datagram(1000);
  copy_bytes(MacAddress::broadcast().octets(), broadcast);
  driver.post_legacy(broadcast, kTxEop);
  Octets group = some_datagram(1472);
  group[0] = 1;
  driver.post_legacy(group, kTxEop);
  driver.kick();
  post(driver, {.payload = 2500});
  driver.kick();
  const std::uint32_t octets = 64 + 146 + 1046 + 1518 + 2500 + 3 * (66 + 4);
  EXPECT_EQ(driver.read(kGptc), 7U);
  EXPECT_EQ(driver.read(kTpt), 7U);
  EXPECT_EQ(driver.read(kGotcl), octets);
  EXPECT_EQ(driver.read(kGotcl), octets);
  EXPECT_EQ(driver.read(kGotcl + 4), 0U);
  EXPECT_EQ(driver.read(kGotcl), 0U);
  EXPECT_EQ(driver.read(kTotl), octets);
  EXPECT_EQ(driver.read(kPtc64), 1U);
  EXPECT_EQ(driver.read(kPtc64 + 8), 1U);   // 128 to 255
  EXPECT_EQ(driver.read(kPtc64 + 12), 0U);  // 256 to 511
  EXPECT_EQ(driver.read(kPtc64 + 16), 1U);  // 512 to 1023
  EXPECT_EQ(driver.read(kPtc64 + 20), 4U);
  EXPECT_EQ(driver.read(kBptc), 1U);
  EXPECT_EQ(driver.read(kMptc), 1U);
  EXPECT_EQ(driver.read(kTsctc), 1U);
  EXPECT_EQ(driver.read(kTsctc), 0U);
  EXPECT_EQ(driver.read(kTsctfc), 0U);
}

TEST(E1000Transmit, WaitsUntilFramesAreFetched) {
  Driver driver;
  driver.start_transmitter(128);
  for (int i = 0; i < 100; ++i) driver.post_legacy(some_datagram(), kTxEop);
  driver.kick();
  EXPECT_EQ(driver.read(kTdh), FrameBatch::kMaxFrames);
  EXPECT_EQ(driver.card.deadline(), std::nullopt);
  EXPECT_EQ(driver.take().size(), FrameBatch::kMaxFrames);
  ASSERT_EQ(driver.card.deadline(), driver.now);
  driver.step();
  EXPECT_EQ(driver.take().size(), 100 - FrameBatch::kMaxFrames);
  EXPECT_EQ(driver.card.deadline(), std::nullopt);
}

TEST(E1000Transmit, WaitsForTheCable) {
  Driver driver;
  driver.card.set_link(driver.now, false);
  driver.post_legacy(some_datagram(), kTxEop);
  driver.kick();
  EXPECT_TRUE(driver.take().empty());
  driver.card.set_link(driver.now, true);
  EXPECT_EQ(driver.take().size(), 1U);
}

TEST(E1000Transmit, AHalfGatheredPacketOutlivesThatFramesAreFetched) {
  Driver driver;
  const Octets frame = some_datagram(1000);
  driver.post_legacy(some_datagram(), kTxEop);
  driver.post_legacy(Bytes(frame).first(300), 0);
  driver.kick();
  EXPECT_EQ(driver.take_one().frame, some_datagram());
  driver.post_legacy(Bytes(frame).subspan(300), kTxEop);
  driver.kick();
  EXPECT_EQ(driver.take_one().frame, frame);
}

}  // namespace
}  // namespace sluice::e1000
