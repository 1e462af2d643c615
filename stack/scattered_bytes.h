// Bytes that follow each other and lie in several places: payload where a guest's kernel has it.

#ifndef SLUICE_STACK_SCATTERED_BYTES_H_
#define SLUICE_STACK_SCATTERED_BYTES_H_

#include <algorithm>
#include <vector>

#include <gsl/assert>

#include "stack/bytes.h"

namespace sluice {

// A view, which owns nothing.
class ScatteredBytes {
 public:
  ScatteredBytes() = default;
  // NOLINTNEXTLINE(google-explicit-constructor): bytes in one place are the usual case.
  ScatteredBytes(Bytes bytes) : first_(bytes), size_(bytes.size()) {}
  ScatteredBytes(Bytes first, gsl::span<const Bytes> rest)
      : first_(first), rest_(rest), size_(first.size() + total_size(rest)) {}

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  // `count` bytes from `offset` on, which must be there.
  ScatteredBytes subspan(std::size_t offset, std::size_t count) const {
    Expects(offset <= size_ && count <= size_ - offset);
    ScatteredBytes part = *this;
    while (offset > part.first_.size()) {
      offset -= part.first_.size();
      part.first_ = part.rest_.front();
      part.rest_ = part.rest_.subspan(1);
    }
    part.first_ = part.first_.subspan(offset);
    part.size_ = count;
    return part;
  }
  ScatteredBytes subspan(std::size_t offset) const { return subspan(offset, size_ - offset); }

  // Calls `visit` with each piece, in order; none is empty.
  template <typename Visit>
  void for_each(Visit visit) const {
    std::size_t left = size_;
    const auto part = [&](Bytes piece) {
      const Bytes used = piece.first(std::min(piece.size(), left));
      left -= used.size();
      if (!used.empty()) visit(used);
    };
    part(first_);
    for (const Bytes piece : rest_) part(piece);
  }

  std::vector<std::uint8_t> to_vector() const {
    std::vector<std::uint8_t> bytes;
    bytes.reserve(size_);
    for_each([&](Bytes piece) { bytes.insert(bytes.end(), piece.begin(), piece.end()); });
    return bytes;
  }

 private:
  Bytes first_;
  gsl::span<const Bytes> rest_;
  std::size_t size_ = 0;  // what lies behind so many does not belong to it
};

}  // namespace sluice

#endif  // SLUICE_STACK_SCATTERED_BYTES_H_
