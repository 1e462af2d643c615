// A fuzz input as a program: numbers and pieces read from its front, zeros behind its end.

#ifndef SLUICE_FUZZ_PROGRAM_H_
#define SLUICE_FUZZ_PROGRAM_H_

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "stack/bytes.h"

namespace sluice {

// What a fuzz target claims; a claim that does not hold ends the process.
inline void require(bool condition) {
  if (!condition) std::abort();
}

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
  // As many bytes as the number in front of them says, if there are as many.
  Bytes piece() {
    const std::size_t size = number();
    const Bytes taken = rest_.first(std::min(size, rest_.size()));
    rest_ = rest_.subspan(taken.size());
    return taken;
  }

 private:
  Bytes rest_;
};

}  // namespace sluice

#endif  // SLUICE_FUZZ_PROGRAM_H_
