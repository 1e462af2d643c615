#include "stack/byte_ring.h"

#include <algorithm>

#include <gsl/assert>

namespace sluice {
namespace {

// Copies as many bytes as there is room for.
void fill(const std::array<MutableBytes, 2>& room, Bytes bytes) {
  copy_bytes(bytes.first(room[0].size()), room[0]);
  copy_bytes(bytes.subspan(room[0].size(), room[1].size()), room[1]);
}

}  // namespace

bool ByteRing::grow(std::uint32_t capacity) {
  // Everything is kept, since bytes may have been put aside anywhere beyond the end.
  return capacity <= block_.size || move_to(capacity, block_.size);
}

void ByteRing::shrink(std::uint32_t capacity) {
  if (capacity < block_.size && size_ <= capacity) move_to(capacity, size_);
}

bool ByteRing::move_to(std::uint32_t capacity, std::uint32_t kept) {
  BufferPool::Block block = pool_.acquire(capacity);
  if (!block.bytes) return false;
  const auto [first, second] = span(0, kept);
  const MutableBytes to(block.bytes.get(), kept);
  copy_bytes(first, to);
  copy_bytes(second, to.subspan(first.size()));
  pool_.release(std::move(block_));
  block_ = std::move(block);
  head_ = 0;
  return true;
}

std::array<MutableBytes, 2> ByteRing::span(std::uint32_t offset, std::uint32_t count) const {
  if (count == 0) return {};
  const std::uint32_t begin = index(offset);
  const std::uint32_t first = std::min(count, block_.size - begin);
  return {MutableBytes(block_.bytes.get() + begin, first),
          MutableBytes(block_.bytes.get(), count - first)};
}

std::array<MutableBytes, 2> ByteRing::room(std::uint32_t limit) {
  return span(size_, std::min(limit, free()));
}

void ByteRing::commit(std::uint32_t count) {
  Expects(count <= free());
  size_ += count;
}

std::uint32_t ByteRing::append(Bytes bytes) {
  const auto count = static_cast<std::uint32_t>(std::min<std::size_t>(bytes.size(), free()));
  fill(span(size_, count), bytes);
  size_ += count;
  return count;
}

bool ByteRing::put_aside(std::uint32_t offset, const ScatteredBytes& bytes) {
  if (offset > free() || bytes.size() > free() - offset) return false;
  std::uint32_t at = size_ + offset;
  bytes.for_each([&](Bytes piece) {
    const auto count = static_cast<std::uint32_t>(piece.size());
    fill(span(at, count), piece);
    at += count;
  });
  return true;
}

std::array<Bytes, 2> ByteRing::pieces(std::uint32_t offset, std::uint32_t count) const {
  Expects(offset <= size_ && count <= size_ - offset);
  const auto [first, second] = span(offset, count);
  return {first, second};
}

void ByteRing::consume(std::uint32_t count) {
  Expects(count <= size_);
  size_ -= count;
  head_ = block_.size == 0 ? 0 : index(count);
}

void ByteRing::skip(std::uint32_t count) {
  Expects(size_ == 0);
  if (block_.size != 0) head_ = index(count);
}

}  // namespace sluice
