#include "app/replay.h"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <random>
#include <stdexcept>
#include <string>

#include "app/private_directory.h"
#include "devices/link/capture_writer.h"
#include "tests/sim/guest_frames.h"

namespace sluice {
namespace {

using std::chrono::milliseconds;

constexpr Endpoint kGuest{kGuestAddress, 5000};
constexpr Endpoint kServer{IpAddress::v4(192, 0, 2, 1), 80};
constexpr IpAddress kGateway = IpAddress::v4(10, 0, 2, 2);

class ReplayTest : public testing::Test {
 protected:
  std::string path(const std::string& name) const { return directory_.path() + "/" + name; }

  std::string content(const std::string& name) const {
    std::ifstream file(path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream(path(name), std::ios::binary) << text;
  }

  // A guest that asks for an address, pings, looks a name up and opens connections.
  void write_conversation(const std::string& name) const {
    CaptureWriter writer({.path = path(name), .filter = "", .clock = {}});
    int number = 0;
    const auto add = [&](const Octets& bytes) {
      writer.write(Time(milliseconds(10) * ++number), Frame{.bytes = bytes});
    };
    add(arp_frame({.operation = ArpMessage::Operation::kRequest,
                   .sender_mac = kGuestMac,
                   .sender = kGuestAddress,
                   .target = kGateway}));
    for (std::uint16_t i = 0; i < 20; ++i) {
      add(echo_frame(kGuestAddress, kGateway, 7, i, "ping"));
      add(udp_frame(kGuest, {IpAddress::v4(10, 0, 2, 3), 53}, "no query"));
      add(udp_frame(kGuest, kServer, "datagram"));
      add(tcp_frame(kGuestAddress, kServer.address,
                    {.source_port = static_cast<std::uint16_t>(6000 + i),
                     .destination_port = kServer.port,
                     .sequence = i,
                     .flags = {.syn = true},
                     .window = 1000},
                    {}, {}));
    }
  }

  int replay(const std::string& input, const std::string& output, std::uint64_t seed,
             ReplayInvocation::HostManner host = ReplayInvocation::HostManner::kAccept) const {
    ReplayInvocation invocation;
    invocation.common.network = parse_user_network("user");
    invocation.common.seed = Seed{.k0 = seed, .k1 = 0};
    invocation.common.log_level = LogLevel::kOff;
    invocation.input = path(input);
    invocation.output = output.empty() ? "" : path(output);
    invocation.host = host;
    return run_replay(invocation);
  }

 private:
  PrivateDirectory directory_{"sluice-replay-test"};
};

TEST_F(ReplayTest, TheSameCaptureAndSeedGiveTheSameBytes) {
  write_conversation("in");
  using Manner = ReplayInvocation::HostManner;
  for (const Manner manner : {Manner::kAccept, Manner::kRefuse, Manner::kSilent}) {
    ASSERT_EQ(replay("in", "one", 42, manner), 0);
    ASSERT_EQ(replay("in", "two", 42, manner), 0);
    EXPECT_GT(content("one").size(), 1000U);
    EXPECT_EQ(content("one"), content("two"));
  }
}

TEST_F(ReplayTest, AnotherSeedGivesOtherSequenceNumbers) {
  write_conversation("in");
  ASSERT_EQ(replay("in", "one", 1), 0);
  ASSERT_EQ(replay("in", "two", 2), 0);
  EXPECT_NE(content("one"), content("two"));
}

TEST_F(ReplayTest, WhatTheNetworkAnsweredIsLeftOutOfAReplay) {
  write_conversation("in");
  ASSERT_EQ(replay("in", "answers", 1), 0);
  ASSERT_EQ(replay("answers", "nothing", 1), 0);
  constexpr std::size_t kFileHeader = 24;
  EXPECT_EQ(content("nothing").size(), kFileHeader);
}

TEST_F(ReplayTest, WhatIsNoCaptureIsRefused) {
  std::minstd_rand chance(3);
  std::string noise(4096, ' ');
  for (char& c : noise) c = static_cast<char>(chance());
  for (const std::string& text : {std::string(), std::string(100, '\0'), noise}) {
    write("in", text);
    EXPECT_THROW(replay("in", "", 1), std::runtime_error);
  }
}

TEST_F(ReplayTest, DamagedCapturesDoNoHarm) {
  write_conversation("in");
  const std::string whole = content("in");
  std::minstd_rand chance(7);
  for (int round = 0; round < 200; ++round) {
    std::string damaged = whole;
    // The file's own header stays, so that there is something to read.
    constexpr std::size_t kFileHeader = 24;
    for (int i = 0; i < 1 + round % 30; ++i) {
      damaged[kFileHeader + chance() % (damaged.size() - kFileHeader)] =
          static_cast<char>(chance());
    }
    if (round % 3 == 0) damaged.resize(kFileHeader + chance() % (damaged.size() - kFileHeader));
    write("damaged", damaged);
    const int status = replay("damaged", "", 1);
    EXPECT_TRUE(status == 0 || status == 1) << round;
  }
}

}  // namespace
}  // namespace sluice
