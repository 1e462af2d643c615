#include "devices/link/switch_link.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <string>
#include <utility>
#include <vector>

#include "devices/link/packet_link.h"
#include "devices/link/send_frame.h"
#include "stack/wire/ethernet.h"
#include "tests/sim/guest_frames.h"

namespace sluice {
namespace {

constexpr MacAddress kOne({0x52, 0x54, 0, 0, 0, 1});
constexpr MacAddress kTwo({0x52, 0x54, 0, 0, 0, 2});
constexpr MacAddress kThree({0x52, 0x54, 0, 0, 0, 3});
constexpr MacAddress kGateway({0x52, 0x55, 10, 0, 2, 2});

Octets frame(const MacAddress& to, const MacAddress& from, std::uint8_t value = 7) {
  Octets octets(60, value);
  EthernetHeader{to, from, EtherType::kIpv4}.emit(octets);
  return octets;
}

// A link's peer, and the link itself for a switch to take.
class Station {
 public:
  Station() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()),
              0);
    ours_ = Descriptor(ends[0]);
    link_ = std::make_unique<PacketLink>(Descriptor(ends[1]));
  }
  std::unique_ptr<GuestLink> link() { return std::move(link_); }
  void say(const Octets& octets) const {
    EXPECT_EQ(::send(ours_.get(), octets.data(), octets.size(), 0),
              static_cast<ssize_t>(octets.size()));
  }
  void leave() { ours_.reset(); }
  std::vector<Octets> heard() const {
    std::vector<Octets> frames;
    Octets room(70'000);
    for (;;) {
      const ssize_t size = ::recv(ours_.get(), room.data(), room.size(), 0);
      if (size <= 0) return frames;
      frames.emplace_back(room.begin(), room.begin() + size);
    }
  }

 private:
  Descriptor ours_;
  std::unique_ptr<GuestLink> link_;
};

class SwitchLinkTest : public testing::Test {
 protected:
  SwitchLinkTest() {
    for (Station& station : stations_) numbers_.push_back(switch_.add(station.link()));
  }
  // What the switch has for the uplink.
  std::vector<Octets> turn() {
    std::vector<Octets> frames;
    do {
      for (const Frame& each : switch_.receive()) {
        frames.emplace_back(each.bytes.begin(), each.bytes.end());
      }
    } while (switch_.more());
    return frames;
  }
  void send_from_uplink(const Octets& octets) {
    send_frame(switch_, octets);
    switch_.flush();
  }

  Time now_{std::chrono::seconds(1000)};
  std::array<Station, 3> stations_;
  SwitchLink switch_{SwitchLink::Manner::kSwitch, Seed{1, 2}, [this] { return now_; }};
  std::vector<std::uint32_t> numbers_;
};

TEST_F(SwitchLinkTest, AnUnknownDestinationIsSoughtEverywhereAndAKnownOneIsNot) {
  const Octets question = frame(kTwo, kOne);
  stations_[0].say(question);
  EXPECT_EQ(turn(), std::vector<Octets>{question});
  EXPECT_TRUE(stations_[0].heard().empty()) << "never back";
  EXPECT_EQ(stations_[1].heard(), std::vector<Octets>{question});
  EXPECT_EQ(stations_[2].heard(), std::vector<Octets>{question});

  const Octets answer = frame(kOne, kTwo);
  stations_[1].say(answer);
  EXPECT_TRUE(turn().empty());
  EXPECT_EQ(stations_[0].heard(), std::vector<Octets>{answer});
  EXPECT_TRUE(stations_[2].heard().empty());
}

TEST_F(SwitchLinkTest, WhatIsForManyGoesToAll) {
  const Octets call = frame(MacAddress::broadcast(), kOne);
  stations_[0].say(call);
  EXPECT_EQ(turn(), std::vector<Octets>{call});
  send_from_uplink(frame(MacAddress::broadcast(), kGateway));
  EXPECT_EQ(stations_[0].heard().size(), 1U);
  EXPECT_EQ(stations_[1].heard().size(), 2U);
  EXPECT_EQ(stations_[2].heard().size(), 2U);
}

TEST_F(SwitchLinkTest, TheUplinkIsAStationLikeOthersAndNobodyTakesItsAddress) {
  stations_[0].say(frame(MacAddress::broadcast(), kOne));
  turn();
  send_from_uplink(frame(kOne, kGateway));
  for (const Station& station : stations_) station.heard();
  stations_[1].say(frame(kThree, kGateway));
  turn();
  for (const Station& station : stations_) station.heard();
  const Octets question = frame(kGateway, kOne);
  stations_[0].say(question);
  EXPECT_EQ(turn(), std::vector<Octets>{question});
  EXPECT_TRUE(stations_[1].heard().empty());
  send_from_uplink(frame(kOne, kGateway));
  EXPECT_EQ(stations_[0].heard().size(), 1U);
  EXPECT_TRUE(stations_[1].heard().empty());
}

TEST_F(SwitchLinkTest, AStationThatIsGoneIsSoughtAgain) {
  stations_[1].say(frame(MacAddress::broadcast(), kTwo));
  turn();
  switch_.remove(numbers_[1]);
  for (const Station& station : stations_) station.heard();
  stations_[0].say(frame(kTwo, kOne));
  EXPECT_EQ(turn().size(), 1U);
  EXPECT_EQ(stations_[2].heard().size(), 1U);
  EXPECT_FALSE(switch_.closed());
  stations_[0].leave();
  stations_[2].leave();
  turn();
  EXPECT_TRUE(switch_.closed());
}

TEST_F(SwitchLinkTest, AFloodOfOneHoldsUpNobody) {
  for (int i = 0; i < 100; ++i) stations_[0].say(frame(kTwo, kOne));
  stations_[2].say(frame(kGateway, kThree));
  bool heard = false;
  for (const Frame& each : switch_.receive()) {
    heard = heard || EthernetView::parse(each.bytes)->header().source == kThree;
  }
  EXPECT_TRUE(heard);
}

// As a tap brings it: one frame of many segments, and one of many datagrams.
class Bringer final : public GuestLink {
 public:
  int descriptor() const override { return wake_.get(); }
  gsl::span<const Frame> receive() override { return std::exchange(frames, {}); }
  bool more() const override { return false; }
  bool closed() const override { return false; }
  const Counters& counters() const override { return counters_; }
  LinkCapabilities capabilities() const override { return {}; }
  MutableBytes reserve(std::size_t size) override { return MutableBytes(room_).first(size); }
  void commit(std::size_t, gsl::span<const Bytes>, const Offload&) override {}
  void flush() override {}
  void set_link(bool up) override { changes.push_back(up); }
  gsl::span<const Frame> frames;
  std::vector<bool> changes;

 private:
  Descriptor wake_{::eventfd(1, EFD_CLOEXEC)};
  Counters counters_;
  std::array<std::uint8_t, kMaxReserve> room_{};
};

TEST_F(SwitchLinkTest, ALinkIsToldWhenItsCableIsPulledOut) {
  auto bringer = std::make_unique<Bringer>();
  const Bringer& link = *bringer;
  const std::uint32_t number = switch_.add(std::move(bringer));
  switch_.set_up(number, true);
  EXPECT_TRUE(link.changes.empty()) << "it has not changed";
  switch_.set_up(number, false);
  switch_.set_up(number, false);
  switch_.set_up(number, true);
  switch_.set_up(SwitchLink::kUplink, false);
  EXPECT_EQ(link.changes, (std::vector<bool>{false, true}));
}

TEST_F(SwitchLinkTest, WhatALinkCanNotTakeIsCutByIt) {
  auto bringer = std::make_unique<Bringer>();
  Bringer& tap = *bringer;
  switch_.add(std::move(bringer));

  const std::string text(3000, 'x');
  Octets segments = tcp_frame(kGuestAddress, IpAddress::v4(10, 0, 2, 16),
                              {.source_port = 1, .destination_port = 2, .flags = {.ack = true}}, {},
                              as_bytes(text));
  Octets datagrams = udp_frame({kGuestAddress, 1}, {IpAddress::v4(10, 0, 2, 16), 2}, text);
  const Offload tcp{.checksum = ChecksumState::kPartial,
                    .segmentation = Segmentation::kTcp4,
                    .checksum_start = 34,
                    .checksum_offset = 16,
                    .segment_size = 1000,
                    .header_size = 54};
  const Offload udp{.checksum = ChecksumState::kPartial,
                    .segmentation = Segmentation::kUdp,
                    .checksum_start = 34,
                    .checksum_offset = 6,
                    .segment_size = 1500,
                    .header_size = 42};
  Offload wrong = tcp;
  wrong.segmentation = Segmentation::kTcp6;
  const std::array frames{Frame{segments, tcp}, Frame{segments, wrong}, Frame{datagrams, udp}};
  tap.frames = frames;
  EXPECT_EQ(turn().size(), 2U) << "nobody knows the destination";
  const auto heard = stations_[0].heard();
  ASSERT_EQ(heard.size(), 5U);
  EXPECT_EQ(heard[0].size(), 1054U);
  EXPECT_EQ(heard[3].size(), 1542U);
  EXPECT_EQ(switch_.counters().dropped(Drop::kMalformed), 1U);
}

TEST(HubLink, TellsEverybodyEverything) {
  std::array<Station, 3> stations;
  SwitchLink hub(SwitchLink::Manner::kHub, Seed{}, [] { return Time{}; });
  for (Station& station : stations) hub.add(station.link());
  for (int i = 0; i < 2; ++i) {
    stations[0].say(frame(kTwo, kOne));
    stations[1].say(frame(kOne, kTwo));
    EXPECT_EQ(hub.receive().size(), 2U);
  }
  EXPECT_EQ(stations[2].heard().size(), 4U);
}

TEST_F(SwitchLinkTest, NothingPassesAPortThatIsDown) {
  const Octets call = frame(MacAddress::broadcast(), kOne);
  switch_.set_up(numbers_[0], false);
  stations_[0].say(call);
  EXPECT_TRUE(turn().empty());
  send_from_uplink(frame(MacAddress::broadcast(), kGateway));
  EXPECT_TRUE(stations_[0].heard().empty());
  EXPECT_EQ(stations_[1].heard().size(), 1U);
  switch_.set_up(numbers_[0], true);
  stations_[0].say(call);
  EXPECT_EQ(turn(), std::vector<Octets>{call}) << "what was said meanwhile is lost";

  switch_.set_up(SwitchLink::kUplink, false);
  stations_[0].say(call);
  EXPECT_TRUE(turn().empty());
  EXPECT_EQ(stations_[1].heard().size(), 2U) << "the others have each other";
  send_from_uplink(frame(MacAddress::broadcast(), kGateway));
  EXPECT_TRUE(stations_[1].heard().empty());
}

TEST_F(SwitchLinkTest, TellsWhatHasPassedEachPort) {
  stations_[0].say(frame(kTwo, kOne));
  turn();
  send_from_uplink(frame(kOne, kGateway));
  const auto one = switch_.port(numbers_[0]);
  ASSERT_TRUE(one);
  EXPECT_EQ(one->traffic.frames_sent, 1U);
  EXPECT_EQ(one->traffic.bytes_sent, 60U);
  EXPECT_EQ(one->traffic.frames_received, 1U);
  EXPECT_EQ(switch_.port(numbers_[1])->traffic.bytes_received, 60U);
  EXPECT_EQ(switch_.port(SwitchLink::kUplink)->traffic.frames_sent, 1U);
  EXPECT_EQ(switch_.port(SwitchLink::kUplink)->traffic.frames_received, 1U);
  EXPECT_FALSE(switch_.port(77));
}

TEST_F(SwitchLinkTest, ALinkThatIsGivenUpGoesOnElsewhere) {
  SwitchLink other(SwitchLink::Manner::kHub, Seed{1, 2}, [this] { return now_; });
  EXPECT_TRUE(other.closed());
  other.add(switch_.remove(numbers_[0]));
  EXPECT_EQ(switch_.remove(numbers_[0]), nullptr);
  EXPECT_TRUE(other.more()) << "it may have something already";
  const Octets call = frame(kTwo, kOne);
  stations_[0].say(call);
  EXPECT_TRUE(turn().empty());
  EXPECT_EQ(other.receive().size(), 1U);
}

// Has one frame to say, most of which stays where it is; and notes where what it hears lies.
class InPlaceLink final : public GuestLink {
 public:
  InPlaceLink(const Octets& octets, std::vector<Bytes>& heard)
      : rest_(Bytes(octets).subspan(Frame::kHeaders)), heard_(heard) {
    frame_ = {Bytes(octets).first(Frame::kHeaders), {}, gsl::span(&rest_, 1)};
    room_.resize(kMaxReserve);
  }

  int descriptor() const override { return event_.get(); }
  gsl::span<const Frame> receive() override {
    return gsl::span(&frame_, 1).first(std::exchange(said_, true) ? 0 : 1);
  }
  bool more() const override { return false; }
  bool closed() const override { return false; }
  const Counters& counters() const override { return counters_; }
  LinkCapabilities capabilities() const override { return {}; }
  MutableBytes reserve(std::size_t size) override { return MutableBytes(room_).first(size); }
  void commit(std::size_t /*size*/, gsl::span<const Bytes> payload, const Offload&) override {
    heard_.assign(payload.begin(), payload.end());
  }
  void flush() override {}

 private:
  Descriptor event_{::eventfd(1, EFD_CLOEXEC)};
  Bytes rest_;
  Frame frame_;
  bool said_ = false;
  std::vector<Bytes>& heard_;
  Octets room_;
  Counters counters_;
};

TEST_F(SwitchLinkTest, WhatLiesInAGuestsMemoryIsHandedOnAsItLies) {
  Octets said(5000, 7);
  EthernetHeader{kTwo, kOne, EtherType::kIpv4}.emit(said);
  Octets answer = said;
  EthernetHeader{kOne, kTwo, EtherType::kIpv4}.emit(answer);
  std::vector<Bytes> heard;
  std::vector<Bytes> nothing;
  SwitchLink two(SwitchLink::Manner::kSwitch, Seed{1, 2}, [this] { return now_; });
  two.add(std::make_unique<InPlaceLink>(said, nothing));
  const auto other = two.add(std::make_unique<InPlaceLink>(answer, heard));
  const auto for_uplink = two.receive();
  ASSERT_FALSE(for_uplink.empty());
  EXPECT_EQ(for_uplink[0].size(), said.size());
  ASSERT_EQ(heard.size(), 2U);
  EXPECT_EQ(heard[1].data(), said.data() + Frame::kHeaders);
  EXPECT_EQ(heard[1].size(), said.size() - Frame::kHeaders);
  EXPECT_EQ(two.port(other)->traffic.bytes_received, said.size());
}

}  // namespace
}  // namespace sluice
