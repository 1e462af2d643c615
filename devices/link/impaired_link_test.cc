#include "devices/link/impaired_link.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <memory>
#include <utility>
#include <vector>

#include "devices/link/packet_link.h"
#include "devices/link/send_frame.h"
#include "stack/checksum.h"
#include "stack/segmenter.h"
#include "stack/wire/ethernet.h"
#include "tests/sim/guest_frames.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;

Octets numbered(std::uint8_t number, std::size_t size = 100) {
  return Octets(size, number);
}

// A link, whose guest the test is, on a clock that the test sets.
class ImpairedLinks : public testing::Test {
 protected:
  std::unique_ptr<ImpairedLink> open(const Impairment& impairment) {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()),
              0);
    guest_.reset(ends[0]);
    return std::make_unique<ImpairedLink>(std::make_unique<PacketLink>(Descriptor(ends[1])),
                                          impairment, [this] { return now_; });
  }

  void say(const Octets& frame) const {
    EXPECT_EQ(::send(guest_.get(), frame.data(), frame.size(), 0),
              static_cast<ssize_t>(frame.size()));
  }
  std::vector<Octets> heard() const {
    std::vector<Octets> frames;
    Octets room(70'000);
    for (;;) {
      const ssize_t size = ::recv(guest_.get(), room.data(), room.size(), 0);
      if (size <= 0) return frames;
      frames.emplace_back(room.begin(), room.begin() + size);
    }
  }
  static std::vector<Octets> arrived(ImpairedLink& link) {
    std::vector<Octets> frames;
    for (const Frame& frame : link.receive()) {
      EXPECT_EQ(frame.offload.segmentation, Segmentation::kNone);
      EXPECT_EQ(frame.offload.checksum, ChecksumState::kInPacket);
      frames.emplace_back(frame.bytes.begin(), frame.bytes.end());
    }
    return frames;
  }

  Time now_{1000s};
  Descriptor guest_;
};

TEST_F(ImpairedLinks, FramesGoBothWaysAfterTheDelay) {
  const auto link = open({.delay = 10ms});
  EXPECT_FALSE(link->capabilities().checksum);
  EXPECT_FALSE(link->capabilities().tcp4_segmentation);
  send_frame(*link, numbered(1));
  link->flush();
  say(numbered(2));
  EXPECT_TRUE(arrived(*link).empty());
  EXPECT_TRUE(heard().empty());
  ASSERT_EQ(link->deadline(), now_ + 10ms);

  now_ += 10ms;
  EXPECT_EQ(arrived(*link), std::vector<Octets>{numbered(2)});
  EXPECT_EQ(heard(), std::vector<Octets>{numbered(1)});
  EXPECT_EQ(link->deadline(), std::nullopt);
}

TEST_F(ImpairedLinks, ItsDescriptorTellsWhenSomethingHasArrived) {
  const auto link = open({.delay = 5ms});
  pollfd wait{.fd = link->descriptor(), .events = POLLIN, .revents = 0};
  link->receive();
  ASSERT_EQ(::poll(&wait, 1, 0), 0);
  send_frame(*link, numbered(1));
  link->flush();
  ASSERT_EQ(::poll(&wait, 1, 10'000), 1);
  now_ += 5ms;
  link->receive();
  EXPECT_EQ(heard().size(), 1U);
  EXPECT_EQ(::poll(&wait, 1, 0), 0) << "nothing is under way";
}

TEST_F(ImpairedLinks, TellsWhatTheGuestHasSentAndNobodyHasSeen) {
  const auto link = open({.delay = 10ms});
  say(numbered(1));
  link->receive();
  EXPECT_EQ(link->bytes_from_guest(), 100U);
  now_ += 10ms;
  EXPECT_EQ(arrived(*link).size(), 1U);
  EXPECT_EQ(link->bytes_from_guest(), 0U);
}

TEST_F(ImpairedLinks, WhatAGuestSentBeforeItWentStillArrives) {
  const auto link = open({.delay = 10ms});
  say(numbered(1));
  guest_.reset();
  EXPECT_TRUE(arrived(*link).empty());
  EXPECT_FALSE(link->closed());
  now_ += 10ms;
  EXPECT_EQ(arrived(*link).size(), 1U);
  EXPECT_TRUE(link->closed());
}

TEST_F(ImpairedLinks, WhatArrivesAtOnceIsTakenInBatches) {
  const auto link = open({.delay = 10ms});
  for (std::size_t i = 0; i < ImpairedLink::kBatch + 1; ++i) {
    say(numbered(7));
    link->receive();
  }
  now_ += 10ms;
  EXPECT_EQ(arrived(*link).size(), ImpairedLink::kBatch);
  EXPECT_TRUE(link->more());
  EXPECT_EQ(arrived(*link).size(), 1U);
  EXPECT_FALSE(link->more());
}

TEST_F(ImpairedLinks, WhatIsLostIsLostInBothDirections) {
  const auto link = open({.loss = Impairment::kAlways});
  say(numbered(1));
  send_frame(*link, numbered(2));
  link->flush();
  EXPECT_TRUE(arrived(*link).empty());
  EXPECT_TRUE(heard().empty());
}

// A frame of TCP with 3000 bytes of payload, to be cut into segments of 1000.
struct Large {
  Large() {
    ChecksumSum sum;
    sum.add_pseudo_header(kGuestAddress, kHost, IPPROTO_TCP,
                          static_cast<std::uint32_t>(bytes.size() - 34));
    store_big(MutableBytes(bytes), 34 + 16, sum.folded());
  }
  static constexpr IpAddress kHost = IpAddress::v4(192, 0, 2, 1);
  Octets bytes = tcp_frame(kGuestAddress, kHost, {.source_port = 1}, {}, Octets(3000, 5));
  Offload offload{.checksum = ChecksumState::kPartial,
                  .segmentation = Segmentation::kTcp4,
                  .checksum_start = 34,
                  .checksum_offset = 16,
                  .segment_size = 1000,
                  .header_size = 54};
};

void expect_segments(const std::vector<Octets>& frames) {
  ASSERT_EQ(frames.size(), 3U);
  for (const Octets& frame : frames) {
    EXPECT_EQ(frame.size(), 1054U);
    EXPECT_EQ(
        transport_checksum(kGuestAddress, Large::kHost, IpProtocol::kTcp, Bytes(frame).subspan(34)),
        0U);
  }
}

TEST_F(ImpairedLinks, AFrameThatASwitchBringsIsCut) {
  const auto link = open({});
  const Large large;
  const Bytes head = Bytes(large.bytes).first(54);
  const Bytes payload = Bytes(large.bytes).subspan(54);
  copy_bytes(head, link->reserve(head.size()));
  link->commit(head.size(), gsl::span(&payload, 1), large.offload);
  link->flush();
  expect_segments(heard());
}

// A guest whose link brings frames with work left to do.
class Offloading final : public GuestLink {
 public:
  explicit Offloading(std::vector<Frame> frames) : frames_(std::move(frames)) {}

  int descriptor() const override { return polls_.descriptor(); }
  gsl::span<const Frame> receive() override {
    return std::exchange(given_, true) ? gsl::span<const Frame>() : frames_;
  }
  bool more() const override { return false; }
  bool closed() const override { return false; }
  const Counters& counters() const override { return counters_; }
  LinkCapabilities capabilities() const override { return Segmenter::kCapabilities; }
  MutableBytes reserve(std::size_t /*size*/) override { return {}; }
  void commit(std::size_t, gsl::span<const Bytes>, const Offload&) override {}
  void flush() override {}
  void set_link(bool up) override { link = up; }

  bool link = true;

 private:
  std::vector<Frame> frames_;
  PollSet polls_;
  Counters counters_;
  bool given_ = false;
};

TEST_F(ImpairedLinks, ACableIsPulledOutAtTheOtherEndOfTheLine) {
  auto guest = std::make_unique<Offloading>(std::vector<Frame>());
  const Offloading& other_end = *guest;
  ImpairedLink link(std::move(guest), {}, [this] { return now_; });
  link.set_link(false);
  EXPECT_FALSE(other_end.link);
  link.set_link(true);
  EXPECT_TRUE(other_end.link);
}

TEST_F(ImpairedLinks, AFrameThatAGuestLeavesToBeCutIsCut) {
  const Large large;
  const Octets rubbish(60, 1);
  Offload wrong = large.offload;
  wrong.checksum_start = 20;
  wrong.header_size = 40;
  auto guest = std::make_unique<Offloading>(std::vector<Frame>{
      {.bytes = large.bytes, .offload = large.offload}, {.bytes = rubbish, .offload = wrong}});
  ImpairedLink link(std::move(guest), {}, [this] { return now_; });
  expect_segments(arrived(link));
  EXPECT_EQ(link.counters().dropped(Drop::kMalformed), 1U);
}

}  // namespace
}  // namespace sluice
