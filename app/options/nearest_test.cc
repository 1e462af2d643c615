#include "app/options/nearest.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>

namespace sluice {
namespace {

constexpr std::array<std::string_view, 4> kWords = {"hostfwd", "hostname", "net", "dns"};

TEST(EditDistance, CountsWhatWasDoneToTheWord) {
  EXPECT_EQ(edit_distance("", ""), 0U);
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("hostfw", "hostfwd"), 1U);
  EXPECT_EQ(edit_distance("hsotfwd", "hostfwd"), 1U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
}

TEST(Nearest, FindsTheWordThatWasMistyped) {
  EXPECT_EQ(nearest("hostfw", kWords), "hostfwd");
  EXPECT_EQ(nearest("hsotname", kWords), "hostname");
  EXPECT_EQ(nearest("dsn", kWords), "dns");
}

TEST(Nearest, SuggestsNothingForAnotherWord) {
  EXPECT_EQ(nearest("pineapple", kWords), std::nullopt);
  EXPECT_EQ(nearest("", kWords), std::nullopt);
  EXPECT_EQ(nearest("x", kWords), std::nullopt);
}

TEST(Suggestion, ListsWhatIsThereWhenNothingIsNear) {
  EXPECT_EQ(suggestion("hostfw", kWords), "; did you mean 'hostfwd'?");
  EXPECT_EQ(suggestion("q", kWords), "; expected one of hostfwd, hostname, net, dns");
}

RC_GTEST_PROP(EditDistance, IsSymmetricAndZeroOnlyForEquals,
              (const std::string& a, const std::string& b)) {
  RC_ASSERT(edit_distance(a, b) == edit_distance(b, a));
  RC_ASSERT((edit_distance(a, b) == 0) == (a == b));
}

}  // namespace
}  // namespace sluice
