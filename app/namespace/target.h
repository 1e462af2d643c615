// A network namespace that already exists: that of a process, or one that a path names.

#ifndef SLUICE_APP_NAMESPACE_TARGET_H_
#define SLUICE_APP_NAMESPACE_TARGET_H_

#include <sys/stat.h>
#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

#include "app/namespace/guest_plan.h"
#include "app/namespace/guest_side.h"
#include "posix/descriptor.h"

namespace sluice {

// The number of a process, as itself or as /proc/NUMBER/ns/net; nullopt for any other text.
std::optional<pid_t> parse_process(std::string_view text);

class NamespaceTarget {
 public:
  // `text` is the number of a process or the path of a namespace, as "ip netns" makes them below
  // /run/netns. `user_namespace` is the path of the user namespace to enter it from; if that is
  // empty, it is the one that owns it. Throws std::system_error when there is none.
  explicit NamespaceTarget(const std::string& text, const std::string& user_namespace = {});

  // Makes the tap inside, by a child that enters the namespace, once. From then on it is the tap
  // that keeps the namespace, not this object: a path that is held open can't be unmounted, and its
  // owner could not end the namespace. The process must have one thread. Throws std::system_error.
  ArrivedTap open_tap(const GuestPlan& plan);

  // Readable when the namespace may have ended: ask ended().
  int descriptor() const { return events_.get(); }
  // The process has ended, or the path no longer names this namespace.
  bool ended() const;

 private:
  void open_process(pid_t process);
  void open_path();
  void watch(const Descriptor& source, unsigned events) const;

  std::string path_;         // empty for a process
  Descriptor network_;       // the namespace, until the tap is made
  Descriptor user_;          // to enter it from, if a path names one
  struct stat identity_ {};  // of the namespace's file
  Descriptor process_;       // the process, if it is one
  Descriptor changes_;       // inotify on the path's directory
  Descriptor mounts_;        // the table of mounts, which announces its changes
  Descriptor events_;        // an epoll set of all of them
};

}  // namespace sluice

#endif  // SLUICE_APP_NAMESPACE_TARGET_H_
