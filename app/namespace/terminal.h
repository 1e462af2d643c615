// The controlling terminal, as far as a parent of a shell has to care for it.
//
// An interactive shell inside takes the terminal for its own process group. When it ends, or stops
// itself, the terminal must come back to Sluice's group, or whoever started Sluice would be left
// with a terminal that belongs to nobody.

#ifndef SLUICE_APP_NAMESPACE_TERMINAL_H_
#define SLUICE_APP_NAMESPACE_TERMINAL_H_

#include "posix/descriptor.h"

namespace sluice {

class Terminal {
 public:
  // Without a terminal, nothing here does anything.
  Terminal();

  // Takes the terminal back if its process group is gone.
  void reclaim() const;
  // Takes the terminal from the group that has stopped, stops Sluice's own group, as the terminal
  // would have done, and returns when it has been continued, with the terminal given back.
  void stop_with_command() const;

 private:
  void give_to(int group) const;

  Descriptor terminal_;
};

}  // namespace sluice

#endif  // SLUICE_APP_NAMESPACE_TERMINAL_H_
