#include "app/summary.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(Summary, NamesTheReasonsForWhichSomethingWasDropped) {
  Counters counters;
  counters.frames_in = 12;
  counters.tcp_flows = 3;
  counters.count(Drop::kBadChecksum);
  counters.count(Drop::kBadChecksum);
  counters.count(Drop::kPolicy);
  const std::string text = summary_of(counters);
  EXPECT_NE(text.find("frames from the guest   12\n"), std::string::npos) << text;
  EXPECT_NE(text.find("tcp flows               3\n"), std::string::npos) << text;
  EXPECT_NE(text.find("dropped                 3\n"), std::string::npos) << text;
  EXPECT_NE(text.find("  bad-checksum          2\n"), std::string::npos) << text;
  EXPECT_EQ(text.find("truncated"), std::string::npos) << text;
}

TEST(Summary, CountersAddUp) {
  Counters a;
  Counters b;
  a.frames_out = 1;
  b.frames_out = 2;
  a.count(Drop::kLinkFull);
  b.count(Drop::kLinkFull);
  EXPECT_EQ((a + b).frames_out, 3U);
  EXPECT_EQ((a + b).dropped(Drop::kLinkFull), 2U);
}

}  // namespace
}  // namespace sluice
