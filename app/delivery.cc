#include "app/delivery.h"

#include <chrono>
#include <string>
#include <utility>

#include "app/log.h"
#include "nat/host/clock.h"

namespace sluice {

void deliver_the_rest(Loop& loop, World& world, const bool& impatient) {
  constexpr std::chrono::seconds kPatience{10};  // with a receiver that takes nothing
  constexpr std::chrono::seconds kTacit{2};
  constexpr std::chrono::milliseconds kStep{20};
  world.catch_up();
  std::size_t left = world.undelivered_bytes();
  const Time begun_at = monotonic_now();
  Time moved_at = begun_at;
  bool told = false;
  while (left != 0 && !impatient) {
    loop.run_for(kStep);
    const Time now = monotonic_now();
    const std::size_t left_now = world.undelivered_bytes();
    if (left_now != std::exchange(left, left_now)) moved_at = now;
    if (!told && left != 0 && now - begun_at >= kTacit) {
      told = true;
      log::warning("waiting for " + std::to_string(left) +
                   " bytes that the guest has sent to be taken; Ctrl-C ends the wait");
    }
    if (now - moved_at >= kPatience) {
      log::warning(std::to_string(left) +
                   " bytes that the guest had sent are lost: the receiver takes nothing");
      return;
    }
  }
}

}  // namespace sluice
