// What Sluice does as a child inside the guest's namespaces, before and while the guest runs.
//
// Everything here runs in a process that was forked for it, single-threaded, and ends in _exit():
// it reports through its channel and never returns to what its parent was doing.
//
// The first process of a process-id namespace has duties: when it ends, all others are killed,
// which is what leaves nothing behind; while it lives it collects the children of those who died.
// It can't be the command itself, because it ignores every signal that it has no handler for.

#ifndef SLUICE_APP_NAMESPACE_GUEST_SIDE_H_
#define SLUICE_APP_NAMESPACE_GUEST_SIDE_H_

#include <csignal>
#include <string>
#include <system_error>
#include <vector>

#include "app/namespace/channel.h"
#include "app/namespace/guest_plan.h"

namespace sluice {

// Opens the tap in the network namespace of the caller, sets it up as planned, and sends it to the
// other side. Throws std::system_error.
void set_up_interfaces(const GuestPlan& plan, const Descriptor& channel);

struct GuestCommand {
  std::vector<std::string> words;  // the program, looked up in PATH, and its arguments
  sigset_t signals{};              // the signal mask it starts with
};

// What the other side hears of set_up_interfaces() or of its failure.
struct ArrivedTap {
  Descriptor tap;
  std::string name;
  std::vector<std::string> notes;     // what could not be set up and hardly anybody misses
  std::vector<std::string> warnings;  // what could not be set up and is not essential
};
// Waits for it. Throws what the child threw.
ArrivedTap receive_tap(const Descriptor& channel);

// Tells the other side what was thrown, for receive_tap() to throw again.
void send_failure(const Descriptor& channel, const std::system_error& error);

// Lets processes in the caller's network namespace send pings without privilege, as far as their
// groups are mapped. Does nothing where that is not permitted.
void allow_ping();

// The life of process 1 of the new namespaces: sets them up, waits for kStart, runs the command,
// passes signals on, and exits with the command's status, 128+N if signal N ended it.
[[noreturn]] void run_first_process(const GuestPlan& plan, const GuestCommand& command,
                                    const Descriptor& channel);

}  // namespace sluice

#endif  // SLUICE_APP_NAMESPACE_GUEST_SIDE_H_
