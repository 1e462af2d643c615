#include "devices/link/capture_link.h"

#include <gsl/assert>

namespace sluice {

CaptureLink::CaptureLink(CaptureWriter* capture, LinkCapabilities capabilities)
    : capture_(capture),
      capabilities_(capabilities),
      room_(std::make_unique_for_overwrite<std::uint8_t[]>(kMaxReserve)) {}

MutableBytes CaptureLink::reserve(std::size_t size) {
  Expects(size <= kMaxReserve);
  reserved_ = size;
  return {room_.get(), size};
}

void CaptureLink::commit(std::size_t size, gsl::span<const Bytes> payload, const Offload& offload) {
  Expects(size <= reserved_ && payload.size() <= kMaxPieces);
  reserved_ = 0;
  const Bytes head(room_.get(), size);
  ++frames_;
  bytes_ += size + total_size(payload);
  if (capture_ != nullptr) capture_->write(now_, head, payload, offload);
}

void CaptureLink::flush() {
  if (capture_ != nullptr) capture_->flush();
}

}  // namespace sluice
