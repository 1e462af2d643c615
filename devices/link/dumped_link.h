// A guest's link with a capture taken on it, both ways.

#ifndef SLUICE_DEVICES_LINK_DUMPED_LINK_H_
#define SLUICE_DEVICES_LINK_DUMPED_LINK_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "devices/link/capture_writer.h"
#include "devices/link/guest_link.h"
#include "devices/link/recorded_link.h"

namespace sluice {

class DumpedLink final : public GuestLink {
 public:
  // `clock` tells the time that frames are recorded at, in the time of the capture's own clock.
  // `tell` is called at the end if the capture is incomplete, with the reason. Throws as
  // CaptureWriter does.
  DumpedLink(std::unique_ptr<GuestLink> inner, const CaptureOptions& options,
             std::function<Time()> clock, std::function<void(const std::string&)> tell)
      : inner_(std::move(inner)),
        capture_(options),
        clock_(std::move(clock)),
        tell_(std::move(tell)) {}
  DumpedLink(const DumpedLink&) = delete;
  DumpedLink& operator=(const DumpedLink&) = delete;
  ~DumpedLink() override {
    capture_.finish();
    if (!capture_.problem().empty()) tell_(capture_.problem());
  }

  int descriptor() const override { return inner_->descriptor(); }
  gsl::span<const Frame> receive() override {
    const gsl::span<const Frame> frames = inner_->receive();
    recorded_.record(clock_(), frames);
    return frames;
  }
  bool more() const override { return inner_->more(); }
  bool closed() const override { return inner_->closed(); }
  const Counters& counters() const override { return inner_->counters(); }
  void set_link(bool up) override { inner_->set_link(up); }

  LinkCapabilities capabilities() const override { return recorded_.capabilities(); }
  bool has_room(const MacAddress& to) const override { return recorded_.has_room(to); }
  MutableBytes reserve(std::size_t size) override {
    recorded_.set_time(clock_());
    return recorded_.reserve(size);
  }
  void commit(std::size_t size, gsl::span<const Bytes> payload, const Offload& offload) override {
    recorded_.commit(size, payload, offload);
  }
  void flush() override { recorded_.flush(); }

 private:
  const std::unique_ptr<GuestLink> inner_;
  CaptureWriter capture_;
  const std::function<Time()> clock_;
  const std::function<void(const std::string&)> tell_;
  RecordedLink recorded_{*inner_, capture_};
};

}  // namespace sluice

#endif  // SLUICE_DEVICES_LINK_DUMPED_LINK_H_
