// Signals as something to read.
//
// The signals that are meant for a command, or that end Sluice, are blocked and arrive at a
// descriptor. Each tells who sent it: what the kernel sends for a key typed at the terminal, it has
// sent to the command too, but what a user sends to Sluice nobody else has seen.

#ifndef SLUICE_APP_SIGNALS_H_
#define SLUICE_APP_SIGNALS_H_

#include <csignal>
#include <initializer_list>
#include <optional>

#include "posix/descriptor.h"

namespace sluice {

struct Signal {
  int number = 0;
  bool from_kernel = false;

  bool asks_for_end() const {
    return number == SIGTERM || number == SIGINT || number == SIGHUP || number == SIGQUIT;
  }
};

class Signals {
 public:
  // Blocks them, and those that `also` names. Throws std::system_error.
  Signals(std::initializer_list<int> also = {});
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  // The mask is what it was.
  ~Signals();

  int descriptor() const { return signals_.get(); }
  // The next one that has come, if any.
  std::optional<Signal> next() const;
  // The mask that the caller had, for a command to start with.
  const sigset_t& before() const { return before_; }

 private:
  Descriptor signals_;
  sigset_t before_{};
};

// To be called once commands that should not inherit this have been started.
void ignore_failed_writes();

}  // namespace sluice

#endif  // SLUICE_APP_SIGNALS_H_
