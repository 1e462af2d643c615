// The end of a world: what a guest sent before it ended still arrives.
//
// A guest's bytes are acknowledged when Sluice has them, and a guest that has ended asks for
// nothing any more. What the host's sockets have not taken by then would be lost with Sluice,
// though its sender was told that all is well.

#ifndef SLUICE_APP_DELIVERY_H_
#define SLUICE_APP_DELIVERY_H_

#include "app/loop.h"
#include "app/world.h"

namespace sluice {

// Runs the loop until the host's sockets have taken everything, or take nothing for a while, which
// is said, or `impatient` becomes true.
void deliver_the_rest(Loop& loop, World& world, const bool& impatient);

}  // namespace sluice

#endif  // SLUICE_APP_DELIVERY_H_
