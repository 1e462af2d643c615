#include "app/attach.h"

#include <string>
#include <utility>

#include "app/delivery.h"
#include "app/end_on_signal.h"
#include "app/guest_link.h"
#include "app/log.h"
#include "app/loop.h"
#include "app/namespace/target.h"
#include "app/ready_descriptor.h"
#include "app/signals.h"
#include "app/world.h"

namespace sluice {

int run_attach(const AttachInvocation& invocation) {
  log::set_level(invocation.common.log_level);
  ReadyDescriptor ready(invocation.ready_descriptor);
  const Signals signals;
  NamespaceTarget target(invocation.target);
  ArrivedTap arrived = target.open_tap({.network = invocation.common.network.network,
                                        .tap_name = invocation.tap_name,
                                        .configure = invocation.configure,
                                        .search = {}});
  Loop loop(invocation.common.busy_poll);
  World world(invocation.common, guest_link(std::move(arrived.tap)), loop);
  world.on_closed([&] { loop.stop(); });
  ignore_failed_writes();

  const EndOnSignal end(signals, loop);
  const auto target_watch = loop.watch(target.descriptor(), [&] {
    if (target.ended()) loop.stop();
  });
  announce(ready, "ready " + arrived.name, invocation.common.capture_file == "-");
  if (!target.ended()) loop.run();
  Delivery(loop, world).finish(end.asked());
  return 0;
}

}  // namespace sluice
