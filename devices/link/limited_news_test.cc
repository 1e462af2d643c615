#include "devices/link/limited_news.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice {
namespace {

using News = StreamPeer::News;

TEST(LimitedNews, APeerIsHeardInALogNowAndThenOnly) {
  Time now{};
  std::vector<std::string> told;
  const StreamPeer::Tell tell =
      limited([&](News, const std::string& what) { told.push_back(what); }, [&] { return now; });
  const StreamPeer::Tell copy = tell;
  for (int i = 0; i < 1000; ++i) (i % 2 == 0 ? tell : copy)(News::kComplaint, "nonsense");
  EXPECT_EQ(told.size(), 20U);
  now += std::chrono::seconds(1);
  told.clear();
  for (int i = 0; i < 5; ++i) tell(News::kLost, "gone");
  EXPECT_THAT(told, testing::ElementsAre("gone (980 more were not told)"));
  tell(News::kNotReached, "never");
  EXPECT_EQ(told.back(), "never (4 more were not told)");
}

}  // namespace
}  // namespace sluice
