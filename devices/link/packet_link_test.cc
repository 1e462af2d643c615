#include "devices/link/packet_link.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <string>
#include <string_view>
#include <vector>

#include "stack/egress.h"
#include "tests/sim/guest_frames.h"
#include "tests/sim/seen_frame.h"

namespace sluice {
namespace {

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
    std::ranges::copy(as_bytes(head), link_->reserve(head.size()).begin());
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
  emit("head ", {as_bytes("and "), as_bytes("tail")});
  EXPECT_EQ(arrived(), "head and tail");
  emit("bare");
  EXPECT_EQ(arrived(), "bare");
}

// see() verifies lengths and checksums.
TEST_F(PacketLinkTest, WhatTheCoreLeavesToTheLinkIsWholeOnItsOtherEnd) {
  Network network;
  Counters counters;
  TimerWheel timers{Time{}};
  Egress egress(network, *link_, counters, timers);
  egress.learn(kGuestAddress, kGuestMac);
  const std::string text = varied_text(4000);
  const std::array<Bytes, 1> stream{as_bytes(text)};
  egress.send_tcp(Time{}, network.v4.host, kGuestAddress, {.flags = {.ack = true}}, {}, stream,
                  1460);
  const std::array<Bytes, 1> datagram{as_bytes(text).first(1000)};
  egress.send_udp(Time{}, {network.v4.host, 53}, {kGuestAddress, 4000}, 64, datagram);
  std::string streamed;
  for (const std::size_t size : {1460U, 1460U, 1080U}) {
    const std::string frame = arrived();
    const SeenFrame seen = see(as_bytes(frame), {});
    ASSERT_TRUE(seen.tcp);
    EXPECT_EQ(seen.tcp->sequence, streamed.size());
    EXPECT_EQ(seen.payload.size(), size);
    streamed += seen.payload;
  }
  EXPECT_EQ(streamed, text);
  const std::string frame = arrived();
  EXPECT_EQ(see(as_bytes(frame), {}).payload, text.substr(0, 1000));
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
