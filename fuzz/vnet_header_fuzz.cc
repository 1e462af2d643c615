// The virtio header in front of a tap's frames: the first ten bytes are the header, the rest the
// frame. What is accepted must lie within the frame, and must survive being cut for a link whose
// other end takes over nothing, and being written again.

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include <gsl/assert>

#include "devices/link/frame_stream.h"
#include "stack/segmenter.h"
#include "stack/wire/ethernet.h"
#include "stack/wire/vnet_header.h"

namespace {

using namespace sluice;  // NOLINT(google-build-using-namespace): one program

// As a switch hands it to a link whose other end takes over nothing.
void cut(Bytes frame, const Offload& offload) {
  if (frame.size() < EthernetHeader::kSize || frame.size() > Link::kMaxReserve) return;
  if (offload.segmentation != Segmentation::kNone && !can_be_cut(frame, offload)) return;
  const std::size_t size = headers_size({frame, offload});
  std::vector<std::uint8_t> head(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(size));
  const Bytes payload = frame.subspan(size);
  static FrameStreamWriter writer;
  writer.reset();
  emit_frames(head, gsl::span(&payload, 1), offload, writer);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes input(data, size);
  if (input.size() < kVnetHeaderSize) return 0;
  const Bytes frame = input.subspan(kVnetHeaderSize);
  const auto offload = parse_vnet_header(input.first(kVnetHeaderSize), frame);
  if (!offload) return 0;

  if (offload->checksum == ChecksumState::kPartial) {
    Ensures(std::size_t{offload->checksum_start} + offload->checksum_offset + 2 <= frame.size());
  }
  Ensures(offload->header_size <= frame.size());

  cut(frame, *offload);

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
