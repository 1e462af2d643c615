#include "app/attach.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "app/delivery.h"
#include "app/log.h"
#include "app/loop.h"
#include "app/namespace/target.h"
#include "app/options/usage_error.h"
#include "app/signals.h"
#include "app/world.h"

namespace sluice {
namespace {

Descriptor take_ready_descriptor(const std::optional<int>& number) {
  if (!number) return Descriptor();
  if (::fcntl(*number, F_GETFD) < 0) {
    throw UsageError("--ready-fd: " + std::to_string(*number) + " is no open descriptor");
  }
  // Not for the helper or the commands of guestfwd: its end would not be seen. And under another
  // number, as it is closed in the end: a standard file's must not become something else's.
  Descriptor ready(::fcntl(*number, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  if (!ready) {
    throw std::system_error(errno, std::generic_category(), "can't take over --ready-fd");
  }
  if (*number > STDERR_FILENO) ::close(*number);
  return ready;
}

void announce(Descriptor ready, const std::string& tap, bool stdout_is_capture) {
  std::FILE* const stream = stdout_is_capture ? stderr : stdout;
  std::fprintf(stream, "ready %s\n", tap.c_str());
  std::fflush(stream);
  constexpr std::string_view kLine = "1\n";
  if (ready && ::write(ready.get(), kLine.data(), kLine.size()) < 0) {
    log::warning("nobody listens to --ready-fd");
  }
}

bool is_end(int signal) {
  return signal == SIGTERM || signal == SIGINT || signal == SIGHUP || signal == SIGQUIT;
}

}  // namespace

int run_attach(const AttachInvocation& invocation) {
  log::set_level(invocation.common.log_level);
  Descriptor ready = take_ready_descriptor(invocation.ready_descriptor);
  const Signals signals;
  NamespaceTarget target(invocation.target);
  ArrivedTap arrived = target.open_tap({.network = invocation.common.network.network,
                                        .tap_name = invocation.tap_name,
                                        .configure = invocation.configure,
                                        .search = {}});
  Loop loop(invocation.common.busy_poll);
  World world(invocation.common, std::move(arrived.tap), loop);
  world.on_closed([&] { loop.stop(); });
  ignore_failed_writes();

  bool asked_to_end = false;
  const auto signal_watch = loop.watch(signals.descriptor(), [&] {
    while (const std::optional<Signal> signal = signals.next()) {
      if (!is_end(signal->number)) continue;
      asked_to_end = true;
      loop.stop();
    }
  });
  const auto target_watch = loop.watch(target.descriptor(), [&] {
    if (target.ended()) loop.stop();
  });
  announce(std::move(ready), arrived.name, invocation.common.capture_file == "-");
  if (!target.ended()) loop.run();
  deliver_the_rest(loop, world, asked_to_end);
  return 0;
}

}  // namespace sluice
