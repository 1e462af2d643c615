// The commands that run: waited for by their own ids, so that other children of this process are
// left to whoever started them, and ended when nobody needs them any more.
//
// A command whose stream was closed has the end of its input and usually ends by itself, having
// finished its work. What does not is told to end by SIGTERM, and with it what it has started: when
// there are too many of them, and when all of this is destroyed. Who takes longer than kPatience to
// do so is killed when next a command is started or a stream closed. What a command leaves in its
// process group when it ends is killed at once.

#ifndef SLUICE_NAT_HOST_CHILD_PROCESSES_H_
#define SLUICE_NAT_HOST_CHILD_PROCESSES_H_

#include <sys/types.h>

#include <optional>
#include <vector>

#include "nat/host.h"
#include "posix/descriptor.h"
#include "posix/last_will.h"
#include "stack/time.h"

namespace sluice {

class ChildProcesses {
 public:
  // `will` outlives it. Null: what becomes of them when this process is killed is their own affair.
  explicit ChildProcesses(LastWill* will) : will_(will) {}
  ChildProcesses(const ChildProcesses&) = delete;
  ChildProcesses& operator=(const ChildProcesses&) = delete;
  // Ends all that still run: by SIGTERM and, what is left after a moment, by SIGKILL.
  ~ChildProcesses();

  // Whether one more may be started: a guest must not fill the host with processes. Those that were
  // told to end kPatience ago and have not are killed.
  bool make_room();
  void add(pid_t process, Descriptor lifetime, SocketId stream);
  // `terminate`: the command is not to finish its work.
  void on_stream_closed(SocketId stream, bool terminate);
  // Waits for those that have ended. Never blocks.
  void reap();
  // True if some child's end is not announced by a descriptor: then reap() is to be called often.
  bool needs_polling() const { return without_lifetime_ != 0; }
  std::size_t size() const { return children_.size(); }

 private:
  static constexpr Duration kPatience = std::chrono::seconds(3);
  static constexpr std::size_t kMaxChildren = 256;
  static constexpr std::size_t kMaxLingering = 32;  // of those whose stream was closed

  struct Child {
    pid_t process = -1;
    Descriptor lifetime;
    SocketId stream = SocketId::kNone;  // kNone when it was closed
    std::optional<Time> terminated_at;  // when it was told to end
  };

  static void terminate(Child& child);
  void kill_stubborn();
  // Waits for a child that has ended or is about to.
  void wait_for(pid_t process);

  LastWill* will_;               // for when this process has no time to end them
  std::vector<Child> children_;  // in the order they were started
  std::size_t without_lifetime_ = 0;
};

}  // namespace sluice

#endif  // SLUICE_NAT_HOST_CHILD_PROCESSES_H_
