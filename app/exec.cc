#include "app/exec.h"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/delivery.h"
#include "app/guest_link.h"
#include "app/log.h"
#include "app/loop.h"
#include "app/namespace/contained_command.h"
#include "app/namespace/terminal.h"
#include "app/signals.h"
#include "app/world.h"
#include "posix/small_file.h"
#include "services/dns/resolv_conf.h"

namespace sluice {
namespace {

// Short names go on meaning what they mean to the caller, unless the options say otherwise.
std::vector<std::string> search_domains(const UserNetworkOptions& options) {
  if (!options.domain_search.empty()) return options.domain_search;
  if (!options.domain_name.empty()) return {options.domain_name};
  return parse_resolv_conf(read_small_file("/etc/resolv.conf")).search;
}

// Whoever reads from the command's output must see the end when the command closes it.
void leave_standard_files_to_the_command() {
  const Descriptor null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null) return;
  ::dup2(null.get(), STDIN_FILENO);
  ::dup2(null.get(), STDOUT_FILENO);
}

void tell(const Message& news) {
  if (news.kind == Message::Kind::kWarning) log::warning(news.text);
}

// Stops this process as the command was stopped; both go on when they are told to.
void stop_too(const Signal& signal, ContainedCommand& contained, bool ended) {
  // What the terminal sends, the command has got itself. After its end, a signal that is passed on
  // would say that somebody does not want to wait for what it has sent.
  if (!signal.from_kernel && !ended) contained.pass_on(signal.number);
  // Not SIGSTOP: in a process group that nobody could continue this one stops nobody.
  sigset_t stop;
  ::sigemptyset(&stop);
  ::sigaddset(&stop, signal.number);
  ::raise(signal.number);
  ::sigprocmask(SIG_UNBLOCK, &stop, nullptr);
  ::sigprocmask(SIG_BLOCK, &stop, nullptr);
}

// Returns whether somebody wants an end.
bool pass_on(const Signals& signals, ContainedCommand& contained, bool ended) {
  bool wants_end = false;
  while (const std::optional<Signal> signal = signals.next()) {
    if (signal->number == SIGTSTP) {
      stop_too(*signal, contained, ended);
      continue;
    }
    if (signal->number == SIGCONT) {
      if (!ended) contained.pass_on(SIGCONT);
      continue;
    }
    wants_end = wants_end || signal->number != SIGWINCH;
    if (!signal->from_kernel) {
      contained.pass_on(signal->number);
    } else if (signal->number != SIGWINCH) {
      // The command has got it from the terminal itself. If it has ended, its user is impatient.
      contained.hurry();
    }
  }
  return wants_end;
}

}  // namespace

int run_exec(const ExecInvocation& invocation) {
  log::set_level(invocation.common.log_level);
  const UserNetworkOptions& network = invocation.common.network;
  const Signals signals({SIGTSTP, SIGCONT});
  const GuestPlan plan{.network = network.network,
                       .tap_name = invocation.tap_name,
                       .configure = !invocation.dhcp,
                       .search = search_domains(network)};
  ContainedCommand contained(plan, {.words = invocation.command, .signals = signals.before()},
                             invocation.map_root);
  for (const std::string& note : contained.arrived().notes) log::info(note);
  for (const std::string& warning : contained.arrived().warnings) log::warning(warning);

  Loop loop(invocation.common.busy_poll);
  std::optional<World> world;
  world.emplace(invocation.common, guest_link(std::move(contained.arrived().tap)), loop);
  ignore_failed_writes();
  const Terminal terminal;
  contained.start();
  leave_standard_files_to_the_command();

  bool ended = false;
  bool impatient = false;
  const auto signal_watch = loop.watch(signals.descriptor(), [&] {
    if (pass_on(signals, contained, ended) && ended) impatient = true;
  });
  const auto news_watch = loop.watch(contained.news_descriptor(), [&] {
    // That process 1 is gone, its own descriptor tells.
    while (const std::optional<Message> news = contained.next_news()) {
      tell(*news);
      if (news->kind == Message::Kind::kEnded) {
        ended = true;
        loop.stop();
      }
      if (news->kind == Message::Kind::kStopped) {
        terminal.stop_with_command();
        contained.pass_on(SIGCONT);
      }
    }
  });
  bool gone = false;
  const auto end_watch = loop.watch(contained.process_descriptor(), [&] {
    gone = true;
    loop.stop();
  });
  loop.run();

  ended = true;
  Delivery delivery(loop, *world);
  delivery.run_until(gone);
  while (const std::optional<Message> news = contained.next_news()) tell(*news);
  delivery.finish(impatient);
  world.reset();
  const int status = contained.wait();
  terminal.reclaim();
  return status;
}

}  // namespace sluice
