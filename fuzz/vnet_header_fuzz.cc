// The virtio header in front of a tap's frames: the first ten bytes are the header, the rest the
// frame. What is accepted must lie within the frame, and must survive being cut for a link whose
// other end takes over nothing, and being written again.

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include <gsl/assert>

#include "devices/link/frame_stream.h"
#include "devices/link/vnet_header.h"
#include "stack/segmenter.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;  // NOLINT(google-build-using-namespace): the function is all there is
  const Bytes input(data, size);
  if (input.size() < kVnetHeaderSize) return 0;
  const Bytes frame = input.subspan(kVnetHeaderSize);
  const auto offload = parse_vnet_header(input.first(kVnetHeaderSize), frame);
  if (!offload) return 0;

  if (offload->checksum == ChecksumState::kPartial) {
    Ensures(std::size_t{offload->checksum_start} + offload->checksum_offset + 2 <= frame.size());
  }
  Ensures(offload->header_size <= frame.size());

  // As a switch hands it to a link whose other end takes over nothing.
  const std::size_t size_of_head = headers_size({frame, *offload});
  std::vector<std::uint8_t> head(frame.begin(),
                                 frame.begin() + static_cast<std::ptrdiff_t>(size_of_head));
  const Bytes payload = frame.subspan(size_of_head);
  static FrameStreamWriter writer;
  writer.reset();
  const bool whole = offload->segmentation == Segmentation::kNone || can_be_cut(frame, *offload);
  if (frame.size() <= Link::kMaxReserve && whole) {
    emit_frames(head, gsl::span(&payload, 1), *offload, writer);
  }

  std::array<std::uint8_t, kVnetHeaderSize> header{};
  emit_vnet_header(*offload, frame.size(), header);
  const auto again = parse_vnet_header(header, frame);
  Ensures(again && again->checksum == offload->checksum &&
          again->checksum_start == offload->checksum_start &&
          again->checksum_offset == offload->checksum_offset &&
          again->segmentation == offload->segmentation &&
          again->segment_size == offload->segment_size &&
          again->header_size == offload->header_size);
  return 0;
}
