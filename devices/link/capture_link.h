// A link that leads into a capture, or nowhere: where a replay's answers go.
//
// By default it takes nothing over, so the core computes every checksum and segments by itself, and
// what is written is what a guest without offloads would have received.

#ifndef SLUICE_DEVICES_LINK_CAPTURE_LINK_H_
#define SLUICE_DEVICES_LINK_CAPTURE_LINK_H_

#include <memory>

#include "devices/link/capture_writer.h"
#include "stack/link.h"

namespace sluice {

class CaptureLink final : public Link {
 public:
  // `capture` may be null, else it outlives the link.
  explicit CaptureLink(CaptureWriter* capture, LinkCapabilities capabilities = {});

  // The time of what is committed from now on.
  void set_time(Time now) { now_ = now; }

  LinkCapabilities capabilities() const override { return capabilities_; }
  MutableBytes reserve(std::size_t size) override;
  void commit(std::size_t size, gsl::span<const Bytes> payload, const Offload& offload) override;
  void flush() override;

  // What has been committed so far.
  std::uint64_t frames() const { return frames_; }
  std::uint64_t bytes() const { return bytes_; }

 private:
  CaptureWriter* capture_;
  LinkCapabilities capabilities_;
  Time now_{};
  std::unique_ptr<std::uint8_t[]> room_;  // kMaxReserve bytes
  std::size_t reserved_ = 0;
  std::uint64_t frames_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace sluice

#endif  // SLUICE_DEVICES_LINK_CAPTURE_LINK_H_
