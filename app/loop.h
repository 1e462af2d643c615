// The event loop: what there is to wait for, and one timer.
//
// A watch is one shot: it fires once, and its owner arms it again when there is nothing left to
// take. Arming costs no system call: the descriptor stays registered with epoll, level-triggered,
// and is taken out only when it is readable and nobody has armed its watch. A deadline that
// moves costs none either: the timer goes off when it was to, finds nothing due, and is set again.

#ifndef SLUICE_APP_LOOP_H_
#define SLUICE_APP_LOOP_H_

#include <functional>
#include <memory>
#include <optional>

#include "stack/time.h"

namespace sluice {

class Loop {
 public:
  class Watch {
   public:
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;
    virtual ~Watch() = default;
    // Calls back once, as soon as the descriptor is readable. Armed twice, it fires once.
    virtual void arm() = 0;

   protected:
    Watch() = default;
  };

  Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop();

  // A watch that is not armed yet. The descriptor stays its owner's, outlives the watch, and the
  // watch ends before the loop. Throws std::system_error.
  std::unique_ptr<Watch> watch(int descriptor, std::function<void()> on_readable);
  // Calls `task` from run(), after what is ready now.
  void post(std::function<void()> task);

  // Who is called when the deadline has come.
  void on_deadline(std::function<void()> on_deadline);
  // Sets the deadline. A later one than before costs nothing now: the timer goes off when it was
  // to, finds nothing due, and is set again. So a deadline that moves with every packet is free.
  void set_deadline(std::optional<Time> deadline);

  // Runs until stop() is called.
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
