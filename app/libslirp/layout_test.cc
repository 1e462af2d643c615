// Our header against the one that programs were compiled with.

#include <gtest/gtest.h>

#include "app/libslirp/layout_table.h"

namespace sluice {
namespace {

TEST(LibslirpLayout, IsThatOfTheSystemsHeader) {
  const std::vector<LayoutEntry> ours = our_layout();
  const std::vector<LayoutEntry> theirs = libslirp_layout();
  ASSERT_EQ(ours.size(), theirs.size());
  ASSERT_GT(ours.size(), 60U);
  for (std::size_t i = 0; i < ours.size(); ++i) {
    EXPECT_EQ(ours[i].name, theirs[i].name);
    EXPECT_EQ(ours[i].value, theirs[i].value) << ours[i].name;
    EXPECT_EQ(ours[i].type, theirs[i].type) << ours[i].name;
  }
}

}  // namespace
}  // namespace sluice
