// Large packets that the 82540EM is asked to cut.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "devices/nic/e1000/requests.h"
#include "stack/segmenter.h"
#include "stack/wire/ipv4.h"
#include "stack/wire/ipv6.h"
#include "stack/wire/tcp.h"
#include "stack/wire/udp.h"

namespace sluice::e1000 {
namespace {

constexpr std::uint16_t kMss = 1000;

std::vector<Octets> cut(const Driver::Sent& sent) {
  if (sent.offload.segmentation == Segmentation::kNone) return {finished(sent)};
  std::vector<Octets> segments;
  Segmenter segmenter(sent.frame, {}, sent.offload);
  Octets room(Link::kMaxReserve);
  while (const std::size_t size = segmenter.next(room)) {
    segments.emplace_back(room.begin(), room.begin() + static_cast<std::ptrdiff_t>(size));
  }
  return segments;
}

// Checks each segment by itself, and that together they are what was asked for.
void expect_segments(const std::vector<Octets>& segments, const Request& request) {
  const std::string text = varied_text(request.payload);
  std::size_t done = 0;
  for (const Octets& segment : segments) {
    const Bytes packet = Bytes(segment).subspan(kIp);
    Bytes transport;
    if (request.v4) {
      const auto view = Ipv4View::parse(packet);
      ASSERT_TRUE(view);
      transport = view->payload();
    } else {
      const auto view = Ipv6View::parse(packet);
      ASSERT_TRUE(view);
      transport = view->payload();
    }
    EXPECT_EQ(transport_checksum(request.v4 ? kGuestAddress : kGuestAddress6, server(request.v4),
                                 IpProtocol::kTcp, transport),
              0);
    const auto view = TcpView::parse(transport);
    ASSERT_TRUE(view);
    EXPECT_EQ(view->header().sequence, kSequence + static_cast<std::uint32_t>(done));
    EXPECT_LE(view->payload().size(), request.mss);
    ASSERT_LE(done + view->payload().size(), text.size());
    EXPECT_EQ(as_text(view->payload()), text.substr(done, view->payload().size()));
    done += view->payload().size();
    const bool last = &segment == &segments.back();
    EXPECT_EQ(view->header().flags.fin, last);
    EXPECT_EQ(view->header().flags.psh, last);
    EXPECT_TRUE(view->header().flags.ack);
  }
  EXPECT_EQ(done, text.size());
}

TEST(E1000Segments, ALargePacketLeavesInOnePiece) {
  for (const bool v4 : {true, false}) {
    for (const std::size_t payload : {std::size_t{5000}, std::size_t{65400}}) {
      const Request request{.v4 = v4, .payload = payload, .mss = 1460};
      Driver driver;
      post(driver, request);
      driver.kick();
      const auto sent = driver.take_one();
      EXPECT_EQ(sent.offload.segmentation, v4 ? Segmentation::kTcp4 : Segmentation::kTcp6);
      EXPECT_EQ(sent.offload.segment_size, 1460);
      EXPECT_EQ(sent.offload.header_size, payload_of(v4));
      expect_segments(cut(sent), request);
    }
  }
}

TEST(E1000Segments, ALargePacketOfOneSegmentIsAnOrdinaryOne) {
  const Request request{.payload = kMss};
  Driver driver;
  post(driver, request);
  driver.kick();
  const auto sent = driver.take_one();
  EXPECT_EQ(sent.offload.segmentation, Segmentation::kNone);
  EXPECT_EQ(sent.offload.checksum, ChecksumState::kPartial);
  expect_segments(cut(sent), request);
}

TEST(E1000Segments, WhatOthersCannotCutTheCardCuts) {
  for (const bool v4 : {true, false}) {
    const Request request{.v4 = v4, .payload = 10500, .tag = 0xa123};
    Driver driver;
    driver.write(kCtrl, driver.read(kCtrl) | kCtrlVme);
    post(driver, request);
    driver.kick();
    auto sent = driver.take();
    EXPECT_EQ(sent.size(), 11U);
    std::vector<Octets> segments;
    for (auto& each : sent) {
      EXPECT_EQ(each.offload.checksum, ChecksumState::kInPacket);
      EXPECT_EQ(load_big<std::uint32_t>(each.frame, 12), 0x8100a123U);
      each.frame.erase(each.frame.begin() + 12, each.frame.begin() + 16);
      segments.push_back(each.frame);
    }
    expect_segments(segments, request);
  }
}

TEST(E1000Segments, SegmentsHaveIdentificationsOneAfterTheOther) {
  Driver driver;
  driver.write(kCtrl, driver.read(kCtrl) | kCtrlVme);
  post(driver, {.payload = 2500, .tag = 1});
  driver.kick();
  const auto sent = driver.take();
  ASSERT_EQ(sent.size(), 3U);
  const auto id = load_big<std::uint16_t>(sent[0].frame, kIp + 4 + 4);
  EXPECT_EQ(load_big<std::uint16_t>(sent[1].frame, kIp + 4 + 4), id + 1);
  EXPECT_EQ(load_big<std::uint16_t>(sent[2].frame, kIp + 4 + 4), id + 2);
}

TEST(E1000Segments, DatagramsAreCutIntoDatagrams) {
  Driver driver;
  const Octets whole = some_datagram(2500);
  Octets frame = without_sums(whole, true, IpProtocol::kUdp, 0);
  ContextDescriptor context = context_of(true, UdpHeader::kChecksumOffset);
  context.mss = kMss;
  context.hdrlen = 42;
  driver.post_context(context, kTxTse | kTucmdIp, 2500);
  driver.post_data(frame, kTxTse | kTxEop, kBothSums);
  driver.kick();
  const auto sent = driver.take();
  ASSERT_EQ(sent.size(), 3U);
  std::string text;
  for (const auto& each : sent) {
    const Octets segment = finished(each);
    const auto packet = Ipv4View::parse(Bytes(segment).subspan(kIp));
    ASSERT_TRUE(packet);
    EXPECT_EQ(transport_checksum(kGuestAddress, kServer, IpProtocol::kUdp, packet->payload()), 0);
    const auto datagram = UdpView::parse(packet->payload());
    ASSERT_TRUE(datagram);
    text += as_text(datagram->payload());
  }
  EXPECT_EQ(text, varied_text(2500));
}

// Posts 5000 bytes and then 400,000 more, of which the context tells or not.
void post_more_than_a_packet(Driver& driver, bool told) {
  post(driver, {.payload = 5000});
  const auto paylen = driver.slot.memory().load<std::uint32_t>(kTxRing + 8);
  if (told) driver.slot.memory().store(kTxRing + 8, paylen + 400000);
  // The descriptor that was the last one is no longer the end.
  driver.slot.memory().store<std::uint8_t>(kTxRing + kDescriptorSize + kTxCommandOffset,
                                           kTxDext | kTxTse);
  const std::uint64_t where = driver.put(Octets(200000, 0x55));
  for (const bool last : {false, true}) {
    driver.post(
        DataDescriptor{.address = where,
                       .dtalen_dtyp_dcmd =
                           200000 | 1U << kTxDtypShift |
                           std::uint32_t{kTxDext | kTxTse | (last ? unsigned{kTxEop} : 0U)} << 24});
  }
  driver.kick();
}

// Checks each segment, and that none is missing; returns how many there are.
std::size_t run_to_the_end(Driver& driver, std::size_t payload) {
  std::size_t segments = 0;
  std::uint32_t next = kSequence;
  for (int i = 0; i < 10; ++i) {
    for (const auto& sent : driver.take()) {
      EXPECT_LE(sent.frame.size(), kIp + 65535);
      for (const Octets& segment : cut(sent)) {
        ++segments;
        const auto packet = Ipv4View::parse(Bytes(segment).subspan(kIp));
        const auto view = packet ? TcpView::parse(packet->payload()) : std::nullopt;
        if (!view) return 0;
        EXPECT_EQ(transport_checksum(kGuestAddress, kServer, IpProtocol::kTcp, packet->payload()),
                  0);
        EXPECT_EQ(view->header().sequence, next);
        next += static_cast<std::uint32_t>(view->payload().size());
      }
    }
    if (!driver.card.deadline()) break;
    driver.step();
  }
  EXPECT_EQ(next - kSequence, payload);
  return segments;
}

TEST(E1000Segments, MoreThanOnePacketCanHoldLeavesAsSeveralLargeOnes) {
  Driver driver;
  post_more_than_a_packet(driver, true);
  EXPECT_EQ(run_to_the_end(driver, 405000), 405U);
  EXPECT_EQ(driver.read(kTsctc), 1U);
}

TEST(E1000Segments, MoreThanWasToldLeavesToo) {
  Driver driver;
  post_more_than_a_packet(driver, false);
  EXPECT_GE(run_to_the_end(driver, 405000), 405U);
  EXPECT_EQ(driver.read(kTsctc), 0U);
  EXPECT_EQ(driver.read(kTsctfc), 1U);
}

TEST(E1000Segments, EachKindOfPacketHasItsOwnContext) {
  Driver driver;
  const Octets whole = some_datagram();
  driver.post_context(context_of(true, UdpHeader::kChecksumOffset), kTucmdIp);
  post(driver, {.payload = 3000});
  driver.post_data(without_sums(whole, true, IpProtocol::kUdp, 108), kTxEop, kBothSums);
  driver.kick();
  const auto sent = driver.take();
  ASSERT_EQ(sent.size(), 2U);
  expect_segments(cut(sent[0]), {.payload = 3000});
  EXPECT_EQ(finished(sent[1]), whole);
}

RC_GTEST_PROP(E1000Segments, SegmentsAreRightHoweverTheyAreCutAndFetched, ()) {
  const Request request{.v4 = *rc::gen::arbitrary<bool>(),
                        .payload = *rc::gen::inRange<std::size_t>(1, 9000),
                        .mss = *rc::gen::inRange<std::uint16_t>(50, 3000),
                        .tag = *rc::gen::element<std::uint16_t>(0, 7),
                        .piece = *rc::gen::inRange<std::size_t>(700, 3000)};
  Driver driver;
  driver.write(kCtrl, driver.read(kCtrl) | kCtrlVme);
  post(driver, request);
  const std::uint32_t end = driver.tx_tail;
  std::vector<Octets> segments;
  const auto fetch = [&] {
    for (auto& sent : driver.take()) {
      if (request.tag != 0) sent.frame.erase(sent.frame.begin() + 12, sent.frame.begin() + 16);
      for (Octets& segment : cut(sent)) segments.push_back(std::move(segment));
    }
  };
  for (std::uint32_t tail = 1; tail <= end; ++tail) {
    driver.write(kTdt, tail);
    if (*rc::gen::arbitrary<bool>()) fetch();
  }
  fetch();
  while (driver.card.deadline()) {
    driver.step();
    fetch();
  }
  expect_segments(segments, request);
  RC_ASSERT(!testing::Test::HasFailure());
}

}  // namespace
}  // namespace sluice::e1000
