#include "stack/segmenter.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

#include "stack/egress.h"
#include "stack/wire/ethernet.h"
#include "stack/wire/udp.h"
#include "tests/sim/guest_frames.h"
#include "tests/sim/keeping_link.h"

namespace sluice {
namespace {

constexpr IpAddress kServer = IpAddress::v4(203, 0, 113, 5);

// Frames as they go on a wire, in the order that they were sent.
using Frames = std::vector<Octets>;

// An Egress on a link that offers what a Segmenter can do, or nothing.
struct World {
  explicit World(const LinkCapabilities& capabilities) : link(capabilities) {
    egress.learn(kGuestAddress, kGuestMac);
    egress.learn(kGuestAddress6, kGuestMac);
  }

  Frames sent() {
    link.flush();
    Frames frames;
    for (const KeepingLink::Kept& kept : link.take()) {
      frames.push_back(kept.frame);
      EXPECT_EQ(kept.offload.checksum, ChecksumState::kInPacket);
    }
    return frames;
  }
  // As a link does it whose other side takes over nothing. What it got lies in one piece, or as
  // `pieces` of payload behind the headers.
  Frames cut(std::size_t pieces) {
    link.flush();
    Frames frames;
    for (KeepingLink::Kept& kept : link.take()) cut(kept, pieces, frames);
    return frames;
  }

  Time now{};
  Network network;
  KeepingLink link;
  Counters counters;
  TimerWheel timers{now};
  Egress egress{network, link, counters, timers};

 private:
  static void cut(KeepingLink::Kept& kept, std::size_t pieces, Frames& frames) {
    const Offload& offload = kept.offload;
    if (offload.segmentation == Segmentation::kNone) {
      complete_checksum(kept.frame, {}, offload);
      frames.push_back(kept.frame);
      return;
    }
    Bytes payload = Bytes(kept.frame).subspan(offload.header_size);
    std::vector<Bytes> behind;
    for (; pieces > 0; --pieces) {
      behind.push_back(payload.first(payload.size() / pieces));
      payload = payload.subspan(behind.back().size());
    }
    const std::size_t head = behind.empty() ? kept.frame.size() : offload.header_size;
    Segmenter segmenter(Bytes(kept.frame).first(head), behind, offload);
    Octets room(std::size_t{offload.header_size} + offload.segment_size);
    while (const std::size_t size = segmenter.next(room)) {
      frames.emplace_back(room.begin(), room.begin() + static_cast<std::ptrdiff_t>(size));
    }
  }
};

struct Piece {
  IpAddress from;
  IpAddress to;
  TcpHeader header;
  TcpOptions options;
  std::string payload;
};

Piece piece(bool v4, std::size_t size) {
  return {v4 ? kServer : kHost6,
          v4 ? kGuestAddress : kGuestAddress6,
          {.source_port = 80,
           .destination_port = 4000,
           .sequence = 0xffffff00,
           .acknowledgment = 17,
           .flags = {.psh = true, .ack = true},
           .window = 501},
          {.timestamps = TcpTimestamps{3, 5}},
          varied_text(size)};
}

void send(World& world, const Piece& piece, Bytes payload, std::uint16_t segment_size) {
  const std::array<Bytes, 1> pieces{payload};
  world.egress.send_tcp(world.now, piece.from, piece.to, piece.header, piece.options, pieces,
                        segment_size);
}

// Every segment sent on its own by a core that nobody takes over anything from.
Frames one_by_one(Piece piece, std::size_t segment_size) {
  World world(LinkCapabilities{});
  const TcpFlags last = piece.header.flags;
  Bytes rest = as_bytes(piece.payload);
  while (!rest.empty()) {
    const Bytes part = rest.first(std::min(rest.size(), segment_size));
    rest = rest.subspan(part.size());
    piece.header.flags = last;
    piece.header.flags.fin &= rest.empty();
    piece.header.flags.psh &= rest.empty();
    send(world, piece, part, static_cast<std::uint16_t>(segment_size));
    piece.header.sequence += static_cast<std::uint32_t>(part.size());
  }
  return world.sent();
}

Frames cut(const Piece& piece, std::uint16_t segment_size, std::size_t pieces) {
  World world(Segmenter::kCapabilities);
  send(world, piece, as_bytes(piece.payload), segment_size);
  return world.cut(pieces);
}

TEST(Segmenter, GivesWhatTheCoreWouldHaveSentInPieces) {
  for (const bool v4 : {true, false}) {
    for (const std::size_t size : {1461U, 2920U, 2921U, 64'000U}) {
      const Piece whole = piece(v4, size);
      EXPECT_EQ(cut(whole, 1460, 1), one_by_one(whole, 1460)) << size;
    }
  }
}

TEST(Segmenter, TakesAPayloadThatLiesBehindTheHeadersOrInPieces) {
  const Piece whole = piece(true, 10'000);
  const Frames expected = one_by_one(whole, 1000);
  for (const std::size_t pieces : {0U, 1U, 2U}) EXPECT_EQ(cut(whole, 1000, pieces), expected);
}

TEST(Segmenter, EndsAndPushesWithTheLastSegmentOnly) {
  Piece whole = piece(true, 3000);
  whole.header.flags.fin = true;
  EXPECT_EQ(cut(whole, 1460, 1), one_by_one(whole, 1460));
}

TEST(Segmenter, CutsALittleThatWasCopiedBesideItsHeaders) {
  const Piece whole = piece(true, 200);
  EXPECT_EQ(cut(whole, 100, 0), one_by_one(whole, 100));
}

TEST(CompleteChecksum, GivesWhatTheCoreWouldHaveWritten) {
  World plain({});
  World left({.checksum = true});
  const std::array<Piece, 2> pieces{piece(true, 777), piece(false, 777)};
  for (World* const world : {&plain, &left}) {
    for (const Piece& small : pieces) {
      send(*world, small, as_bytes(small.payload), 1460);
      const std::array<Bytes, 1> datagram{as_bytes(small.payload)};
      world->egress.send_udp(world->now, {small.from, 53}, {small.to, 4000}, 64, datagram);
    }
  }
  EXPECT_EQ(left.cut(0), plain.sent());
}

TEST(CompleteChecksum, OfADatagramIsNeverZeroWhichWouldMeanNone) {
  // A payload that makes the sum all ones.
  World world({.checksum = true});
  std::array<std::uint8_t, 2> payload{};
  const auto sent = [&] {
    const std::array<Bytes, 1> datagram{Bytes(payload)};
    world.egress.send_udp(world.now, {kServer, 53}, {kGuestAddress, 4000}, 64, datagram);
    return world.cut(0).front();
  };
  constexpr std::size_t kField =
      EthernetHeader::kSize + Ipv4Header::kSize + UdpHeader::kChecksumOffset;
  store_big(MutableBytes(payload), 0, load_big<std::uint16_t>(sent(), kField));
  EXPECT_EQ(load_big<std::uint16_t>(sent(), kField), 0xffff);
}

RC_GTEST_PROP(Segmenter, GivesWhatTheCoreWouldHaveSentInPiecesOfAnySize, ()) {
  Piece whole = piece(*rc::gen::arbitrary<bool>(), *rc::gen::inRange<std::size_t>(1, 20'000));
  whole.header.sequence = *rc::gen::arbitrary<std::uint32_t>();
  whole.header.flags.fin = *rc::gen::arbitrary<bool>();
  whole.header.flags.psh = *rc::gen::arbitrary<bool>();
  if (*rc::gen::arbitrary<bool>()) whole.options = {};
  const auto segment_size = *rc::gen::inRange<std::uint16_t>(1, 3000);
  RC_ASSERT(cut(whole, segment_size, *rc::gen::inRange<std::size_t>(0, 3)) ==
            one_by_one(whole, segment_size));
}

// A run of datagrams is what each of them is on its own.
TEST(Segmenter, DatagramsAreCutAsTheyWereSent) {
  for (const bool v4 : {true, false}) {
    const Endpoint from{v4 ? kServer : kHost6, 80};
    const Endpoint to{v4 ? kGuestAddress : kGuestAddress6, 4000};
    const std::string text = varied_text(4 * 501 - 100);
    std::vector<Bytes> payloads;
    for (Bytes rest = as_bytes(text); !rest.empty();) {
      payloads.push_back(rest.first(std::min<std::size_t>(rest.size(), 501)));
      rest = rest.subspan(payloads.back().size());
    }
    World alone(LinkCapabilities{});
    for (const Bytes payload : payloads) alone.egress.send_udp(alone.now, from, to, 64, payload);
    const Frames wanted = alone.sent();
    EXPECT_EQ(wanted.size(), 4U);
    for (const std::size_t pieces : {0, 1, 2}) {
      World together(Segmenter::kCapabilities);
      together.egress.send_udp(together.now, from, to, 64, payloads);
      EXPECT_EQ(together.cut(pieces), wanted) << v4 << pieces;
    }
  }
}

// A frame that another one has asked to be cut, with VLAN tags in front of IP.
struct Asked {
  Octets frame;
  Offload offload;
};

Asked asked_for(Segmentation segmentation, std::size_t tags) {
  const bool v6 = segmentation == Segmentation::kTcp6;
  const IpAddress& guest = v6 ? kGuestAddress6 : kGuestAddress;
  const IpAddress& other = v6 ? kHost6 : kServer;
  const std::string text = varied_text(2500);
  Asked asked;
  asked.frame =
      segmentation == Segmentation::kUdp
          ? udp_frame({guest, 1}, {other, 2}, text)
          : tcp_frame(guest, other, {.source_port = 1, .destination_port = 2}, {}, as_bytes(text));
  for (std::size_t i = 0; i < tags; ++i) {
    const std::array<std::uint8_t, 4> tag{0x81, 0x00, 0x00, 0x05};
    asked.frame.insert(asked.frame.begin() + 12, tag.begin(), tag.end());
  }
  const std::size_t transport = 14 + 4 * tags + (v6 ? 40 : 20);
  const bool udp = segmentation == Segmentation::kUdp;
  asked.offload = {.checksum = ChecksumState::kPartial,
                   .segmentation = segmentation,
                   .checksum_start = static_cast<std::uint16_t>(transport),
                   .checksum_offset = static_cast<std::uint16_t>(udp ? 6 : 16),
                   .segment_size = 1000,
                   .header_size = static_cast<std::uint16_t>(transport + (udp ? 8 : 20))};
  return asked;
}

TEST(Segmenter, WhatOthersAskForIsCutBehindTheirTags) {
  for (const Segmentation segmentation :
       {Segmentation::kTcp4, Segmentation::kTcp6, Segmentation::kUdp}) {
    for (const std::size_t tags : {0, 1, 2}) {
      const auto [frame, offload] = asked_for(segmentation, tags);
      ASSERT_TRUE(can_be_cut(frame, offload));
      Segmenter segmenter(frame, {}, offload);
      Octets room(frame.size());
      std::size_t payload = 0;
      while (const std::size_t size = segmenter.next_size()) {
        EXPECT_EQ(segmenter.next(room), size);
        payload += size - offload.header_size;
        const Bytes ip = Bytes(room).first(size).subspan(14 + 4 * tags);
        const bool v6 = segmentation == Segmentation::kTcp6;
        EXPECT_EQ(load_big<std::uint16_t>(ip, v6 ? 4 : 2), ip.size() - (v6 ? 40 : 0));
      }
      EXPECT_EQ(payload, 2500U);
    }
  }
}

TEST(Segmenter, WhatHasNotTheHeadersCanNotBeCut) {
  const auto [frame, good] = asked_for(Segmentation::kTcp4, 0);
  const auto refused = [&frame = frame](Offload offload) { return !can_be_cut(frame, offload); };
  using Change = void (*)(Offload&);
  for (const Change change : std::initializer_list<Change>{
           [](Offload& o) { o.checksum = ChecksumState::kInPacket; },
           [](Offload& o) { o.segmentation = Segmentation::kTcp6; },
           [](Offload& o) { o.segmentation = Segmentation::kUdp; },
           [](Offload& o) { o.checksum_start = 14; },
           [](Offload& o) { o.checksum_start = 33; },
           [](Offload& o) { o.checksum_offset = 6; },
           [](Offload& o) { o.segment_size = 0; },
           [](Offload& o) { o.header_size = 53; },
           [](Offload& o) { o.header_size = 60000; },
       }) {
    Offload offload = good;
    change(offload);
    EXPECT_TRUE(refused(offload));
  }
  EXPECT_FALSE(can_be_cut(Bytes(frame).first(14), good));
}

TEST(Segmenter, AFrameIsNotCutIntoTooManySegments) {
  auto [frame, offload] = asked_for(Segmentation::kTcp4, 0);
  offload.segment_size = 1;
  EXPECT_FALSE(can_be_cut(frame, offload)) << "2500 of them";
  offload.segment_size = 2;
  EXPECT_TRUE(can_be_cut(frame, offload));
  frame.resize(65535);
  EXPECT_FALSE(can_be_cut(frame, offload));
  offload.segment_size = 36;
  EXPECT_TRUE(can_be_cut(frame, offload)) << "the least that Linux sends";
}

}  // namespace
}  // namespace sluice
