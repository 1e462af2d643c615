// A ring of bytes: what is in flight towards one side of a flow.
//
// It has no memory until it grows, and gives it back when it goes or shrinks. Bytes enter at the
// end and leave at the front; further bytes may be put aside beyond the end, at an offset, until
// what lies between has come: that is where segments that arrive out of order wait, in place.

#ifndef SLUICE_STACK_BYTE_RING_H_
#define SLUICE_STACK_BYTE_RING_H_

#include <array>
#include <cstdint>

#include "stack/buffer_pool.h"
#include "stack/bytes.h"
#include "stack/scattered_bytes.h"

namespace sluice {

class ByteRing {
 public:
  explicit ByteRing(BufferPool& pool) : pool_(pool) {}
  ~ByteRing() { pool_.release(std::move(block_)); }
  ByteRing(const ByteRing&) = delete;
  ByteRing& operator=(const ByteRing&) = delete;

  std::uint32_t size() const { return size_; }
  std::uint32_t capacity() const { return block_.size; }
  std::uint32_t free() const { return block_.size - size_; }

  // Makes the capacity at least `capacity`, keeping everything, what was put aside included. False,
  // and nothing changed, when the pool gives no more.
  bool grow(std::uint32_t capacity);

  // Makes the capacity `capacity` if that is less and holds everything; nothing may have been put
  // aside.
  void shrink(std::uint32_t capacity);

  // Free room behind the end, at most `limit` bytes, as one or two pieces; commit() makes the first
  // `count` bytes of it part of the ring.
  std::array<MutableBytes, 2> room(std::uint32_t limit);
  void commit(std::uint32_t count);
  // Copies as much of `bytes` as fits behind the end; returns how much.
  std::uint32_t append(Bytes bytes);
  // Copies `bytes` to `offset` bytes past the end, all or nothing; true if it fits.
  bool put_aside(std::uint32_t offset, const ScatteredBytes& bytes);

  // `count` bytes from `offset` past the front, as one or two pieces. They must be there.
  std::array<Bytes, 2> pieces(std::uint32_t offset, std::uint32_t count) const;
  void consume(std::uint32_t count);
  // The end has moved on without its bytes having come here: the ring must be empty.
  void skip(std::uint32_t count);

 private:
  std::uint32_t index(std::uint32_t offset) const { return (head_ + offset) & (block_.size - 1); }
  std::array<MutableBytes, 2> span(std::uint32_t offset, std::uint32_t count) const;
  // Takes another block, with the first `kept` bytes from the front.
  bool move_to(std::uint32_t capacity, std::uint32_t kept);

  BufferPool& pool_;
  BufferPool::Block block_;
  std::uint32_t head_ = 0;
  std::uint32_t size_ = 0;
};

}  // namespace sluice

#endif  // SLUICE_STACK_BYTE_RING_H_
