// A link with a bad line behind it: what passes is lost, late, damaged or out of order, as asked.
//
// It cuts and sums nothing, so that every frame is one that a wire could carry: the core is offered
// no offloads, and the inner link must ask its other side for none. Whoever owns it passes in what
// the inner link received, takes out what has arrived, and comes back at the deadline. What goes
// towards the guest is copied once more than without it.

#ifndef SLUICE_DEVICES_LINK_IMPAIRED_LINK_H_
#define SLUICE_DEVICES_LINK_IMPAIRED_LINK_H_

#include <vector>

#include "devices/link/impairment.h"
#include "stack/frame.h"
#include "stack/link.h"

namespace sluice {

class ImpairedLink final : public Link {
 public:
  // `inner` outlives it.
  ImpairedLink(Link& inner, const Impairment& impairment);

  // Moves time on, and what has arrived for the guest to the inner link.
  void set_time(Time now);
  // Frames from the guest, as the inner link received them.
  void take(gsl::span<const Frame> frames);
  // Those that have arrived, at most kBatch; they stay until the next call. More may be there when
  // the deadline has passed.
  gsl::span<const Frame> arrived();
  // Bytes that the guest has sent and that have neither arrived nor been lost.
  std::size_t bytes_from_guest() const { return from_guest_.held_bytes(); }
  // When something arrives next.
  std::optional<Time> deadline() const;

  LinkCapabilities capabilities() const override { return {}; }
  MutableBytes reserve(std::size_t size) override;
  void commit(std::size_t size, gsl::span<const Bytes> payload, const Offload& offload) override;
  void flush() override;

  static constexpr std::size_t kBatch = 64;

 private:
  void deliver();

  Link& inner_;
  Time now_{};
  ImpairedQueue from_guest_;
  ImpairedQueue to_guest_;
  std::vector<std::uint8_t> room_;
  std::vector<ImpairedQueue::Frame> batch_;
  std::vector<Frame> frames_;  // views of batch_
};

}  // namespace sluice

#endif  // SLUICE_DEVICES_LINK_IMPAIRED_LINK_H_
