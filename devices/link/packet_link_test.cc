#include "devices/link/packet_link.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <string>
#include <string_view>
#include <vector>

namespace sluice {
namespace {

Bytes bytes_of(std::string_view text) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): letters as octets.
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

class PacketLinkTest : public testing::Test {
 protected:
  PacketLinkTest() { ::signal(SIGPIPE, SIG_IGN); }

  void SetUp() override {
    std::array<int, 2> ends{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()), 0);
    peer_.reset(ends[1]);
    link_ = std::make_unique<PacketLink>(Descriptor(ends[0]));
  }

  void send(const std::string& frame) const {
    EXPECT_EQ(::send(peer_.get(), frame.data(), frame.size(), 0),
              static_cast<ssize_t>(frame.size()));
  }

  void emit(std::string_view head, std::vector<Bytes> payload = {}) {
    std::ranges::copy(bytes_of(head), link_->reserve(head.size()).begin());
    link_->commit(head.size(), payload, {});
  }

  std::string arrived() const {
    std::string frame(1 << 17, '\0');
    const ssize_t size = ::recv(peer_.get(), frame.data(), frame.size(), MSG_DONTWAIT);
    frame.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
    return frame;
  }

  std::vector<std::string> received() {
    std::vector<std::string> frames;
    for (const Frame& frame : link_->receive()) {
      frames.emplace_back(frame.bytes.begin(), frame.bytes.end());
    }
    return frames;
  }

  Descriptor peer_;
  std::unique_ptr<PacketLink> link_;
};

TEST_F(PacketLinkTest, EachPacketIsAFrame) {
  send("one");
  send("and another");
  EXPECT_EQ(received(), (std::vector<std::string>{"one", "and another"}));
  EXPECT_FALSE(link_->more());
  EXPECT_TRUE(received().empty());
  EXPECT_FALSE(link_->closed());
}

TEST_F(PacketLinkTest, AFrameIsWrittenFromItsPieces) {
  emit("head ", {bytes_of("and "), bytes_of("tail")});
  EXPECT_EQ(arrived(), "head and tail");
  emit("bare");
  EXPECT_EQ(arrived(), "bare");
}

TEST_F(PacketLinkTest, NothingIsOffloaded) {
  EXPECT_FALSE(link_->capabilities().checksum);
  EXPECT_FALSE(link_->capabilities().tcp4_segmentation);
}

TEST_F(PacketLinkTest, ABatchHasABoundAndTellsThatThereMayBeMore) {
  for (std::size_t i = 0; i < PacketReader::kBatch + 1; ++i) send("frame");
  EXPECT_EQ(received().size(), PacketReader::kBatch);
  EXPECT_TRUE(link_->more());
  EXPECT_EQ(received().size(), 1U);
}

TEST_F(PacketLinkTest, AFrameThatIsTooLongIsCountedAndTheNextArrives) {
  const int size = 1 << 20;
  ::setsockopt(peer_.get(), SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  send(std::string(PacketLink::kMaxFrame, 'x'));
  send(std::string(PacketLink::kMaxFrame + 1, 'x'));
  send("short");
  const std::vector<std::string> frames = received();
  ASSERT_EQ(frames.size(), 2U);
  EXPECT_EQ(frames[0].size(), PacketLink::kMaxFrame);
  EXPECT_EQ(frames[1], "short");
  EXPECT_EQ(link_->counters().dropped(Drop::kTruncated), 1U);
}

TEST_F(PacketLinkTest, WhatFindsNoRoomIsDroppedAndCounted) {
  const std::string frame(1000, 'x');
  for (int i = 0; i < 10'000 && link_->counters().dropped(Drop::kLinkFull) == 0; ++i) emit(frame);
  EXPECT_EQ(link_->counters().dropped(Drop::kLinkFull), 1U);
  EXPECT_FALSE(link_->closed());
}

TEST_F(PacketLinkTest, TheEndOfThePeerClosesIt) {
  send("last");
  peer_.reset();
  EXPECT_EQ(received(), std::vector<std::string>{"last"});
  EXPECT_TRUE(link_->closed());
}

TEST_F(PacketLinkTest, WritingToAPeerThatIsGoneClosesIt) {
  peer_.reset();
  emit("frame");
  EXPECT_TRUE(link_->closed());
}

}  // namespace
}  // namespace sluice
