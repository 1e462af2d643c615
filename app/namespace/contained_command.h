// A command inside a user, network, mount and process-id namespace of its own, as its parent sees
// it.
//
// Sluice ── clone ──> process 1 ── fork, exec ──> the command
//
// All three stay in one process group of one session, so the terminal treats them as one job: what
// is typed there reaches the command directly, and a shell inside takes the terminal as it would
// outside. Signals that somebody sends to Sluice are passed on. When Sluice ends, however it does,
// the kernel kills process 1 and with it everything inside.

#ifndef SLUICE_APP_NAMESPACE_CONTAINED_COMMAND_H_
#define SLUICE_APP_NAMESPACE_CONTAINED_COMMAND_H_

#include <sys/types.h>

#include <optional>

#include "app/namespace/channel.h"
#include "app/namespace/guest_plan.h"
#include "app/namespace/guest_side.h"

namespace sluice {

class ContainedCommand {
 public:
  // Makes the namespaces; the command does not run yet. `as_root`: the caller is root inside. The
  // process must have one thread. Throws std::system_error that says what is missing and how to
  // get it.
  ContainedCommand(const GuestPlan& plan, const GuestCommand& command, bool as_root);
  ContainedCommand(const ContainedCommand&) = delete;
  ContainedCommand& operator=(const ContainedCommand&) = delete;
  // Kills what still runs inside.
  ~ContainedCommand();

  // The tap of the namespace, to be taken once.
  ArrivedTap& arrived() { return arrived_; }
  // Runs the command.
  void start();
  void pass_on(int signal);
  // Once the command has ended, don't wait for what its connections have still to send.
  void hurry();

  // Readable when all is over.
  int process_descriptor() const { return process_.get(); }
  // Readable when there is news.
  int news_descriptor() const { return channel_.get(); }
  // What has not been taken of it, if anything. kStopped: the command, a shell that leads a process
  // group of its own, has stopped itself. kEnded: the command has ended. kWarning: what went wrong
  // then.
  std::optional<Message> next_news() const { return receive_message(channel_, Waiting::kNot); }

  // Waits for the end and returns the command's status, 128+N if signal N ended it.
  int wait();

 private:
  Descriptor channel_;
  Descriptor process_;
  pid_t child_ = -1;
  ArrivedTap arrived_;
};

}  // namespace sluice

#endif  // SLUICE_APP_NAMESPACE_CONTAINED_COMMAND_H_
