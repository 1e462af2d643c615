// A Nat between a guest and a host that keep nothing, on a virtual clock: the whole way of a packet
// but for the system calls at its ends.

#ifndef SLUICE_TESTS_BENCH_COUNTING_WORLD_H_
#define SLUICE_TESTS_BENCH_COUNTING_WORLD_H_

#include <numeric>
#include <vector>

#include "nat/nat.h"
#include "tests/bench/counting_host.h"
#include "tests/bench/counting_link.h"
#include "tests/sim/guest_frames.h"

namespace sluice {

class CountingWorld {
 public:
  // What a tap's kernel takes over.
  static constexpr LinkCapabilities kTap{.checksum = true, .tcp4_segmentation = true};

  // The guest has shown its address when this returns.
  explicit CountingWorld(const LinkCapabilities& capabilities = kTap)
      : link(capabilities), nat(NatConfig{}, link, host, Seed{1, 2}, now_) {
    from_guest(arp_frame({.operation = ArpMessage::Operation::kRequest,
                          .sender_mac = kGuestMac,
                          .sender = kGuestAddress,
                          .target = Network{}.v4.host}),
               {});
  }
  CountingWorld(const CountingWorld&) = delete;
  CountingWorld& operator=(const CountingWorld&) = delete;

  // A batch from the guest, and what the host has to say to it.
  void from_guest(gsl::span<const Frame> frames) {
    pass();
    nat.on_frames(now_, frames);
    settle();
  }
  void from_guest(const Octets& bytes, const Offload& offload) {
    const Frame frame{bytes, offload};
    from_guest(gsl::span<const Frame>(&frame, 1));
  }
  // What the host was made to say.
  void from_host() {
    pass();
    settle();
  }
  // Of all reasons: none is expected.
  std::uint64_t dropped() const {
    const auto& drops = nat.counters().drops;
    return std::accumulate(drops.begin(), drops.end(), std::uint64_t{0});
  }

 private:
  // Time goes on as it does between the inputs of a busy process.
  void pass() {
    now_ += std::chrono::microseconds(10);
    const auto deadline = nat.deadline();
    if (deadline && *deadline <= now_) nat.on_time(now_);
  }
  void settle() {
    for (host.take_events(events_); !events_.empty(); host.take_events(events_)) {
      nat.on_host(now_, events_);
    }
  }

  Time now_{std::chrono::seconds(1000)};
  std::vector<HostEvent> events_;

 public:
  CountingLink link;
  CountingHost host;
  Nat nat;
};

}  // namespace sluice

#endif  // SLUICE_TESTS_BENCH_COUNTING_WORLD_H_
