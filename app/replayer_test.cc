#include "app/replayer.h"

#include <gtest/gtest.h>

#include "tests/sim/guest_frames.h"

namespace sluice {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;

const Octets& question() {
  static const Octets frame =
      udp_frame({kGuestAddress, 5000}, {IpAddress::v4(192, 0, 2, 1), 9}, "x");
  return frame;
}

class ReplayerTest : public testing::Test {
 protected:
  CaptureLink link_{nullptr};
  ReplayHost host_{ReplayHost::Manner::kAccept};
  Nat nat_{NatConfig{}, link_, host_, Seed{}, Time{}};
  Replayer replayer_{nat_, link_, host_, Time{}};
};

TEST_F(ReplayerTest, FramesMeetTheCoreAtTheirOwnTimes) {
  replayer_.on_frame(Time{milliseconds(5)}, {question(), {}});
  EXPECT_EQ(replayer_.now(), Time{milliseconds(5)});
  EXPECT_EQ(nat_.counters().frames_in, 1U);
  EXPECT_EQ(host_.open_sockets(), 1U);
}

TEST_F(ReplayerTest, DeadlinesBetweenFramesAreMet) {
  replayer_.on_frame(Time{}, {question(), {}});
  replayer_.run_for(minutes(6));
  EXPECT_EQ(host_.open_sockets(), 0U) << "an unused flow ends";
  EXPECT_EQ(replayer_.now(), Time{minutes(6)});
}

TEST_F(ReplayerTest, TimeNeverGoesBack) {
  replayer_.on_frame(Time{minutes(1)}, {question(), {}});
  replayer_.on_frame(Time{}, {question(), {}});
  EXPECT_EQ(replayer_.now(), Time{minutes(1)});
  EXPECT_EQ(nat_.counters().frames_in, 2U);
}

TEST_F(ReplayerTest, YearsBetweenTwoFramesAreADay) {
  replayer_.on_frame(Time{}, {question(), {}});
  replayer_.on_frame(Time{hours(24 * 365 * 10)}, {question(), {}});
  EXPECT_EQ(replayer_.now(), Time{Replayer::kLongestGap});
  replayer_.on_frame(Time{hours(24 * 365 * 10) + milliseconds(7)}, {question(), {}});
  EXPECT_EQ(replayer_.now(), Time{Replayer::kLongestGap + milliseconds(7)});
}

}  // namespace
}  // namespace sluice
