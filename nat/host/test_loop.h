// Waits for a SystemHost's events in tests, with a deadline.

#ifndef SLUICE_NAT_HOST_TEST_LOOP_H_
#define SLUICE_NAT_HOST_TEST_LOOP_H_

#include <chrono>
#include <functional>
#include <map>

#include "nat/host.h"
#include "nat/host/event_queue.h"
#include "nat/host/system_host.h"

namespace sluice::testing {

// How long a test waits for what must come.
inline constexpr std::chrono::seconds kPatience{10};

// Waits until the descriptor is readable. False if it is not in time.
bool wait_readable(int descriptor, std::chrono::milliseconds patience = kPatience);

// A token whose index is `index`.
Token token(std::uint32_t index);

// Keeps what has been announced since it was last asked for, by the token's index.
class TestLoop {
 public:
  TestLoop(EventQueue& queue, SystemHost& host) : queue_(queue), host_(host) {}

  // Takes events until `done`. False if it is not in time.
  bool run_until(const std::function<bool()>& done);
  // Waits for an announcement of each kind and takes it. False if it does not come.
  bool wait_readable(std::uint32_t index);
  bool wait_writable(std::uint32_t index);
  bool wait_error(std::uint32_t index);

  Readiness& seen(std::uint32_t index) { return seen_[index]; }
  std::size_t events() const { return events_; }

 private:
  bool wait_and_take(std::uint32_t index, bool Readiness::*kind);

  EventQueue& queue_;
  SystemHost& host_;
  std::map<std::uint32_t, Readiness> seen_;
  std::size_t events_ = 0;
};

}  // namespace sluice::testing

#endif  // SLUICE_NAT_HOST_TEST_LOOP_H_
