// What is to be done when this process is gone, whatever ended it.
//
// A process that is killed can't tidy up. So another one does, which knows what there is to do and
// otherwise waits for the end of a socket: it comes when this object ends, and when its process is
// killed. It is started when there is something to do for the first time, or before: it keeps the
// memory that its parent had then.

#ifndef SLUICE_POSIX_LAST_WILL_H_
#define SLUICE_POSIX_LAST_WILL_H_

#include <sys/types.h>

#include <string>

#include "posix/descriptor.h"

namespace sluice {

class LastWill {
 public:
  LastWill() = default;
  LastWill(const LastWill&) = delete;
  LastWill& operator=(const LastWill&) = delete;
  // What is still to be done has been done when this returns.
  ~LastWill();

  // Starts that process if it does not run yet. False if it can't be; errno says why.
  [[nodiscard]] bool start();
  // Kills a process group. It is to be taken back before the group's leader is waited for: later,
  // the number may be somebody else's. False if that can't be promised; errno says why.
  [[nodiscard]] bool kill_group(pid_t group);
  void spare_group(pid_t group);
  // Removes a file, or a directory with all that is in it, if it still is the one that is there
  // now. False if that can't be promised; errno says why.
  [[nodiscard]] bool remove(const std::string& path);
  void leave(const std::string& path);

 private:
  enum class Order : std::uint8_t { kKill, kSpare, kRemove, kLeave };
  // On the way to the other process, followed by the path.
  struct Message {
    Order order;
    pid_t group;
    dev_t device;
    ino_t inode;
  };
  class Executor;

  bool send(const Message& message, const std::string& path) const;

  Descriptor socket_;
  pid_t executor_ = -1;
};

}  // namespace sluice

#endif  // SLUICE_POSIX_LAST_WILL_H_
