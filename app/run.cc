#include "app/run.h"

#include <optional>
#include <string>

#include "app/control/control_socket.h"
#include "app/delivery.h"
#include "app/end_on_signal.h"
#include "app/log.h"
#include "app/loop.h"
#include "app/meetings.h"
#include "app/ready_descriptor.h"
#include "app/signals.h"
#include "app/slirp4netns/api_forwards.h"
#include "app/slirp4netns/world_ports.h"
#include "app/world.h"

namespace sluice {

int run_network(const RunInvocation& invocation) {
  log::set_level(invocation.common.log_level);
  ReadyDescriptor ready(invocation.ready_descriptor);
  const Signals signals;
  Loop loop(invocation.common.busy_poll);
  ignore_failed_writes();
  Meetings meetings(invocation, loop);
  std::optional<ApiForwards> api_forwards;
  if (World* const world = meetings.world()) {
    const Network& network = invocation.common.network.network;
    api_forwards.emplace(network, network.dhcp_start, ports_of(*world));
  }
  std::optional<ControlSocket> control;
  if (!invocation.control.empty()) {
    control.emplace(loop, invocation.control, meetings, [&](const ApiRequest& request) {
      return api_forwards ? api_forwards->answer(request) : emit_error("there is no user network");
    });
  }

  const EndOnSignal end(signals, loop);
  announce(ready, "ready", invocation.common.capture_file == "-");
  loop.run();
  if (World* const world = meetings.world()) Delivery(loop, *world).finish(end.asked());
  return meetings.all_reached() || end.asked() ? 0 : 1;
}

}  // namespace sluice
