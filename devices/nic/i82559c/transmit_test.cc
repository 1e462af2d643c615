#include "devices/nic/i82559c/transmit.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "devices/nic/i82559c/test_driver.h"

namespace sluice::i82559c {
namespace {

constexpr std::uint32_t kBlock = TestDriver::kScratch;
constexpr std::uint32_t kBuffers = 0x8000;
constexpr std::uint32_t kArray = 0x6000;
constexpr MacAddress kGateway({0x52, 0x55, 0x0a, 0x00, 0x02, 0x02});

struct Buffer {
  std::uint32_t address = 0;
  std::uint32_t size = 0;
};

// What is behind the beginning of a block, up to the data: `own` TBDs are in it.
Octets transmit_block(std::uint32_t array, std::uint16_t count, std::uint8_t number,
                      const std::vector<Buffer>& own = {}) {
  Octets bytes(8 + 8 * own.size());
  const MutableBytes to(bytes);
  store_little(to, 0, array);
  store_little(to, 4, static_cast<std::uint16_t>(count | 0x8000));
  bytes[6] = 0xe0;
  bytes[7] = number;
  for (std::size_t i = 0; i < own.size(); ++i) {
    store_little(to, 8 + 8 * i, own[i].address);
    store_little(to, 12 + 8 * i, own[i].size);
  }
  return bytes;
}

Octets operator+(Octets left, const Octets& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

class I82559cTransmit : public ::testing::Test {
 protected:
  I82559cTransmit() { driver.configure(TestDriver::usual_configuration()); }

  void configure(std::size_t byte, std::uint8_t set, std::uint8_t clear = 0) {
    Octets bytes = TestDriver::usual_configuration();
    bytes[byte] = static_cast<std::uint8_t>((bytes[byte] | set) & ~clear);
    driver.configure(bytes);
  }
  // Puts the frame into buffers of these sizes, one somewhere behind the other.
  std::vector<Buffer> scatter(Bytes bytes, const std::vector<std::size_t>& sizes) {
    std::vector<Buffer> buffers;
    std::uint32_t at = kBuffers;
    for (const std::size_t size : sizes) {
      driver.put(at, bytes.first(size));
      buffers.push_back({at, static_cast<std::uint32_t>(size)});
      bytes = bytes.subspan(size);
      at += static_cast<std::uint32_t>(size) + 13;
    }
    return buffers;
  }
  void put_array(const std::vector<Buffer>& buffers) {
    std::uint32_t at = kArray;
    for (const Buffer& buffer : buffers) {
      driver.memory().store(at, buffer.address);
      driver.memory().store(at + 4, buffer.size);
      at += 8;
    }
  }

  TestDriver driver;
  const Octets frame = frame_to(kGateway, 600);
};

TEST_F(I82559cTransmit, SimplifiedModeSendsWhatIsBehindTheBlock) {
  EXPECT_EQ(driver.act(Action::kTransmit, transmit_block(~0U, 600, 0) + frame), kCbC | kCbOk);
  EXPECT_EQ(driver.sent(), Frames{frame});
  EXPECT_EQ(driver.cu_state(), CuState::kIdle);
}

TEST_F(I82559cTransmit, FlexibleModeGathersFromAnArray) {
  configure(6, 0x10);
  put_array(scatter(frame, {14, 0, 500, 86}));
  driver.act(Action::kTransmit, transmit_block(kArray, 0, 4), kCbSf);
  EXPECT_EQ(driver.sent(), Frames{frame});
}

TEST_F(I82559cTransmit, FlexibleModeBeginsWithDataBehindTheBlock) {
  configure(6, 0x10);
  put_array(scatter(Bytes(frame).subspan(20), {580}));
  const Octets begin(frame.begin(), frame.begin() + 20);
  driver.act(Action::kTransmit, transmit_block(kArray, 20, 1) + begin, kCbSf);
  EXPECT_EQ(driver.sent(), Frames{frame});
}

TEST_F(I82559cTransmit, ExtendedBlocksHoldTheFirstTwoBuffers) {
  const auto buffers = scatter(frame, {60, 200, 300, 40});
  put_array({buffers[2], buffers[3]});
  const Octets block = transmit_block(kArray, 0, 4, {buffers[0], buffers[1]});
  driver.act(Action::kTransmit, block, kCbSf);
  EXPECT_EQ(driver.sent(), Frames{frame});
}

TEST_F(I82559cTransmit, AnExtendedBlockWithOneBufferNeedsNoArray) {
  const auto buffers = scatter(frame, {600});
  // The array lies where the buffers of the block do, as for cards that know of no extension.
  driver.act(Action::kTransmit, transmit_block(kBlock + 16, 0, 1, {buffers[0], {}}), kCbSf);
  driver.act(Action::kTransmit, transmit_block(~0U, 0, 7, {buffers[0], {}}), kCbSf);
  EXPECT_EQ(driver.sent(), (Frames{frame, frame}));
}

TEST_F(I82559cTransmit, TheLastBufferMayBeMarked) {
  auto buffers = scatter(frame, {300, 300});
  buffers[1].size |= 1U << 16;
  driver.act(Action::kTransmit, transmit_block(kArray, 0, 200, buffers), kCbSf);
  EXPECT_EQ(driver.sent(), Frames{frame});
}

TEST_F(I82559cTransmit, DynamicBuffersGoOnUntilTheLastOne) {
  configure(7, 0x80);
  auto buffers = scatter(frame, {100, 100, 100, 100, 200});
  buffers[4].size |= 1U << 16;
  put_array({buffers[2], buffers[3], buffers[4], {0x100000, 5}});
  driver.act(Action::kTransmit, transmit_block(kArray, 0, 0xff, {buffers[0], buffers[1]}), kCbSf);
  EXPECT_EQ(driver.sent(), Frames{frame});
}

TEST_F(I82559cTransmit, ShortFramesArePaddedUnlessConfigured) {
  const Octets little = frame_to(kGateway, 42);
  driver.act(Action::kTransmit, transmit_block(~0U, 42, 0) + little);
  configure(18, 0, 0x02);
  driver.act(Action::kTransmit, transmit_block(~0U, 42, 0) + little);
  Octets padded = little;
  padded.resize(60);
  EXPECT_EQ(driver.sent(), (Frames{padded, little}));
}

TEST_F(I82559cTransmit, TheCardsOwnAddressIsInsertedIfConfigured) {
  configure(10, 0, 0x08);
  driver.act(Action::kTransmit, transmit_block(~0U, 600, 0) + frame);
  // With NC set the frame is as it is in memory, its check sequence included.
  driver.act(Action::kTransmit, transmit_block(~0U, 600, 0) + frame, kCbNc);
  Octets expected = frame;
  copy_bytes(kCardMac.octets(), MutableBytes(expected).subspan(6));
  const Octets cut(frame.begin(), frame.end() - 4);
  EXPECT_EQ(driver.sent(), (Frames{expected, cut}));
}

TEST_F(I82559cTransmit, WhatCantBeReadIsAnUnderrunAndTheListGoesOn) {
  driver.put_block(kBlock, Action::kTransmit, kCbSf, kBlock + 0x100,
                   transmit_block(kArray, 0, 1, {{0xfffffff0, 600}}));
  driver.put_block(kBlock + 0x100, Action::kTransmit, kCbEl, 0,
                   transmit_block(~0U, 600, 0) + frame);
  driver.command(CuCommand::kStart, kBlock);
  EXPECT_EQ(driver.status_of(kBlock), kCbC | kCbU);
  EXPECT_EQ(driver.sent(), Frames{frame});
}

TEST_F(I82559cTransmit, MoreThanTheLargestFrameIsNone) {
  configure(6, 0x10);
  put_array(std::vector<Buffer>(6, {kBuffers, 0x3fff}));
  EXPECT_EQ(driver.act(Action::kTransmit, transmit_block(kArray, 0, 6), kCbSf), kCbC | kCbU);
  EXPECT_TRUE(driver.sent().empty());
  EXPECT_EQ(driver.act(Action::kTransmit, transmit_block(kArray, 0, 4), kCbSf), kCbC | kCbOk);
  EXPECT_EQ(driver.sent().at(0).size(), 4U * 0x3fff);
  EXPECT_EQ(driver.act(Action::kTransmit, transmit_block(~0U, 0, 0)), kCbC | kCbOk);
  EXPECT_TRUE(driver.sent().empty());
}

// A ring of blocks of which the last is suspended at, as drivers have it.
TEST_F(I82559cTransmit, ASuspendedUnitGoesOnWhenTheBitIsCleared) {
  const auto block = [](unsigned i) { return kBlock + i % 4 * 0x400; };
  driver.put_block(block(0), Action::kNop, kCbS, block(1));
  driver.command(CuCommand::kStart, block(0));
  EXPECT_EQ(driver.cu_state(), CuState::kSuspended);
  for (unsigned i = 1; i < 10; ++i) {
    driver.put_block(block(i), Action::kTransmit, kCbS | kCbI, block(i + 1),
                     transmit_block(~0U, 600, 0) + frame);
    driver.command(CuCommand::kResume);
    EXPECT_EQ(driver.status_of(block(i)), 0) << "the bit is still there";
    driver.memory().store(block(i - 1) + 2, std::uint16_t{0});
    driver.command(CuCommand::kResume);
    EXPECT_EQ(driver.status_of(block(i)), kCbC | kCbOk);
    EXPECT_EQ(driver.cu_state(), CuState::kSuspended);
    EXPECT_EQ(driver.sent(), Frames{frame});
  }
  driver.put_block(block(10), Action::kNop, kCbEl);
  driver.command(CuCommand::kStaticResume);
  EXPECT_EQ(driver.cu_state(), CuState::kIdle) << "resumed without a look at the bit";
  driver.command(CuCommand::kResume);
  EXPECT_EQ(driver.cu_state(), CuState::kIdle);
}

TEST_F(I82559cTransmit, LinksAreFromTheBase) {
  driver.command(CuCommand::kLoadCuBase, kBlock);
  driver.put_block(kBlock + 0x40, Action::kNop, 0, 0x80);
  driver.put_block(kBlock + 0x80, Action::kTransmit, kCbEl, 0, transmit_block(~0U, 600, 0) + frame);
  driver.command(CuCommand::kStart, 0x40);
  EXPECT_EQ(driver.sent(), Frames{frame});
}

TEST_F(I82559cTransmit, AVlanTagPassesAsItIs) {
  Octets tagged = frame;
  const Octets tag{0x81, 0x00, 0x00, 0x07};
  tagged.insert(tagged.begin() + 12, tag.begin(), tag.end());
  driver.act(Action::kTransmit, transmit_block(~0U, 604, 0) + tagged);
  EXPECT_EQ(driver.sent(), Frames{tagged});
}

TEST_F(I82559cTransmit, WithoutALinkFramesAreLost) {
  driver.card.set_link(driver.now, false);
  EXPECT_EQ(driver.act(Action::kTransmit, transmit_block(~0U, 600, 0) + frame), kCbC | kCbOk);
  EXPECT_TRUE(driver.sent().empty());
  driver.card.set_link(driver.now, true);
  driver.act(Action::kTransmit, transmit_block(~0U, 600, 0) + frame);
  EXPECT_EQ(driver.sent().size(), 1U);
}

TEST_F(I82559cTransmit, InLoopbackTheCardReceivesWhatItSends) {
  configure(10, 0x40);
  const auto ring = driver.put_ring(2, 1536);
  driver.command(RuCommand::kStart, ring[0]);
  const Octets own = frame_to(kCardMac, 300);
  driver.act(Action::kTransmit, transmit_block(~0U, 300, 0) + own);
  EXPECT_TRUE(driver.sent().empty());
  EXPECT_EQ(driver.received(ring[0]), own);
}

TEST_F(I82559cTransmit, AListWithoutAnEndIsDoneInTurns) {
  driver.put_block(kBlock, Action::kNop, 0, kBlock);
  driver.command(CuCommand::kStart, kBlock);
  EXPECT_EQ(driver.cu_state(), CuState::kActive);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(driver.card.deadline() && *driver.card.deadline() <= driver.now);
    driver.card.on_time(driver.now);
  }
  driver.write32(kPort, kPortSelectiveReset);
  EXPECT_EQ(driver.cu_state(), CuState::kIdle);
  EXPECT_FALSE(driver.card.deadline());
}

TEST_F(I82559cTransmit, FramesThatNobodyFetchesHoldTheListUp) {
  driver.put_block(kBlock, Action::kTransmit, 0, kBlock, transmit_block(~0U, 600, 0) + frame);
  driver.command(CuCommand::kStart, kBlock);
  while (driver.card.deadline()) driver.card.on_time(driver.now);
  const std::size_t held = driver.sent().size();
  EXPECT_LE(held, FrameBatch::kMaxFrames);
  EXPECT_GT(held, 1U);
  ASSERT_TRUE(driver.card.deadline());
  driver.card.on_time(driver.now);
  EXPECT_FALSE(driver.sent().empty());
}

TEST_F(I82559cTransmit, WithoutTheBusTheListWaits) {
  driver.card.write_config(driver.now, 0x04, 2, 0x0003);
  driver.put_block(kBlock, Action::kTransmit, kCbEl, 0, transmit_block(~0U, 600, 0) + frame);
  driver.command(CuCommand::kStart, kBlock);
  EXPECT_EQ(driver.cu_state(), CuState::kActive);
  EXPECT_FALSE(driver.card.deadline());
  driver.card.write_config(driver.now, 0x04, 2, 0x0007);
  EXPECT_EQ(driver.sent(), Frames{frame});
}

TEST_F(I82559cTransmit, ABlockThatIsNowhereEndsTheList) {
  driver.command(CuCommand::kStart, 0xfffff000);
  EXPECT_EQ(driver.cu_state(), CuState::kIdle);
  EXPECT_EQ(driver.take_interrupts() & kCna, kCna);
}

TEST_F(I82559cTransmit, AResetInTheMidstLeavesNothing) {
  driver.put_block(kBlock, Action::kTransmit, 0, kBlock, transmit_block(~0U, 600, 0) + frame);
  driver.command(CuCommand::kStart, kBlock);
  driver.card.reset(driver.now);
  EXPECT_TRUE(driver.card.take_frames().empty());
  EXPECT_FALSE(driver.card.deadline());
  EXPECT_FALSE(driver.slot.level);
}

RC_GTEST_PROP(I82559cTransmitProperty, AFrameIsTheSumOfItsPieces,
              (const std::vector<std::uint8_t>& sizes, bool extended)) {
  TestDriver driver;
  Octets configuration = TestDriver::usual_configuration();
  if (!extended) configuration[6] |= 0x10;
  driver.configure(configuration);
  Octets frame;
  std::vector<Buffer> buffers;
  std::uint32_t at = kBuffers;
  for (const std::uint8_t size : sizes) {
    const Octets piece = frame_to(kGateway, std::size_t{14} + size);
    driver.put(at, piece);
    buffers.push_back({at, static_cast<std::uint32_t>(piece.size())});
    at += static_cast<std::uint32_t>(piece.size());
    frame.insert(frame.end(), piece.begin(), piece.end());
  }
  const std::size_t own = extended ? 2 : 0;
  std::vector<Buffer> first(buffers.begin(), buffers.begin() + static_cast<std::ptrdiff_t>(
                                                                   std::min(own, buffers.size())));
  first.resize(own);
  for (std::size_t i = own; i < buffers.size(); ++i) {
    driver.memory().store(static_cast<std::uint32_t>(kArray + 8 * (i - own)), buffers[i].address);
    driver.memory().store(static_cast<std::uint32_t>(kArray + 8 * (i - own) + 4), buffers[i].size);
  }
  driver.act(Action::kTransmit,
             transmit_block(kArray, 0, static_cast<std::uint8_t>(buffers.size()), first), kCbSf);
  if (!frame.empty() && frame.size() < 60) frame.resize(60);
  RC_ASSERT(driver.sent() == (frame.empty() ? Frames{} : Frames{frame}));
}

}  // namespace
}  // namespace sluice::i82559c
