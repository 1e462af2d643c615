// What ends the program from outside: signals, and the other end of a descriptor.

#ifndef SLUICE_APP_SLIRP4NETNS_END_WATCH_H_
#define SLUICE_APP_SLIRP4NETNS_END_WATCH_H_

#include <memory>
#include <optional>

#include "app/loop.h"
#include "app/signals.h"

namespace sluice {

class EndWatch {
 public:
  // Stops the loop, which outlives this, when a signal asks for it or the other end of `descriptor`
  // has been closed. Throws UsageError if it can't be waited for.
  EndWatch(Loop& loop, std::optional<int> descriptor);
  EndWatch(const EndWatch&) = delete;
  EndWatch& operator=(const EndWatch&) = delete;

  // There was such an event.
  bool over() const { return over_; }
  // The signal that it was, or 0.
  int signal() const { return signal_; }
  // Whether there was a signal; a reference, for one that comes later.
  const bool& impatient() const { return impatient_; }

 private:
  void look_at_signals();
  void look_at_descriptor();

  Loop& loop_;
  std::optional<int> descriptor_;
  const Signals signals_;
  bool over_ = false;
  bool impatient_ = false;
  int signal_ = 0;
  std::unique_ptr<Loop::Watch> signal_watch_;
  std::unique_ptr<Loop::Watch> descriptor_watch_;
};

}  // namespace sluice

#endif  // SLUICE_APP_SLIRP4NETNS_END_WATCH_H_
