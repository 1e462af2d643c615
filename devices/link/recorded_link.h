// A link with a capture taken on it.
//
// Everything passes through unchanged. What leaves is recorded at commit(), in the order in which
// the guest sees it; what comes in is recorded by its owner, who is the one that receives it. The
// link is told the time as all else is.

#ifndef SLUICE_DEVICES_LINK_RECORDED_LINK_H_
#define SLUICE_DEVICES_LINK_RECORDED_LINK_H_

#include "devices/link/capture_writer.h"
#include "stack/link.h"

namespace sluice {

class RecordedLink final : public Link {
 public:
  // Both outlive it.
  RecordedLink(Link& inner, CaptureWriter& capture) : inner_(inner), capture_(capture) {}

  // The time of what is committed from now on.
  void set_time(Time now) { now_ = now; }
  // Records a batch that came in at `now`, and takes that as the time.
  void record(Time now, gsl::span<const Frame> frames);

  LinkCapabilities capabilities() const override { return inner_.capabilities(); }
  bool has_room(const MacAddress& to) const override { return inner_.has_room(to); }
  MutableBytes reserve(std::size_t size) override;
  void commit(std::size_t size, gsl::span<const Bytes> payload, const Offload& offload) override;
  void flush() override;

 private:
  Link& inner_;
  CaptureWriter& capture_;
  Time now_{};
  MutableBytes room_;  // of the inner link, until the frame is committed
};

}  // namespace sluice

#endif  // SLUICE_DEVICES_LINK_RECORDED_LINK_H_
