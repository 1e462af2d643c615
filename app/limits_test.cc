#include "app/limits.h"

#include "gtest/gtest.h"

namespace sluice {
namespace {

TEST(LimitsWithin, ManyDescriptorsLowerNothing) {
  const Limits limits = limits_within(1048576);
  EXPECT_EQ(limits.tcp_flows, Limits().tcp_flows);
  EXPECT_EQ(limits.half_open_tcp_flows, Limits().half_open_tcp_flows);
  EXPECT_EQ(limits.udp_flows, Limits().udp_flows);
  EXPECT_EQ(limits.echo_flows, Limits().echo_flows);
}

TEST(LimitsWithin, FlowsOfAllKindsNeverNeedMoreThanThereAre) {
  for (const std::uint64_t descriptors : {256, 1024, 4096, 20000, 65536}) {
    const Limits limits = limits_within(descriptors);
    EXPECT_LT(limits.tcp_flows + limits.udp_flows + limits.echo_flows, descriptors);
    EXPECT_LT(limits.half_open_tcp_flows, limits.tcp_flows);
  }
}

TEST(LimitsWithin, HardlyAnyDescriptorsStillLeaveAFlowOfEachKind) {
  const Limits limits = limits_within(0);
  EXPECT_GT(limits.tcp_flows, limits.half_open_tcp_flows);
  EXPECT_GT(limits.half_open_tcp_flows, 0U);
  EXPECT_GT(limits.udp_flows, 0U);
  EXPECT_GT(limits.echo_flows, 0U);
}

TEST(LimitsWithin, WhatIsNoMatterOfDescriptorsStays) {
  EXPECT_EQ(limits_within(256).buffer_bytes, Limits().buffer_bytes);
  EXPECT_EQ(limits_within(256).datagram_peers, Limits().datagram_peers);
}

}  // namespace
}  // namespace sluice
