// Commands of the user that take part in setting up a network: scripts that are told an interface's
// name, and helpers that have a privilege we lack.
//
// They are run with the signals of a new process, nothing to read, and our error output for all
// they say: our standard output has a meaning of its own. Of our descriptors they get the one
// that is for them. Everybody waits for them, so their time is bounded: one that has not ended by
// then is killed.

#ifndef SLUICE_APP_AIDING_COMMAND_H_
#define SLUICE_APP_AIDING_COMMAND_H_

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

#include "stack/time.h"

namespace sluice {

class AidingCommand {
 public:
  // The number that a descriptor has there.
  static constexpr int kDescriptor = 3;

  static constexpr Duration kPatience = std::chrono::seconds(60);

  // Starts it, found as a shell finds it, with a descriptor of ours or none (-1). Throws
  // std::system_error.
  explicit AidingCommand(std::vector<std::string> words, int descriptor = -1,
                         Duration patience = kPatience);
  AidingCommand(const AidingCommand&) = delete;
  AidingCommand& operator=(const AidingCommand&) = delete;
  // Waits for its end.
  ~AidingCommand();

  // Waits until the descriptor is readable, or the command's time is over. False if it is.
  bool wait_for(int descriptor) const;
  // Waits for its end. Throws std::runtime_error that tells how it ended if it did not succeed.
  void finish();

 private:
  int wait();
  void kill_if_late();

  std::string name_;
  const Duration patience_;
  const Time end_;  // of its time
  bool was_late_ = false;
  pid_t process_ = -1;
};

}  // namespace sluice

#endif  // SLUICE_APP_AIDING_COMMAND_H_
