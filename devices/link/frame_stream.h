// Frames in a stream of bytes: in front of each stands its length, four bytes, most significant
// first. So do emulators speak with each other over stream sockets.
//
// Frames are found where they were read, and put where they are written from. What breaks off in
// the midst of a frame waits for the rest; a length that no frame has breaks the stream, since
// nobody can tell where the next frame begins.

#ifndef SLUICE_DEVICES_LINK_FRAME_STREAM_H_
#define SLUICE_DEVICES_LINK_FRAME_STREAM_H_

#include <cstdint>
#include <memory>
#include <optional>

#include "stack/bytes.h"
#include "stack/link.h"

namespace sluice {

class FrameStreamReader {
 public:
  // The largest frame: 64 KiB of IP packet and the headers of the link below it.
  static constexpr std::size_t kMaxFrame = Link::kMaxReserve;

  FrameStreamReader();

  // Where to read bytes into, at least a frame of them. What next() gave is gone.
  MutableBytes room();
  // The first `size` bytes of the room have been read.
  void commit(std::size_t size) { end_ += size; }
  // The next frame that is whole. nullopt: the rest of it has not come, or the stream is broken.
  std::optional<Bytes> next();
  // Whether part of a frame is all that is left of what has been read, once next() has no more.
  bool in_frame() const { return begin_ != end_; }
  // The length that no frame has, once it has been met.
  std::optional<std::uint32_t> broken() const { return broken_; }
  // Forgets everything: another stream begins.
  void reset();

 private:
  static constexpr std::size_t kSize = std::size_t{1} << 20;

  // Not initialised: a page is the kernel's until a frame reaches into it.
  std::unique_ptr<std::uint8_t[]> bytes_;
  std::size_t begin_ = 0;  // of what has been read and not given
  std::size_t end_ = 0;
  std::optional<std::uint32_t> broken_;
};

class FrameStreamWriter;

// Writes a frame as Link::commit() gets it, its checksums completed, or the segments that it is to
// be cut into. False if they did not all find room.
bool emit_frames(MutableBytes head, gsl::span<const Bytes> payload, const Offload& offload,
                 FrameStreamWriter& into);

// Also a queue of frames for who writes them one by one.
class FrameStreamWriter {
 public:
  // Bytes of the length in front of each frame.
  static constexpr std::size_t kLength = sizeof(std::uint32_t);

  FrameStreamWriter();

  // Room for a frame of at most `size` bytes, up to Link::kMaxReserve; empty if too much waits
  // already.
  MutableBytes room(std::size_t size);
  // So much waits that the socket does not run dry, and there is room for what answers and
  // acknowledges. More would not leave sooner, and out of the processor's caches.
  bool has_room() const { return end_ - begin_ < kEnough; }
  // The first `size` bytes of the room are a frame.
  void commit(std::size_t size);

  // Puts bytes of the stream behind what waits: the rest of what has been written in part. There
  // is room for it where nothing waited before.
  void append(Bytes bytes);

  // What is to be written to the socket, and that so much of it has been.
  Bytes waiting() const { return Bytes(bytes_.get(), kSize).subspan(begin_, end_ - begin_); }
  void consume(std::size_t size);
  // The first frame of those that wait, of which there is one, for who writes them one by one; and
  // that it has been.
  Bytes front() const;
  void drop_front() { consume(kLength + front().size()); }
  void reset() { begin_ = end_ = 0; }

 private:
  // What a flow has on its way, and as much again for others.
  static constexpr std::size_t kSize = std::size_t{4} << 20;
  static constexpr std::size_t kEnough = std::size_t{512} << 10;

  std::unique_ptr<std::uint8_t[]> bytes_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace sluice

#endif  // SLUICE_DEVICES_LINK_FRAME_STREAM_H_
