#include "devices/nic/virtio/net.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <memory>

#include "devices/nic/virtio/net_features.h"
#include "devices/nic/virtio/test_driver.h"
#include "stack/checksum.h"

namespace sluice {
namespace {

constexpr std::uint64_t kReceiveRing = TestSharedMemory::kBase;
constexpr std::uint64_t kTransmitRing = kReceiveRing + 0x8000;
constexpr std::uint64_t kBuffers = kReceiveRing + 0x10000;
constexpr std::uint64_t kApart = 4096;  // of buffers, and of small rings
constexpr std::uint16_t kSize = 256;
constexpr std::uint64_t kUsual = virtio::kVersion1 | virtio::kEventIdx | virtio::kIndirectDesc |
                                 virtio::kCsum | virtio::kGuestCsum;
constexpr std::uint64_t kGuestSegments = virtio::kGuestTso4 | virtio::kGuestTso6;

// A guest with a driver that has set the device up.
struct Guest {
  explicit Guest(std::uint64_t features = kUsual | virtio::kMrgRxbuf | kGuestSegments,
                 bool in_place = false)
      : in_place(in_place),
        header((features & (virtio::kVersion1 | virtio::kMrgRxbuf)) != 0 ? 12 : 10),
        event_index((features & virtio::kEventIdx) != 0),
        packed((features & virtio::kRingPacked) != 0) {
    net.set_features(features);
    for (unsigned i = 0; i < 2; ++i) {
      EXPECT_TRUE(net.start(i, drivers.at(i)->areas(), {}));
      net.enable(i, true);
    }
  }

  bool in_place;
  std::size_t header;
  bool event_index;
  bool packed;
  TestSharedMemory memory{std::size_t{4} << 20, std::size_t{2} << 20};
  TestTransport transport{memory};
  VirtioNet net{
      {.mac = MacAddress({2, 0, 0, 0, 0, 1}), .mtu = 1400, .pairs = 1, .in_place = in_place},
      transport};
  std::array<std::unique_ptr<TestDriver>, 2> drivers{driver_at(kReceiveRing),
                                                     driver_at(kTransmitRing)};
  TestDriver& receive = *drivers[0];
  TestDriver& transmit = *drivers[1];

  std::unique_ptr<TestDriver> driver_at(std::uint64_t at) {
    if (packed) return std::make_unique<PackedTestDriver>(memory, at, kSize, event_index);
    return std::make_unique<SplitTestDriver>(memory, at, kSize, event_index);
  }
  void send(const std::vector<std::uint8_t>& bytes) {
    memory.put(kBuffers, bytes);
    transmit.add({{kBuffers, static_cast<std::uint32_t>(bytes.size())}});
  }
  void put_to_guest(Bytes frame, const Offload& offload = {}, std::size_t head = 14) {
    copy_bytes(frame.first(head), net.reserve(head));
    const Bytes payload = frame.subspan(head);
    net.commit(head, gsl::span(&payload, 1), offload);
    net.flush();
  }
};

TEST(VirtioNetTest, FrameOfTheGuestComesWithoutItsHeader) {
  Guest guest;
  const auto frame = frame_of(100);
  guest.send(behind_header(12, frame));
  const auto frames = guest.net.receive();
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_TRUE(std::ranges::equal(frames[0].bytes, frame));
  while (guest.net.more()) guest.net.receive();
  EXPECT_TRUE(guest.transmit.take_used());
  EXPECT_EQ(guest.transport.interrupts[1], 1U);
}

TEST(VirtioNetTest, LegacyHeaderHasTenBytes) {
  Guest guest(virtio::kCsum);
  const auto frame = frame_of(60);
  guest.send(behind_header(10, frame));
  const auto frames = guest.net.receive();
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_TRUE(std::ranges::equal(frames[0].bytes, frame));
}

TEST(VirtioNetTest, ChainsThatAreNoFrameAreCompletedAndCounted) {
  Guest guest;
  guest.send({0, 0, 0, 0});
  guest.transmit.add({{8, 100}});
  auto unknown = behind_header(12, frame_of(60));
  unknown[1] = 0x7f;
  guest.send(unknown);
  while (guest.net.more()) EXPECT_TRUE(guest.net.receive().empty());
  EXPECT_EQ(guest.net.counters().dropped(Drop::kMalformed), 3U);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(guest.transmit.take_used());
  EXPECT_FALSE(guest.transmit.take_used());
}

TEST(VirtioNetTest, FrameThatIsTooLongIsCompletedAndCounted) {
  Guest guest;
  guest.transmit.add({{kBuffers, 12 + Link::kMaxReserve + 1}});
  while (guest.net.more()) EXPECT_TRUE(guest.net.receive().empty());
  EXPECT_EQ(guest.net.counters().dropped(Drop::kTruncated), 1U);
  EXPECT_TRUE(guest.transmit.take_used());
}

TEST(VirtioNetTest, PayloadStaysInPlaceUntilTheNextIsAskedFor) {
  for (const std::uint64_t form : {std::uint64_t{0}, virtio::kRingPacked}) {
    Guest guest(kUsual | form, true);
    const auto frame = frame_of(5000);
    guest.send(behind_header(12, frame));
    const auto frames = guest.net.receive();
    ASSERT_EQ(frames.size(), 1U);
    EXPECT_EQ(frames[0].bytes.size(), Frame::kHeaders);
    EXPECT_TRUE(std::ranges::equal(frames[0].bytes, Bytes(frame).first(Frame::kHeaders)));
    ASSERT_EQ(frames[0].rest.size(), 1U);
    EXPECT_EQ(frames[0].rest[0].data(),
              guest.memory.prefix(kBuffers + 12 + Frame::kHeaders, 1).data());
    EXPECT_EQ(frames[0].size(), frame.size());
    EXPECT_TRUE(guest.net.more());
    EXPECT_FALSE(guest.transmit.take_used());
    EXPECT_TRUE(guest.net.receive().empty());
    EXPECT_TRUE(guest.transmit.take_used());
    EXPECT_EQ(guest.transport.interrupts[1], 1U);
  }
}

TEST(VirtioNetTest, WhatIsInPlaceIsGivenBackByWhatEndsTheQueue) {
  for (const bool stops : {false, true}) {
    Guest guest(kUsual, true);
    guest.send(behind_header(12, frame_of(5000)));
    ASSERT_EQ(guest.net.receive().size(), 1U);
    if (stops) {
      EXPECT_EQ(guest.net.stop(1)->index, 1U);
    } else {
      guest.net.enable(1, false);
    }
    EXPECT_TRUE(guest.transmit.take_used());
    EXPECT_EQ(guest.transport.interrupts[1], 1U);
  }
}

TEST(VirtioNetTest, WhatLiesInTooManyPiecesIsCopied) {
  constexpr std::uint32_t kPiece = 100;
  const auto bytes = behind_header(12, frame_of(4988));
  for (const std::size_t pieces : {Frame::kMaxRest, Frame::kMaxRest + 1}) {
    Guest guest(kUsual, true);
    guest.memory.put(kBuffers, bytes);
    // The first has the headers.
    std::vector<TestBuffer> buffers{{kBuffers, 12 + Frame::kHeaders}};
    for (std::size_t i = 0; i < pieces; ++i) {
      buffers.push_back({kBuffers + 12 + Frame::kHeaders + i * kPiece, kPiece});
    }
    guest.transmit.add(buffers);
    const auto frames = guest.net.receive();
    ASSERT_EQ(frames.size(), 1U);
    EXPECT_EQ(frames[0].size(), Frame::kHeaders + pieces * kPiece);
    EXPECT_EQ(frames[0].rest.empty(), pieces > Frame::kMaxRest);
  }
}

TEST(VirtioNetTest, WhatIsNoFrameInPlaceIsGivenBackAtOnce) {
  Guest guest(kUsual, true);
  auto unknown = behind_header(12, frame_of(1000));
  unknown[1] = 0x7f;
  guest.send(unknown);
  EXPECT_TRUE(guest.net.receive().empty());
  EXPECT_FALSE(guest.net.more());
  EXPECT_TRUE(guest.transmit.take_used());
}

TEST(VirtioNetTest, GuestIsAskedToTellOnlyWhenItsQueueIsEmpty) {
  Guest guest;
  while (guest.net.more()) guest.net.receive();
  guest.send(behind_header(12, frame_of(60)));
  EXPECT_TRUE(guest.transmit.must_notify());
  EXPECT_EQ(guest.net.receive().size(), 1U);
  EXPECT_TRUE(guest.net.more());
  guest.send(behind_header(12, frame_of(60)));
  EXPECT_FALSE(guest.transmit.must_notify());
  EXPECT_EQ(guest.net.receive().size(), 1U);
  while (guest.net.more()) guest.net.receive();
  guest.send(behind_header(12, frame_of(60)));
  EXPECT_TRUE(guest.transmit.must_notify());
}

TEST(VirtioNetTest, FrameForTheGuestIsMergedFromItsBuffers) {
  Guest guest;
  for (std::uint32_t i = 0; i < 4; ++i) {
    guest.receive.add({{kBuffers + i * kApart, 50, true}});
  }
  const auto frame = frame_of(120);
  guest.put_to_guest(frame);
  std::vector<std::uint8_t> came;
  for (std::uint32_t i = 0; i < 3; ++i) {
    const auto used = guest.receive.take_used();
    ASSERT_TRUE(used);
    const auto piece = guest.memory.get(kBuffers + i * kApart, used->length);
    came.insert(came.end(), piece.begin(), piece.end());
  }
  EXPECT_FALSE(guest.receive.take_used());
  EXPECT_EQ(load_little<std::uint16_t>(came, 10), 3U);
  EXPECT_EQ(came, [&] {
    auto expected = behind_header(12, frame);
    expected[10] = 3;
    return expected;
  }());
  EXPECT_EQ(guest.transport.interrupts[0], 1U);
}

TEST(VirtioNetTest, FrameThatFindsTooFewBuffersLeavesThemToTheNext) {
  Guest guest;
  guest.receive.add({{kBuffers, 100, true}});
  guest.put_to_guest(frame_of(200));
  EXPECT_EQ(guest.net.counters().dropped(Drop::kLinkFull), 1U);
  EXPECT_FALSE(guest.receive.take_used());
  guest.put_to_guest(frame_of(80));
  const auto used = guest.receive.take_used();
  ASSERT_TRUE(used);
  EXPECT_EQ(used->length, 92U);
}

TEST(VirtioNetTest, HasNoRoomWhileFewBuffersAreLeftAndAsksForManyMore) {
  Guest guest;
  const auto give = [&guest](std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i)
      guest.receive.add({{kBuffers + i * kApart, 4096, true}});
  };
  give(64);
  EXPECT_TRUE(guest.net.has_room({}));
  const auto frame = frame_of(60000);
  unsigned sent = 0;
  for (; guest.net.has_room({}); ++sent) guest.put_to_guest(frame);
  EXPECT_GE(sent, 2U);
  EXPECT_EQ(guest.net.counters().dropped(Drop::kLinkFull), 0U);
  // What can't wait still finds its place.
  guest.put_to_guest(frame_of(60));
  EXPECT_EQ(guest.net.counters().dropped(Drop::kLinkFull), 0U);
  guest.receive.must_notify();
  while (guest.receive.take_used()) {
  }
  give(4);
  EXPECT_FALSE(guest.receive.must_notify());
  EXPECT_FALSE(guest.net.has_room({}));
  guest.net.flush();
  give(28);
  EXPECT_TRUE(guest.receive.must_notify());
  EXPECT_TRUE(guest.net.has_room({}));
}

TEST(VirtioNetTest, SmallQueueHasRoomForWhatItEverHad) {
  Guest guest;
  for (std::uint32_t i = 0; i < 4; ++i) guest.receive.add({{kBuffers + i * kApart, 1600, true}});
  EXPECT_TRUE(guest.net.has_room({}));
  for (int i = 0; i < 3; ++i) guest.put_to_guest(frame_of(1500));
  EXPECT_TRUE(guest.net.has_room({}));
  guest.put_to_guest(frame_of(1500));
  EXPECT_FALSE(guest.net.has_room({}));
}

TEST(VirtioNetTest, GuestSeesMuchBeforeAllOfABatchIsThere) {
  Guest guest;
  for (std::uint32_t i = 0; i < 100; ++i) guest.receive.add({{kBuffers + i * kApart, 4096, true}});
  const auto frame = frame_of(60000);
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(guest.receive.take_used());
    copy_bytes(Bytes(frame).first(14), guest.net.reserve(14));
    const Bytes payload = Bytes(frame).subspan(14);
    guest.net.commit(14, gsl::span(&payload, 1), {});
  }
  EXPECT_TRUE(guest.receive.take_used());
  EXPECT_EQ(guest.transport.interrupts[0], 1U);
}

TEST(VirtioNetTest, WithoutMergingAFrameHasOneChain) {
  Guest guest(kUsual);
  guest.receive.add({{kBuffers, 100, true}});
  guest.receive.add({{kBuffers, 60, true}, {kBuffers + 4096, 1000, true}});
  guest.put_to_guest(frame_of(200));
  auto used = guest.receive.take_used();
  ASSERT_TRUE(used);
  EXPECT_EQ(used->length, 0U) << "what no frame fits into is given back empty";
  guest.put_to_guest(frame_of(200));
  used = guest.receive.take_used();
  ASSERT_TRUE(used);
  EXPECT_EQ(used->length, 212U);
}

TEST(VirtioNetTest, ChecksumIsDoneHereForADriverThatDoesNot) {
  Guest guest(virtio::kVersion1 | virtio::kMrgRxbuf);
  guest.receive.add({{kBuffers, 2000, true}});
  auto frame = frame_of(14 + 20 + 40);
  std::fill(frame.begin() + 34 + 16, frame.begin() + 34 + 18, std::uint8_t{0});
  guest.put_to_guest(
      frame, {.checksum = ChecksumState::kPartial, .checksum_start = 34, .checksum_offset = 16},
      54);
  ASSERT_TRUE(guest.receive.take_used());
  const auto came = guest.memory.get(kBuffers, 12 + frame.size());
  EXPECT_EQ(came[0], 0U) << "no flag is set";
  EXPECT_EQ(internet_checksum(Bytes(came).subspan(12 + 34)), 0U);
}

TEST(VirtioNetTest, ConfigurationHasAddressStatusAndMtu) {
  Guest guest;
  std::array<std::uint8_t, 12> space{};
  guest.net.read_config(0, space);
  EXPECT_EQ(space, (std::array<std::uint8_t, 12>{2, 0, 0, 0, 0, 1, 1, 0, 1, 0, 0x78, 5}));
  std::array<std::uint8_t, 4> beyond{1, 2, 3, 4};
  guest.net.read_config(100, beyond);
  EXPECT_EQ(beyond, (std::array<std::uint8_t, 4>{}));
}

struct ManyQueues {
  static constexpr std::uint64_t kFeatures = virtio::kVersion1 | virtio::kEventIdx |
                                             virtio::kCtrlVq | virtio::kCtrlRx |
                                             virtio::kCtrlMacAddr | virtio::kGuestCsum;

  explicit ManyQueues(std::uint64_t features, bool commands = true)
      : net({.mac = {}, .mtu = 0, .pairs = 2, .commands = commands}, transport) {
    net.set_features(features);
    for (unsigned i = 0; i < rings.size(); ++i) {
      rings.at(i) = std::make_unique<SplitTestDriver>(memory, kReceiveRing + kApart * i, 16, true);
      EXPECT_TRUE(net.start(i, rings.at(i)->areas(), {}));
      net.enable(i, true);
    }
  }

  // The answer to a command in that queue; nothing if it is not answered.
  std::optional<std::uint8_t> command(unsigned queue, const std::vector<std::uint8_t>& bytes) {
    memory.put(kBuffers, bytes);
    memory.put(kBuffers + 64, {{0xff}});
    rings.at(queue)->add(
        {{kBuffers, static_cast<std::uint32_t>(bytes.size())}, {kBuffers + 64, 1, true}});
    net.receive();
    while (net.more()) net.receive();
    const auto used = rings.at(queue)->take_used();
    if (!used) return std::nullopt;
    EXPECT_EQ(used->length, 1U);
    return memory.get(kBuffers + 64, 1).front();
  }

  TestSharedMemory memory{std::size_t{4} << 20};
  TestTransport transport{memory};
  VirtioNet net;
  std::array<std::unique_ptr<SplitTestDriver>, 5> rings;
};

TEST(VirtioNetTest, FramesComeFromEachPairOfQueues) {
  ManyQueues guest(ManyQueues::kFeatures | virtio::kMq);
  guest.memory.put(kBuffers, std::vector<std::uint8_t>(100));
  guest.rings[1]->add({{kBuffers, 12 + 60}});
  guest.rings[3]->add({{kBuffers, 12 + 70}});
  const auto frames = guest.net.receive();
  ASSERT_EQ(frames.size(), 2U);
  EXPECT_EQ(frames[0].bytes.size() + frames[1].bytes.size(), 130U);
}

TEST(VirtioNetTest, CommandsAreAnsweredWhereTheirQueueIs) {
  ManyQueues several(ManyQueues::kFeatures | virtio::kMq);
  EXPECT_EQ(several.command(4, {0, 0, 1}), 0);
  EXPECT_EQ(several.command(2, {0, 0, 1}), std::nullopt);
  ManyQueues one(ManyQueues::kFeatures);
  EXPECT_EQ(one.command(2, {0, 0, 1}), 0);
}

TEST(VirtioNetTest, CommandsThatAreNotKnownOrCutOffAreRefused) {
  ManyQueues guest(ManyQueues::kFeatures | virtio::kMq);
  EXPECT_EQ(guest.command(4, {4, 0, 2, 0}), 0);
  EXPECT_EQ(guest.command(4, {4, 0, 3, 0}), 1) << "more pairs than there are";
  EXPECT_EQ(guest.command(4, {4, 0, 0, 0}), 1);
  EXPECT_EQ(guest.command(4, {4, 0, 1}), 1);
  EXPECT_EQ(guest.command(4, {99, 0, 1, 0}), 1);
  EXPECT_EQ(guest.command(4, {1, 1, 2, 0, 0, 0, 0, 1}), 0) << "its own address";
  guest.rings[4]->add({{kBuffers, 8}});
  guest.net.receive();
  EXPECT_EQ(guest.rings[4]->take_used()->length, 0U) << "there is no place for an answer";
}

TEST(VirtioNetTest, WhatTheDriverDoesNotWantTakesNoBuffer) {
  ManyQueues guest(ManyQueues::kFeatures | virtio::kMq);
  guest.rings[0]->add({{kBuffers + 0x1000, 2000, true}});
  const auto put = [&guest](std::uint8_t first, std::uint16_t segment) {
    const std::vector<std::uint8_t> rest(3000);
    const Bytes payload(rest);
    const MutableBytes head = guest.net.reserve(54);
    std::fill(head.begin(), head.end(), std::uint8_t{0});
    head[0] = first;
    const Offload cut{.checksum = ChecksumState::kPartial,
                      .segmentation = Segmentation::kTcp4,
                      .checksum_start = 34,
                      .checksum_offset = 16,
                      .segment_size = segment,
                      .header_size = 54};
    const Bytes piece = segment != 0 ? payload : payload.first(100);
    guest.net.commit(54, gsl::span(&piece, 1), segment != 0 ? cut : Offload{});
    guest.net.flush();
  };
  EXPECT_EQ(guest.command(4, {0, 0, 0}), 0);
  put(1, 0);
  EXPECT_FALSE(guest.rings[0]->take_used());
  put(1, 1000);
  EXPECT_EQ(guest.net.counters().dropped(Drop::kNotForUs), 2U) << "frames, not segments";
  EXPECT_EQ(guest.net.counters().dropped(Drop::kLinkFull), 0U);
  put(2, 0);
  EXPECT_TRUE(guest.rings[0]->take_used());
}

TEST(VirtioNetTest, NothingIsFilteredWhereNoDriverIsSeenToGo) {
  ManyQueues guest(ManyQueues::kFeatures | virtio::kMq, false);
  EXPECT_EQ(guest.net.offered_features() & (virtio::kCtrlRxExtra | virtio::kCtrlVlan), 0U);
  EXPECT_EQ(guest.command(4, {0, 0, 0}), 0);
  guest.rings[0]->add({{kBuffers + 0x1000, 2000, true}});
  const MutableBytes frame = guest.net.reserve(60);
  std::fill(frame.begin(), frame.end(), std::uint8_t{1});
  guest.net.commit(60, {}, {});
  guest.net.flush();
  EXPECT_TRUE(guest.rings[0]->take_used());
}

TEST(VirtioNetTest, BrokenQueueIsToldOnceAndTheOtherGoesOn) {
  Guest guest;
  dynamic_cast<SplitTestDriver&>(guest.transmit).make_available(kSize);
  for (int i = 0; i < 3; ++i) guest.net.receive();
  EXPECT_EQ(guest.transport.broken, std::vector<unsigned>{1});
  guest.receive.add({{kBuffers, 2000, true}});
  guest.put_to_guest(frame_of(100));
  EXPECT_TRUE(guest.receive.take_used());
}

TEST(VirtioNetTest, StoppedQueueTellsWhereToGoOn) {
  Guest guest;
  for (int i = 0; i < 3; ++i) guest.send(behind_header(12, frame_of(60)));
  while (guest.net.more()) guest.net.receive();
  const auto position = guest.net.stop(1);
  ASSERT_TRUE(position);
  EXPECT_EQ(position->index, 3U);
  EXPECT_FALSE(guest.net.stop(1));
  guest.send(behind_header(12, frame_of(70)));
  EXPECT_TRUE(guest.net.receive().empty());
  ASSERT_TRUE(guest.net.start(1, guest.transmit.areas(), *position));
  const auto frames = guest.net.receive();
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(frames[0].bytes.size(), 70U);
}

std::uint64_t any_features() {
  return virtio::kVersion1 | virtio::kIndirectDesc | virtio::kMrgRxbuf |
         (*rc::gen::arbitrary<bool>() ? virtio::kEventIdx : 0) |
         (*rc::gen::arbitrary<bool>() ? virtio::kRingPacked : 0);
}

// Cuts `size` bytes into pieces, and lays them out with gaps, the last across two regions.
std::vector<TestBuffer> cut(std::size_t size, bool writable) {
  std::vector<TestBuffer> pieces;
  std::uint64_t at = kBuffers + kApart;
  while (size != 0 && pieces.size() < 100) {
    const auto length = static_cast<std::uint32_t>(
        pieces.size() == 99 ? size : *rc::gen::inRange<std::size_t>(1, size + 1));
    if (size == length && *rc::gen::arbitrary<bool>()) {
      at = TestSharedMemory::kBase + (std::size_t{2} << 20) - length / 2;
    }
    pieces.push_back({at, length, writable});
    at += length + *rc::gen::inRange(0, 32);
    size -= length;
  }
  return pieces;
}

RC_GTEST_PROP(VirtioNetTest, FramesOfTheGuestArriveAsTheyAreInChainsOfAnyShape, ()) {
  Guest guest(any_features());
  const auto count = *rc::gen::inRange(1, 5);
  for (int i = 0; i < count; ++i) {
    const auto frame = *rc::gen::container<std::vector<std::uint8_t>>(
        *rc::gen::inRange<std::size_t>(14, 3000), rc::gen::arbitrary<std::uint8_t>());
    const auto bytes = behind_header(12, frame);
    const auto pieces = cut(bytes.size(), false);
    std::size_t done = 0;
    for (const TestBuffer& piece : pieces) {
      guest.memory.put(piece.address, Bytes(bytes).subspan(done, piece.length));
      done += piece.length;
    }
    guest.transmit.add(pieces,
                       *rc::gen::arbitrary<bool>() ? std::optional(kBuffers) : std::nullopt);
    const auto frames = guest.net.receive();
    RC_ASSERT(frames.size() == 1U);
    std::vector<std::uint8_t> came(frames[0].bytes.begin(), frames[0].bytes.end());
    RC_ASSERT(came == frame);
    while (guest.net.more()) guest.net.receive();
    RC_ASSERT(guest.transmit.take_used().has_value());
  }
}

RC_GTEST_PROP(VirtioNetTest, FramesForTheGuestArriveAsTheyAreInBuffersOfAnyShape, ()) {
  Guest guest(any_features());
  const auto frame = *rc::gen::container<std::vector<std::uint8_t>>(
      *rc::gen::inRange<std::size_t>(60, 9000), rc::gen::arbitrary<std::uint8_t>());
  std::map<std::uint16_t, std::vector<TestBuffer>> buffers;
  std::size_t room = 0;
  for (const TestBuffer& piece : cut(12 + frame.size(), true)) {
    std::vector<TestBuffer> chain{piece};
    if (piece.length > 1 && *rc::gen::arbitrary<bool>()) {
      const auto first = *rc::gen::inRange<std::uint32_t>(1, piece.length);
      chain = {{piece.address, first, true}, {piece.address + first, piece.length - first, true}};
    }
    buffers[guest.receive.add(chain, std::nullopt)] = chain;
    room += piece.length;
  }
  RC_ASSERT(room == 12 + frame.size());
  guest.put_to_guest(frame, {}, *rc::gen::inRange<std::size_t>(14, 60));
  std::vector<std::uint8_t> came;
  std::uint16_t count = 0;
  while (const auto used = guest.receive.take_used()) {
    ++count;
    std::size_t left = used->length;
    for (const TestBuffer& piece : buffers[used->id]) {
      const auto part = guest.memory.get(piece.address, std::min<std::size_t>(left, piece.length));
      came.insert(came.end(), part.begin(), part.end());
      left -= part.size();
    }
  }
  RC_ASSERT(came.size() == 12 + frame.size());
  RC_ASSERT(load_little<std::uint16_t>(came, 10) == count);
  RC_ASSERT(std::equal(frame.begin(), frame.end(), came.begin() + 12));
}

}  // namespace
}  // namespace sluice
