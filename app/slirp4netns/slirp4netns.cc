#include "app/slirp4netns/slirp4netns.h"

#include <csignal>
#include <optional>
#include <string>
#include <utility>

#include "app/delivery.h"
#include "app/guest_link.h"
#include "app/log.h"
#include "app/loop.h"
#include "app/ready_descriptor.h"
#include "app/signals.h"
#include "app/slirp4netns/api_forwards.h"
#include "app/slirp4netns/api_socket.h"
#include "app/slirp4netns/end_watch.h"
#include "app/slirp4netns/guest_end.h"
#include "app/slirp4netns/manual.h"
#include "app/slirp4netns/network.h"
#include "app/slirp4netns/sandbox.h"
#include "app/slirp4netns/system_calls.h"
#include "app/slirp4netns/world_ports.h"
#include "app/startup.h"
#include "app/world.h"

namespace sluice {
namespace {

// Returns the signal that ended it, or 0.
int run_until_the_end(const Slirp4netnsInvocation& invocation) {
  for (const std::string& warning : invocation.warnings) log::warning(warning);
  const NetworkInvocation common = network_of(invocation);
  const Network& network = common.network.network;
  ReadyDescriptor ready(invocation.ready_descriptor);
  Loop loop(common.busy_poll);
  EndWatch end(loop, invocation.exit_descriptor);
  Descriptor guest = open_guest_end(invocation, network, loop, end);
  if (!guest) return end.signal();
  print(start_message(invocation, network));

  World world(common, guest_link(std::move(guest)), loop);
  world.on_closed([&] { loop.stop(); });
  ignore_failed_writes();
  ApiForwards forwards(network, guest_address_of(network), ports_of(world));
  std::optional<ApiSocket> api;
  if (!invocation.api_socket.empty()) {
    api.emplace(loop, invocation.api_socket,
                [&](const ApiRequest& request) { return forwards.answer(request); });
  }
  // Everything that takes a path or a privilege is done.
  if (invocation.sandbox) enter_sandbox();
  if (invocation.seccomp) restrict_system_calls();
  ready.announce("1");
  if (!end.over()) loop.run();
  Delivery(loop, world).finish(end.impatient());
  return end.signal();
}

}  // namespace

int run_slirp4netns(const Slirp4netnsInvocation& invocation) {
  const int signal = run_until_the_end(invocation);
  if (signal != 0) {
    // Whoever waits for this process is to see what ended it.
    ::signal(signal, SIG_DFL);
    ::raise(signal);
  }
  return 0;
}

}  // namespace sluice
