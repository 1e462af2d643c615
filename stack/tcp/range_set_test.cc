#include "stack/tcp/range_set.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>
#include <vector>

namespace sluice::tcp {
namespace {

constexpr Sequence kBase{0xffffff00};  // the ranges wrap

Range range(std::uint32_t begin, std::uint32_t end) {
  return {kBase + begin, kBase + end};
}

TEST(RangeSet, TouchingRangesBecomeOne) {
  RangeSet set;
  EXPECT_TRUE(set.add(range(10, 20)));
  EXPECT_TRUE(set.add(range(30, 40)));
  Range joined;
  EXPECT_TRUE(set.add(range(20, 30), &joined));
  EXPECT_EQ(joined, range(10, 40));
  ASSERT_EQ(set.ranges().size(), 1U);
  EXPECT_EQ(set.covered(), 30U);
}

TEST(RangeSet, ARangeTooManyIsRefusedAndChangesNothing) {
  RangeSet set;
  for (std::uint32_t i = 0; i < RangeSet::kCapacity; ++i)
    EXPECT_TRUE(set.add(range(i * 4, i * 4 + 2)));
  EXPECT_FALSE(set.add(range(5000, 5001)));
  EXPECT_EQ(set.ranges().size(), RangeSet::kCapacity);
  EXPECT_TRUE(set.add(range(1, 3))) << "a range that joins others still fits";
}

RC_GTEST_PROP(RangeSet, BehavesAsASetOfNumbers, ()) {
  RangeSet set;
  std::set<std::uint32_t> model;
  const auto ranges = *rc::gen::container<std::vector<std::pair<std::uint32_t, std::uint32_t>>>(
      rc::gen::pair(rc::gen::inRange(0U, 500U), rc::gen::inRange(1U, 30U)));
  for (const auto& [begin, size] : ranges) {
    if (!set.add(range(begin, begin + size))) continue;
    for (std::uint32_t i = 0; i < size; ++i) model.insert(begin + i);
  }
  const auto bound = *rc::gen::inRange(0U, 500U);
  set.remove_before(kBase + bound);
  model.erase(model.begin(), model.lower_bound(bound));
  RC_ASSERT(set.covered() == model.size());
  const auto from = *rc::gen::inRange(bound, 600U);
  RC_ASSERT(set.covered_from(kBase + from) ==
            static_cast<std::size_t>(std::distance(model.lower_bound(from), model.end())));
  const Range gap = set.first_gap(kBase + from, kBase + 600);
  std::uint32_t begin = from;
  while (begin < 600 && model.contains(begin)) ++begin;
  std::uint32_t end = begin;
  while (end < 600 && !model.contains(end)) ++end;
  RC_ASSERT(gap.size() == end - begin);
  if (gap.size() != 0) RC_ASSERT(gap.begin == kBase + begin);
}

}  // namespace
}  // namespace sluice::tcp
