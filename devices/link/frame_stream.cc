#include "devices/link/frame_stream.h"

#include <cstring>

#include <gsl/assert>

#include "stack/segmenter.h"

namespace sluice {
namespace {

constexpr std::size_t kLength = FrameStreamWriter::kLength;

// Moves [begin, end) to the front.
void compact(std::uint8_t* bytes, std::size_t& begin, std::size_t& end) {
  if (begin == 0) return;
  std::memmove(bytes, bytes + begin, end - begin);
  end -= begin;
  begin = 0;
}

}  // namespace

FrameStreamReader::FrameStreamReader() : bytes_(new std::uint8_t[kSize]) {}

MutableBytes FrameStreamReader::room() {
  if (begin_ == end_) begin_ = end_ = 0;
  if (kSize - end_ < kLength + kMaxFrame) compact(bytes_.get(), begin_, end_);
  return MutableBytes(bytes_.get(), kSize).subspan(end_);
}

std::optional<Bytes> FrameStreamReader::next() {
  const Bytes rest = Bytes(bytes_.get(), kSize).subspan(begin_, end_ - begin_);
  if (broken_ || rest.size() < kLength) return std::nullopt;
  const auto length = load_big<std::uint32_t>(rest, 0);
  if (length > kMaxFrame) {
    broken_ = length;
    return std::nullopt;
  }
  if (rest.size() < kLength + length) return std::nullopt;
  begin_ += kLength + length;
  return rest.subspan(kLength, length);
}

void FrameStreamReader::reset() {
  begin_ = end_ = 0;
  broken_.reset();
}

FrameStreamWriter::FrameStreamWriter() : bytes_(new std::uint8_t[kSize]) {}

MutableBytes FrameStreamWriter::room(std::size_t size) {
  Expects(size <= Link::kMaxReserve);
  if (kSize - end_ < kLength + size) compact(bytes_.get(), begin_, end_);
  if (kSize - end_ < kLength + size) return {};
  return MutableBytes(bytes_.get(), kSize).subspan(end_ + kLength, size);
}

void FrameStreamWriter::commit(std::size_t size) {
  const MutableBytes frame = MutableBytes(bytes_.get(), kSize).subspan(end_, kLength + size);
  store_big(frame, 0, static_cast<std::uint32_t>(size));
  end_ += frame.size();
}

void FrameStreamWriter::append(Bytes bytes) {
  copy_bytes(bytes, MutableBytes(bytes_.get(), kSize).subspan(end_, bytes.size()));
  end_ += bytes.size();
}

Bytes FrameStreamWriter::front() const {
  return waiting().subspan(kLength, load_big<std::uint32_t>(waiting(), 0));
}

void FrameStreamWriter::consume(std::size_t size) {
  Expects(size <= end_ - begin_);
  begin_ += size;
  if (begin_ == end_) begin_ = end_ = 0;
}

bool emit_frames(MutableBytes head, gsl::span<const Bytes> payload, const Offload& offload,
                 FrameStreamWriter& into) {
  if (offload.segmentation == Segmentation::kNone) {
    complete_checksum(head, payload, offload);
    const std::size_t size = head.size() + total_size(payload);
    MutableBytes room = into.room(size);
    if (room.empty()) return false;
    copy_bytes(head, room);
    room = room.subspan(head.size());
    for (const Bytes piece : payload) {
      copy_bytes(piece, room);
      room = room.subspan(piece.size());
    }
    into.commit(size);
    return true;
  }
  Segmenter segmenter(head, payload, offload);
  while (const std::size_t size = segmenter.next_size()) {
    const MutableBytes room = into.room(size);
    if (room.empty()) return false;
    segmenter.next(room);
    into.commit(size);
  }
  return true;
}

}  // namespace sluice
