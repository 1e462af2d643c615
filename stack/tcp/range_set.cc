#include "stack/tcp/range_set.h"

#include <algorithm>

namespace sluice::tcp {

std::uint32_t RangeSet::covered_from(Sequence from) const {
  std::uint32_t sum = 0;
  for (const Range& range : ranges()) {
    if (range.end.after(from)) sum += range.end - later(range.begin, from);
  }
  return sum;
}

bool RangeSet::add(Range range, Range* joined) {
  const auto begin = ranges_.begin();
  const auto end = begin + count_;
  // [first, last) are the ranges that `range` overlaps or touches.
  const auto first =
      std::find_if(begin, end, [&](const Range& r) { return r.end.at_or_after(range.begin); });
  const auto last =
      std::find_if(first, end, [&](const Range& r) { return r.begin.after(range.end); });
  if (first == last) {
    if (count_ == kCapacity) return false;
    std::copy_backward(first, end, end + 1);
    ++count_;
  } else {
    range.begin = earlier(range.begin, first->begin);
    range.end = later(range.end, (last - 1)->end);
    for (auto it = first; it != last; ++it) covered_ -= it->size();
    std::copy(last, end, first + 1);
    count_ -= static_cast<std::uint32_t>(last - first) - 1;
  }
  *first = range;
  covered_ += range.size();
  if (joined != nullptr) *joined = range;
  return true;
}

void RangeSet::remove_before(Sequence bound) {
  const auto begin = ranges_.begin();
  const auto end = begin + count_;
  const auto kept = std::find_if(begin, end, [&](const Range& r) { return r.end.after(bound); });
  for (auto it = begin; it != kept; ++it) covered_ -= it->size();
  std::copy(kept, end, begin);
  count_ = static_cast<std::uint32_t>(end - kept);
  if (count_ != 0 && ranges_.front().begin.before(bound)) {
    covered_ -= bound - ranges_.front().begin;
    ranges_.front().begin = bound;
  }
}

Range RangeSet::first_gap(Sequence from, Sequence limit) const {
  for (const Range& range : ranges()) {
    if (range.end.at_or_before(from)) continue;
    if (range.begin.after(from)) {
      return from.before(limit) ? Range{from, earlier(range.begin, limit)} : Range{limit, limit};
    }
    from = range.end;
  }
  return from.before(limit) ? Range{from, limit} : Range{limit, limit};
}

}  // namespace sluice::tcp
