#include "app/replayer.h"

#include <gtest/gtest.h>

#include "tests/sim/guest_frames.h"

namespace sluice {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr Endpoint kServer{IpAddress::v4(192, 0, 2, 1), 80};

class ReplayerTest : public testing::Test {
 protected:
  void feed(Time time, const FrameBytes& bytes) { replayer_.on_frame(time, Frame{.bytes = bytes}); }

  static FrameBytes syn() {
    return tcp_frame(kGuestAddress, kServer.address,
                     {.source_port = 5000,
                      .destination_port = kServer.port,
                      .sequence = 1,
                      .flags = {.syn = true},
                      .window = 1000},
                     {}, {});
  }

  CaptureLink link_{nullptr};
  ReplayHost host_{ReplayHost::Manner::kAccept};
  Nat nat_{NatConfig{}, link_, host_, Seed{}, Time{}};
  Replayer replayer_{nat_, link_, host_, Time{}};
};

TEST_F(ReplayerTest, FeedsEachFrameAtItsTime) {
  feed(Time(seconds(3)), syn());
  EXPECT_EQ(replayer_.now(), Time(seconds(3)));
  EXPECT_EQ(nat_.counters().tcp_flows, 1U);
  replayer_.run_for(seconds(2));
  EXPECT_EQ(replayer_.now(), Time(seconds(5)));
}

TEST_F(ReplayerTest, AHostThatAcceptsIsToldOfAtOnceAndItsAnswerIsSentAgain) {
  feed(Time(seconds(1)), syn());
  const std::uint64_t answers = link_.frames();
  EXPECT_GE(answers, 1U);
  replayer_.run_for(seconds(10));
  EXPECT_GT(link_.frames(), answers);
}

TEST_F(ReplayerTest, AGapOfYearsIsOneOfADay) {
  feed(Time(seconds(1)), syn());
  feed(Time(hours(24 * 365 * 50)), syn());
  EXPECT_EQ(replayer_.now(), Time(seconds(1)) + Replayer::kLongestGap);
  feed(Time(hours(24 * 365 * 50) + seconds(2)), syn());
  EXPECT_EQ(replayer_.now(), Time(seconds(3)) + Replayer::kLongestGap);
}

TEST_F(ReplayerTest, TimeThatRunsBackwardsStands) {
  feed(Time(seconds(5)), syn());
  feed(Time(seconds(2)), syn());
  feed(Time{}, syn());
  EXPECT_EQ(replayer_.now(), Time(seconds(5)));
}

}  // namespace
}  // namespace sluice
