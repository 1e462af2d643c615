// The event loop: waits in an event queue, calls who watches what has happened, and then gives the
// network its turn.
//
// Watches are edge-triggered like everything in the queue: a callback takes all that there is, for
// it is called again only when there is something new. So waiting for a descriptor costs no system
// call but the wait itself. Nor does a deadline that moves with every packet: the timer is set only
// to an earlier time than it has; when it goes off early, the turn tells the later one.
//
// A wait may begin by polling (busy_poll.h). In between, whoever else can run on this processor
// does.

#ifndef SLUICE_APP_LOOP_H_
#define SLUICE_APP_LOOP_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "nat/host/event_queue.h"
#include "stack/time.h"

namespace sluice {

class Loop {
 public:
  class Watch {
   public:
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;
    virtual ~Watch() = default;

   protected:
    Watch() = default;
  };

  // What comes after a turn.
  struct Rest {
    std::optional<Time> until;  // the next turn, even if nothing happens; at once, if that is over
    std::uint64_t moved = 0;    // bytes, in this one
  };
  // What is done after each wait, with what the queue has fetched.
  using Turn = std::function<Rest(gsl::span<const epoll_event> fetched)>;

  // Polls for at most `busy_poll` before it sleeps. Throws std::system_error.
  explicit Loop(Duration busy_poll = Duration::zero());
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop();

  // Where the loop waits, for a host to register its sockets with.
  EventQueue& queue();

  // Calls back when the descriptor is readable, and each time that it becomes more so. It stays its
  // owner's and outlives the watch, and the watch ends before the loop. A callback may end its own
  // watch. What has come at the descriptor may have been taken already. Throws std::system_error.
  std::unique_ptr<Watch> watch(int descriptor, std::function<void()> on_readable);

  // May be called for several, which have their turns one after the other.
  void on_turn(Turn turn);

  // Runs until stop() is called, beginning with a turn. What has been fetched by then is delivered.
  void run();
  // Runs for so long, or until stop() is called.
  void run_for(Duration duration);
  void stop();

 private:
  class Core;
  std::unique_ptr<Core> core_;
};

}  // namespace sluice

#endif  // SLUICE_APP_LOOP_H_
