#include "app/delivery.h"

#include <chrono>
#include <string>
#include <utility>

#include "app/log.h"
#include "nat/host/clock.h"

namespace sluice {

Delivery::Delivery(Loop& loop, World& world)
    : loop_(loop), world_(world), left_(world.undelivered_bytes()), moved_at_(monotonic_now()) {}

void Delivery::step() {
  constexpr std::chrono::milliseconds kStep{20};
  loop_.run_for(kStep);
  const std::size_t left = world_.undelivered_bytes();
  if (left != std::exchange(left_, left)) moved_at_ = monotonic_now();
}

void Delivery::run_until(const bool& gone) {
  while (!gone) step();
}

void Delivery::finish(const bool& impatient) {
  constexpr std::chrono::seconds kPatience{10};
  constexpr std::chrono::seconds kTacit{2};
  world_.catch_up();
  left_ = world_.undelivered_bytes();
  const Time begun_at = monotonic_now();
  bool told = false;
  while (left_ != 0 && !impatient) {
    const Time now = monotonic_now();
    if (now - moved_at_ >= kPatience) {
      log::warning(std::to_string(left_) +
                   " bytes that the guest had sent are lost: the receiver takes nothing");
      return;
    }
    if (!told && now - begun_at >= kTacit) {
      told = true;
      log::warning("waiting for " + std::to_string(left_) +
                   " bytes that the guest has sent to be taken; Ctrl-C ends the wait");
    }
    step();
  }
}

}  // namespace sluice
