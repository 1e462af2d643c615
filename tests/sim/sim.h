// A Nat between a guest and a host that are both the test's, on a virtual clock.

#ifndef SLUICE_TESTS_SIM_SIM_H_
#define SLUICE_TESTS_SIM_SIM_H_

#include <functional>
#include <memory>
#include <vector>

#include "nat/nat.h"
#include "tests/sim/guest_frames.h"
#include "tests/sim/keeping_link.h"
#include "tests/sim/seen_frame.h"
#include "tests/sim/sim_host.h"

namespace sluice {

class GuestTcp;

class Sim {
 public:
  // The guest has shown its address when this returns.
  explicit Sim(const NatConfig& config = {}, const LinkCapabilities& capabilities = {});
  Sim(const Sim&) = delete;
  Sim& operator=(const Sim&) = delete;

  // One frame from the guest, and whatever follows from it at once.
  void from_guest(const Octets& frame, const Offload& offload = {});
  // The same, and what follows waits.
  void give(const Octets& frame, const Offload& offload = {});
  // Whatever follows at once from what the test did to the host.
  void settle();
  // Lets time pass from deadline to deadline.
  void run_for(Duration duration);

  // Frames for the guest since the last call that no GuestTcp took.
  std::vector<SeenFrame> take_seen();
  std::uint64_t dropped(Drop reason) const { return nat.counters().dropped(reason); }

  Time now{std::chrono::seconds(1000)};
  KeepingLink link;
  SimHost host;
  Nat nat;
  // What follows the headers of the guest's frames comes in pieces of so many bytes; 0: with them.
  std::size_t piece = 0;
  // What is promised of the segments of each GuestTcp.
  Offload promised;
  // Asked about each TCP segment in either direction: true loses it.
  std::function<bool()> loses = [] { return false; };

 private:
  friend class GuestTcp;

  // Passes on what each side has for the other; true if there was anything.
  bool exchange_once();

  std::vector<GuestTcp*> guests_;
  std::vector<SeenFrame> seen_;
};

}  // namespace sluice

#endif  // SLUICE_TESTS_SIM_SIM_H_
