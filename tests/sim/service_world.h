// What surrounds one service in a test: a host, a clock, and records of what it said.

#ifndef SLUICE_TESTS_SIM_SERVICE_WORLD_H_
#define SLUICE_TESTS_SIM_SERVICE_WORLD_H_

#include <map>
#include <optional>
#include <vector>

#include "nat/name_servers.h"
#include "nat/service.h"
#include "stack/timer_wheel.h"
#include "tests/sim/octets.h"
#include "tests/sim/sim_host.h"

namespace sluice {

class ServiceWorld final : public DatagramOutput, public StreamEvents, public NameServers {
 public:
  struct Sent {
    Endpoint from;
    Endpoint to;
    Octets payload;
    std::optional<MacAddress> link_to;
  };

  void send(Time now, const Endpoint& from, const Endpoint& to, Bytes payload,
            std::optional<MacAddress> link_to) override;
  std::optional<MacAddress> link_address_of(const IpAddress& address) const override {
    const auto found = guests.find(address);
    return found == guests.end() ? std::nullopt : std::optional(found->second);
  }
  void announce(const HostEvent& event) override { announced.push_back(event); }
  gsl::span<const Endpoint> current(Time now) override;

  ServiceContext context() { return {*this, *this, host, timers, Seed{1, 2}, 7}; }
  // Moves time on, firing what is due on the way at its own time.
  void pass(Duration time);

  Time now{};
  SimHost host;
  TimerWheel timers{Time{}};
  std::vector<Endpoint> name_servers;
  std::map<IpAddress, MacAddress> guests;  // that have shown themselves
  std::vector<Sent> sent;
  std::vector<HostEvent> announced;
};

}  // namespace sluice

#endif  // SLUICE_TESTS_SIM_SERVICE_WORLD_H_
