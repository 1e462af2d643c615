// An interface behind which there are several queues, as one link.
//
// The kernel hands over what it has by any of them, and takes by each what we have. We send by the
// first: it learns from that which queue a flow belongs to, and all is taken in one thread anyway.
// Who makes the interface may want something done before it goes.

#ifndef SLUICE_DEVICES_LINK_TAP_INTERFACE_H_
#define SLUICE_DEVICES_LINK_TAP_INTERFACE_H_

#include <functional>
#include <memory>
#include <vector>

#include "devices/link/guest_link.h"
#include "devices/link/poll_set.h"

namespace sluice {

class TapInterface final : public GuestLink {
 public:
  // One queue at least. `farewell`, if there is one, is called while the interface is still there.
  TapInterface(std::vector<std::unique_ptr<GuestLink>> queues, std::function<void()> farewell);
  TapInterface(const TapInterface&) = delete;
  TapInterface& operator=(const TapInterface&) = delete;
  ~TapInterface() override;

  int descriptor() const override { return polls_.descriptor(); }
  gsl::span<const Frame> receive() override;
  bool more() const override { return more_; }
  bool closed() const override;
  const Counters& counters() const override;

  LinkCapabilities capabilities() const override { return first().capabilities(); }
  MutableBytes reserve(std::size_t size) override { return first().reserve(size); }
  void commit(std::size_t size, gsl::span<const Bytes> payload, const Offload& offload) override {
    first().commit(size, payload, offload);
  }
  bool has_room(const MacAddress& to) const override { return first().has_room(to); }
  void flush() override { first().flush(); }

 private:
  struct Queue {
    std::unique_ptr<GuestLink> link;
    bool ready = true;  // it may have frames
  };

  GuestLink& first() const { return *queues_.front().link; }

  std::vector<Queue> queues_;
  const std::function<void()> farewell_;
  PollSet polls_;
  std::vector<Frame> frames_;
  mutable Counters counters_;  // of all
  bool more_ = false;
};

}  // namespace sluice

#endif  // SLUICE_DEVICES_LINK_TAP_INTERFACE_H_
