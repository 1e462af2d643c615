// A guest's link with a bad line in front of it: what passes is lost, late, damaged or out of
// order, as asked, in both directions.
//
// Every frame on the line is one that a wire could carry. The core is offered no offloads; what
// comes with work left to do, from a guest or by a switch, has it done here: its checksum is
// completed, and it is cut. What is under way arrives by a timer of the link's own, so whoever
// waits for the link waits for one descriptor as for any other.

#ifndef SLUICE_DEVICES_LINK_IMPAIRED_LINK_H_
#define SLUICE_DEVICES_LINK_IMPAIRED_LINK_H_

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "devices/link/guest_link.h"
#include "devices/link/impairment.h"
#include "devices/link/poll_set.h"
#include "posix/descriptor.h"

namespace sluice {

class ImpairedLink final : public GuestLink {
 public:
  // `clock` tells the time, which goes on as CLOCK_MONOTONIC does. Throws std::system_error.
  ImpairedLink(std::unique_ptr<GuestLink> inner, const Impairment& impairment,
               std::function<Time()> clock);
  ImpairedLink(const ImpairedLink&) = delete;
  ImpairedLink& operator=(const ImpairedLink&) = delete;

  int descriptor() const override { return polls_.descriptor(); }
  // Moves on what has arrived for the guest, takes what the guest sends, and returns what has
  // arrived from it, at most kBatch frames.
  gsl::span<const Frame> receive() override;
  bool more() const override { return more_; }
  // Nobody is there any more, and all that was under way has arrived.
  bool closed() const override { return inner_->closed() && from_guest_.held_bytes() == 0; }
  const Counters& counters() const override;
  void set_link(bool up) override { inner_->set_link(up); }

  LinkCapabilities capabilities() const override { return {}; }
  MutableBytes reserve(std::size_t size) override;
  void commit(std::size_t size, gsl::span<const Bytes> payload, const Offload& offload) override;
  void flush() override;

  // Bytes that the guest has sent and that have neither arrived nor been lost.
  std::size_t bytes_from_guest() const { return from_guest_.held_bytes(); }
  // When something arrives next.
  std::optional<Time> deadline() const;

  static constexpr std::size_t kBatch = 64;

 private:
  // Puts a frame on the line, or what it is to be cut into.
  void push(ImpairedQueue& queue, MutableBytes head, gsl::span<const Bytes> payload,
            const Offload& offload);
  void take_from_guest();
  void deliver_to_guest();
  // Sets the timer to the deadline.
  void set_timer();

  const std::unique_ptr<GuestLink> inner_;
  const std::function<Time()> clock_;
  PollSet polls_;
  Descriptor timer_;
  std::optional<Time> timer_at_;  // what it is set to
  Time now_{};
  ImpairedQueue from_guest_;
  ImpairedQueue to_guest_;
  std::unique_ptr<std::uint8_t[]> room_;
  std::unique_ptr<std::uint8_t[]> segment_;
  std::size_t reserved_ = 0;
  std::vector<ImpairedQueue::Frame> batch_;
  std::vector<Frame> frames_;  // views of batch_
  bool more_ = false;
  Counters own_;               // what was dropped here
  mutable Counters counters_;  // and with the inner link's
};

}  // namespace sluice

#endif  // SLUICE_DEVICES_LINK_IMPAIRED_LINK_H_
