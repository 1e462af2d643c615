#include "nat/policy.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

constexpr IpAddress kLoopback = IpAddress::v4(127, 0, 0, 1);
constexpr IpAddress kOutside = IpAddress::v4(192, 0, 2, 1);

TEST(Policy, AllowsTheOutsideAndTheHostsLoopbackUnlessToldOtherwise) {
  const Policy policy{PolicyConfig{}};
  EXPECT_TRUE(policy.allows(kOutside));
  EXPECT_TRUE(policy.allows(kLoopback));
}

TEST(Policy, RestrictedAllowsOnlyWhatTheUserNamed) {
  const Policy policy{PolicyConfig{.restricted = true}};
  EXPECT_FALSE(policy.allows(kOutside));
  EXPECT_FALSE(policy.allows(kLoopback));
}

TEST(Policy, WithoutLoopbackEverySpellingOfItIsClosed) {
  const Policy policy{PolicyConfig{.host_loopback = false}};
  for (const char* const text : {"127.0.0.1", "127.255.255.254", "0.0.0.0", "0.1.2.3", "::1",
                                 "::", "::ffff:127.0.0.1", "::ffff:0.0.0.0", "::127.0.0.1"}) {
    EXPECT_FALSE(policy.allows(*IpAddress::parse(text))) << text;
  }
  EXPECT_TRUE(policy.allows(kOutside));
}

TEST(Policy, NeverAllowsAGuestWhatIsNoHost) {
  const Policy policy{PolicyConfig{}};
  for (const char* const text : {"0.0.0.0", "224.0.0.251", "239.1.1.1", "240.0.0.1",
                                 "255.255.255.255", "ff02::1", "::192.0.2.1"}) {
    EXPECT_FALSE(policy.allows(*IpAddress::parse(text))) << text;
  }
}

}  // namespace
}  // namespace sluice
