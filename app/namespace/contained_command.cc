#include "app/namespace/contained_command.h"

#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "app/namespace/failure.h"
#include "app/namespace/id_maps.h"

namespace sluice {
namespace {

// fork() into new namespaces. In the parent, `process` becomes a descriptor of the child.
pid_t fork_into_namespaces(Descriptor& process) {
  constexpr unsigned long kFlags = CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWPID |
                                   CLONE_PIDFD | static_cast<unsigned long>(SIGCHLD);
  int process_descriptor = -1;
  const long child = ::syscall(SYS_clone, kFlags, nullptr, &process_descriptor, nullptr, nullptr);
  if (child > 0) process.reset(process_descriptor);
  return static_cast<pid_t>(child);
}

}  // namespace

ContainedCommand::ContainedCommand(const GuestPlan& plan, const GuestCommand& command,
                                   bool as_root) {
  auto [ours, theirs] = make_channel();
  channel_ = std::move(ours);
  child_ = fork_into_namespaces(process_);
  if (child_ < 0) {
    const int error = errno;
    fail(error, "can't make a user namespace" + explain_refused_user_namespace(error));
  }
  if (child_ == 0) {
    channel_.reset();
    run_first_process(plan, command, theirs);
  }
  theirs.reset();
  try {
    receive_message(channel_);  // kHello, or the end, which shows below
    write_id_maps(child_, as_root);
    send_message(channel_, {.kind = Message::Kind::kMapped});
    arrived_ = receive_tap(channel_);
  } catch (...) {
    channel_.reset();
    ::kill(child_, SIGKILL);
    wait();
    throw;
  }
}

ContainedCommand::~ContainedCommand() {
  if (child_ < 0) return;
  ::kill(child_, SIGKILL);
  wait();
}

void ContainedCommand::start() {
  send_message(channel_, {.kind = Message::Kind::kStart});
}

void ContainedCommand::pass_on(int signal) {
  send_message(channel_, {.kind = Message::Kind::kSignal, .number = signal});
}

void ContainedCommand::hurry() {
  send_message(channel_, {.kind = Message::Kind::kHurry});
}

int ContainedCommand::wait() {
  int status = 0;
  while (::waitpid(child_, &status, 0) < 0 && errno == EINTR) {
  }
  child_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace sluice
