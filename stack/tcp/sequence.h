// Sequence numbers: 32 bits that wrap (RFC 9293, section 3.4).
//
// Two numbers are compared by the sign of their distance, which is right as long as they are less
// than 2^31 apart; windows are far smaller. The order is not transitive, so there is no operator<.

#ifndef SLUICE_STACK_TCP_SEQUENCE_H_
#define SLUICE_STACK_TCP_SEQUENCE_H_

#include <cstdint>

namespace sluice::tcp {

class Sequence {
 public:
  constexpr Sequence() = default;
  explicit constexpr Sequence(std::uint32_t number) : number_(number) {}

  constexpr std::uint32_t number() const { return number_; }

  constexpr bool before(Sequence other) const { return distance(other, *this) < 0; }
  constexpr bool at_or_before(Sequence other) const { return distance(other, *this) <= 0; }
  constexpr bool after(Sequence other) const { return distance(other, *this) > 0; }
  constexpr bool at_or_after(Sequence other) const { return distance(other, *this) >= 0; }

  // How far `to` lies behind `from`; negative when it lies in front of it.
  static constexpr std::int32_t distance(Sequence from, Sequence to) {
    return static_cast<std::int32_t>(to.number_ - from.number_);
  }

  friend constexpr Sequence operator+(Sequence sequence, std::uint32_t count) {
    return Sequence(sequence.number_ + count);
  }
  friend constexpr Sequence operator-(Sequence sequence, std::uint32_t count) {
    return Sequence(sequence.number_ - count);
  }
  // The bytes from `from` to `to`, which must not lie before it.
  friend constexpr std::uint32_t operator-(Sequence to, Sequence from) {
    return to.number_ - from.number_;
  }
  Sequence& operator+=(std::uint32_t count) {
    number_ += count;
    return *this;
  }
  friend constexpr bool operator==(Sequence, Sequence) = default;

 private:
  std::uint32_t number_ = 0;
};

constexpr Sequence later(Sequence a, Sequence b) {
  return a.after(b) ? a : b;
}
constexpr Sequence earlier(Sequence a, Sequence b) {
  return a.before(b) ? a : b;
}

// Half-open: [begin, end).
struct Range {
  Sequence begin;
  Sequence end;

  std::uint32_t size() const { return end - begin; }
  friend bool operator==(const Range&, const Range&) = default;
};

}  // namespace sluice::tcp

#endif  // SLUICE_STACK_TCP_SEQUENCE_H_
