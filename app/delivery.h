// The end of a world: what a guest sent before it ended still arrives.
//
// A guest's bytes are acknowledged when Sluice has them, and a guest that has ended asks for
// nothing any more. What the host's sockets have not taken by then would be lost with Sluice,
// though its sender was told that all is well.
//
// A receiver that takes nothing is waited for only so long, from when it last took something. A
// guest may take its time to end for the same reason: that counts, too.

#ifndef SLUICE_APP_DELIVERY_H_
#define SLUICE_APP_DELIVERY_H_

#include <cstddef>

#include "app/loop.h"
#include "app/world.h"
#include "stack/time.h"

namespace sluice {

class Delivery {
 public:
  // From when the guest begins to end. Both outlive this.
  Delivery(Loop& loop, World& world);
  Delivery(const Delivery&) = delete;
  Delivery& operator=(const Delivery&) = delete;

  // Runs the loop until the guest has `gone`.
  void run_until(const bool& gone);
  // The guest has gone: runs the loop until the host's sockets have taken everything, or have taken
  // nothing for a while, which is said, or `impatient` becomes true.
  void finish(const bool& impatient);

 private:
  // Runs the loop for a moment and looks whether something has moved.
  void step();

  Loop& loop_;
  World& world_;
  std::size_t left_;
  Time moved_at_;
};

}  // namespace sluice

#endif  // SLUICE_APP_DELIVERY_H_
