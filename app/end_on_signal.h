// Ends a loop when somebody asks for it by a signal.

#ifndef SLUICE_APP_END_ON_SIGNAL_H_
#define SLUICE_APP_END_ON_SIGNAL_H_

#include <memory>

#include "app/loop.h"
#include "app/signals.h"

namespace sluice {

class EndOnSignal {
 public:
  // Both outlive it.
  EndOnSignal(const Signals& signals, Loop& loop);
  EndOnSignal(const EndOnSignal&) = delete;
  EndOnSignal& operator=(const EndOnSignal&) = delete;

  // Whether that has happened; to be looked at again.
  const bool& asked() const { return asked_; }

 private:
  bool asked_ = false;
  const std::unique_ptr<Loop::Watch> watch_;
};

}  // namespace sluice

#endif  // SLUICE_APP_END_ON_SIGNAL_H_
