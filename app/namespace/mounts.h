// What a command in a mount namespace of its own sees in place of the host's files.
//
// A file is replaced by mounting another one over it, which lies on a file system in memory that
// has no name anywhere: nothing on the host's disk changes, and when the last process of the
// namespace is gone, so is the file. When the host's file is removed or another one renamed over it
// (as programs that keep a resolv.conf up to date do), the kernel takes away what is mounted on it
// in every other namespace; so a copy of the mount is kept, to be put in its place.

#ifndef SLUICE_APP_NAMESPACE_MOUNTS_H_
#define SLUICE_APP_NAMESPACE_MOUNTS_H_

#include <sys/types.h>

#include <string>
#include <vector>

#include "posix/descriptor.h"
#include "stack/address.h"

namespace sluice {

// Keeps what is mounted from here on within this namespace. Throws std::system_error.
void separate_mounts();

// Mounts a /proc of this process-id namespace. False if the system does not permit it, as in
// containers that hide parts of /proc; then the old one stays, with the host's processes in it.
bool mount_proc();

// Mounts a /sys that shows this network namespace's interfaces. False if the system does not permit
// it; then the old one stays, with the host's interfaces in it.
bool mount_sys();

class ReplacedFiles {
 public:
  // Lets `path`, symbolic links followed, show `content`. There must be a file. To be called before
  // others see this namespace. Throws std::system_error.
  void replace(const std::string& path, const std::string& content);
  // Whoever connects to a unix socket at `path` is refused. Does nothing if there is none.
  void hide_socket(const std::string& path);

  // Has POLLPRI, for poll(2), when mounts have changed since it was polled last; -1 if there is
  // nothing to keep up.
  int descriptor() const { return changes_.get(); }
  // Mounts again what is mounted no more. Returns false if a path has no file now: then it is to be
  // called again a while later.
  bool keep_up();
  // What is open for that.
  std::vector<int> descriptors() const;

 private:
  struct Replacement {
    std::string path;
    dev_t device = 0;
    ino_t inode = 0;
    Descriptor copy;  // of the mount, mounted nowhere
  };

  std::vector<Replacement> replacements_;
  Descriptor changes_;
};

// A resolv.conf(5) with one name server.
std::string resolv_conf_text(const IpAddress& name_server, const std::vector<std::string>& search);

}  // namespace sluice

#endif  // SLUICE_APP_NAMESPACE_MOUNTS_H_
