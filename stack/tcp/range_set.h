// Disjoint ranges of sequence numbers above some lower bound, in order, at most kCapacity of them.
//
// Both ends of a connection need one: the receiver for what has come out of order, the sender for
// what the peer has acknowledged selectively. It exists only while there is such a range, and it
// never grows: a range that does not fit is refused, which costs a retransmission, not memory.

#ifndef SLUICE_STACK_TCP_RANGE_SET_H_
#define SLUICE_STACK_TCP_RANGE_SET_H_

#include <array>
#include <cstdint>

#include <gsl/span>

#include "stack/tcp/sequence.h"

namespace sluice::tcp {

class RangeSet {
 public:
  static constexpr std::size_t kCapacity = 64;

  bool empty() const { return count_ == 0; }
  gsl::span<const Range> ranges() const { return gsl::span(ranges_).first(count_); }
  // Bytes covered by all ranges.
  std::uint32_t covered() const { return covered_; }
  // Bytes covered at or above `from`.
  std::uint32_t covered_from(Sequence from) const;

  // Adds a range, joined with those it touches. False, and nothing changed, if it does not fit.
  // On success the range that now holds it is moved to *joined when that is given.
  bool add(Range range, Range* joined = nullptr);
  // Forgets everything before `bound`.
  void remove_before(Sequence bound);
  void clear() { count_ = covered_ = 0; }

  // The first uncovered run at or after `from` and before `limit`; empty when there is none.
  Range first_gap(Sequence from, Sequence limit) const;

 private:
  std::array<Range, kCapacity> ranges_;
  std::uint32_t count_ = 0;
  std::uint32_t covered_ = 0;
};

}  // namespace sluice::tcp

#endif  // SLUICE_STACK_TCP_RANGE_SET_H_
