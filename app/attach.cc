#include "app/attach.h"

#include <cstdio>
#include <optional>
#include <string>
#include <utility>

#include "app/delivery.h"
#include "app/guest_link.h"
#include "app/log.h"
#include "app/loop.h"
#include "app/namespace/target.h"
#include "app/ready_descriptor.h"
#include "app/signals.h"
#include "app/world.h"

namespace sluice {
namespace {

void announce(ReadyDescriptor& ready, const std::string& tap, bool stdout_is_capture) {
  std::FILE* const stream = stdout_is_capture ? stderr : stdout;
  std::fprintf(stream, "ready %s\n", tap.c_str());
  std::fflush(stream);
  ready.announce("1\n");
}

}  // namespace

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
  World world(invocation.common, guest_link(std::move(arrived.tap), invocation.common), loop);
  world.on_closed([&] { loop.stop(); });
  ignore_failed_writes();

  bool asked_to_end = false;
  const auto signal_watch = loop.watch(signals.descriptor(), [&] {
    while (const std::optional<Signal> signal = signals.next()) {
      if (!signal->asks_for_end()) continue;
      asked_to_end = true;
      loop.stop();
    }
  });
  const auto target_watch = loop.watch(target.descriptor(), [&] {
    if (target.ended()) loop.stop();
  });
  announce(ready, arrived.name, invocation.common.capture_file == "-");
  if (!target.ended()) loop.run();
  deliver_the_rest(loop, world, asked_to_end);
  return 0;
}

}  // namespace sluice
