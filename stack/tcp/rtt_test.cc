#include "stack/tcp/rtt.h"

#include <gtest/gtest.h>

namespace sluice::tcp {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(RttEstimator, FollowsTheMeasurementsAsRfc6298Computes) {
  RttEstimator rtt;
  rtt.sample(milliseconds(100));
  EXPECT_EQ(rtt.smoothed(), milliseconds(100));
  EXPECT_EQ(rtt.timeout(0, false), milliseconds(300));  // SRTT + 4 R / 2
  rtt.sample(milliseconds(200));
  // RTTVAR = 3/4 * 50 + 1/4 * |100 - 200|, SRTT = 7/8 * 100 + 1/8 * 200
  EXPECT_EQ(rtt.smoothed(), microseconds(112'500));
  EXPECT_EQ(rtt.timeout(0, false), microseconds(112'500 + 4 * 62'500));
}

TEST(RttEstimator, DoublesUpToALimit) {
  RttEstimator rtt;
  EXPECT_EQ(rtt.timeout(0, false), seconds(1));
  EXPECT_EQ(rtt.timeout(3, false), seconds(8));
  EXPECT_EQ(rtt.timeout(200, false), seconds(60));
  EXPECT_EQ(rtt.timeout(0, true), seconds(3)) << "RFC 6298, section 5.7";
}

TEST(RttEstimator, ANearPeerGetsTheLeastTimeout) {
  RttEstimator rtt;
  rtt.sample(microseconds(30));
  EXPECT_EQ(rtt.timeout(0, false), milliseconds(200));
}

}  // namespace
}  // namespace sluice::tcp
