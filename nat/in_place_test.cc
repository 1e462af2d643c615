// Frames of which all but the headers lies elsewhere are as good as whole ones.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/sim/guest_tcp.h"
#include "tests/sim/sim.h"

namespace sluice {
namespace {

using std::chrono::seconds;

constexpr Endpoint kServer{IpAddress::v4(192, 0, 2, 1), 80};
constexpr Endpoint kGuest{kGuestAddress, 4000};
constexpr std::size_t kPiece = 100;
constexpr Offload kVerified{.checksum = ChecksumState::kVerified};

std::string text_of(std::size_t size) {
  std::string text;
  while (text.size() < size) text += std::to_string(text.size()) + ' ';
  return text;
}

class InPlace : public testing::TestWithParam<ChecksumState> {
 protected:
  InPlace() {
    sim_.piece = kPiece;
    sim_.promised = offload();
  }
  Offload offload() const { return {.checksum = GetParam()}; }

  Sim sim_;
};

TEST_P(InPlace, StreamsArriveWholeAlsoWhereSegmentsAreLost) {
  for (const unsigned lost_of_ten : {0U, 2U}) {
    GuestTcp guest(sim_, static_cast<std::uint16_t>(4000 + lost_of_ten), kServer);
    sim_.settle();
    unsigned number = 0;
    sim_.loses = [&] { return ++number % 10 < lost_of_ten; };
    const std::string text = text_of(100'000);
    guest.write(text);
    for (int i = 0; i < 100; ++i) sim_.run_for(seconds(1));
    EXPECT_EQ(sim_.host.at(sim_.host.last()).sent, text);
    sim_.loses = [] { return false; };
  }
}

TEST_P(InPlace, StreamsThatAreNotTakenWaitHere) {
  GuestTcp guest(sim_, 4000, kServer);
  sim_.settle();
  sim_.host.at(sim_.host.last()).send_room = 1234;
  const std::string text = text_of(20'000);
  guest.write(text);
  sim_.settle();
  EXPECT_EQ(sim_.host.at(sim_.host.last()).sent, text.substr(0, 1234));
  sim_.host.make_room(sim_.host.last(), SIZE_MAX);
  sim_.run_for(seconds(10));
  EXPECT_EQ(sim_.host.at(sim_.host.last()).sent, text);
}

TEST_P(InPlace, DatagramsArriveWhole) {
  const std::string text = text_of(1200);
  sim_.from_guest(udp_frame(kGuest, kServer, text), offload());
  const auto& sent = sim_.host.at(sim_.host.last()).sent_datagrams;
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].payload, text);
}

TEST_P(InPlace, EchoIsAnswered) {
  const std::string text = text_of(1000);
  sim_.from_guest(echo_frame(kGuestAddress, IpAddress::v4(10, 0, 2, 2), 1, 2, text), offload());
  const auto seen = sim_.take_seen();
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].payload, text);
}

TEST_P(InPlace, PaddingIsNoPayload) {
  const std::string text = text_of(500);
  Octets frame = udp_frame(kGuest, kServer, text);
  frame.resize(frame.size() + 300, 0xee);
  sim_.from_guest(frame, offload());
  const auto& sent = sim_.host.at(sim_.host.last()).sent_datagrams;
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].payload, text);
}

INSTANTIATE_TEST_SUITE_P(Checksums, InPlace,
                         testing::Values(ChecksumState::kInPacket, ChecksumState::kVerified),
                         [](const auto& each) {
                           return each.param == ChecksumState::kInPacket ? "InPacket" : "Verified";
                         });

TEST(InPlaceFrames, AWrongChecksumIsFoundBehindTheHeaders) {
  Sim sim;
  sim.piece = kPiece;
  Octets frame = udp_frame(kGuest, kServer, text_of(1200));
  frame.back() ^= 1;
  sim.from_guest(frame);
  EXPECT_EQ(sim.dropped(Drop::kBadChecksum), 1U);
}

// More of them than are kept at a time.
TEST(InPlaceFrames, ManyInOneBatchAllArrive) {
  constexpr std::size_t kFrames = 600;
  Sim sim;
  std::vector<Octets> octets;
  std::vector<Bytes> rests;
  std::vector<Frame> frames;
  for (std::size_t i = 0; i < kFrames; ++i) {
    octets.push_back(udp_frame(kGuest, kServer, std::to_string(i) + text_of(1300)));
  }
  rests.reserve(kFrames);
  for (const Octets& each : octets) rests.push_back(Bytes(each).subspan(Frame::kHeaders));
  for (std::size_t i = 0; i < kFrames; ++i) {
    frames.push_back({Bytes(octets[i]).first(Frame::kHeaders), kVerified, {&rests[i], 1}});
  }
  sim.nat.on_frames(sim.now, frames);
  sim.settle();
  const auto& sent = sim.host.at(sim.host.last()).sent_datagrams;
  ASSERT_EQ(sent.size(), kFrames);
  for (std::size_t i = 0; i < kFrames; ++i) {
    EXPECT_EQ(sent[i].payload, std::to_string(i) + text_of(1300));
  }
}

}  // namespace
}  // namespace sluice
