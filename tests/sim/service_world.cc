#include "tests/sim/service_world.h"

#include <algorithm>

namespace sluice {

void ServiceWorld::send(Time /*now*/, const Endpoint& from, const Endpoint& to, Bytes payload,
                        std::optional<MacAddress> link_to) {
  sent.push_back({from, to, Octets(payload.begin(), payload.end()), link_to});
}

gsl::span<const Endpoint> ServiceWorld::current(Time /*now*/) {
  return name_servers;
}

void ServiceWorld::pass(Duration time) {
  const Time until = now + time;
  while (const auto next = timers.deadline()) {
    if (*next > until) break;
    now = std::max(now, *next);
    timers.advance(now);
  }
  now = until;
  timers.advance(now);
}

}  // namespace sluice
