// A fuzz input read as a program: from its front, zeros behind its end.

#ifndef SLUICE_FUZZ_PROGRAM_H_
#define SLUICE_FUZZ_PROGRAM_H_

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "stack/bytes.h"

namespace sluice {

class Program {
 public:
  explicit Program(Bytes bytes) : rest_(bytes) {}

  bool at_end() const { return rest_.empty(); }
  std::uint8_t number() {
    if (rest_.empty()) return 0;
    const std::uint8_t first = rest_[0];
    rest_ = rest_.subspan(1);
    return first;
  }
  std::uint16_t number16() {
    const std::uint16_t high = number();
    return static_cast<std::uint16_t>(high << 8 | number());
  }
  // A length of one byte and so many bytes, or as many as there are.
  Bytes piece() {
    const std::size_t size = number();
    const Bytes taken = rest_.first(std::min(size, rest_.size()));
    rest_ = rest_.subspan(taken.size());
    return taken;
  }
  // Makes a few bytes what they should not be. There must be some.
  void damage(MutableBytes bytes) {
    for (std::uint8_t i = number() % 8; i > 0; --i) {
      const std::size_t at = std::size_t{number()} * 2 + number();
      bytes[at % bytes.size()] = number();
    }
  }

 private:
  Bytes rest_;
};

// What must hold for every input.
inline void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace sluice

#endif  // SLUICE_FUZZ_PROGRAM_H_
