// A directory that nobody else can look into, and that is gone when its owner is.
//
// A process that is killed can't tidy up. So the directory is removed by another one, which does
// nothing but wait for the end of a pipe: it comes when this object ends, and when its process is
// killed.

#ifndef SLUICE_APP_PRIVATE_DIRECTORY_H_
#define SLUICE_APP_PRIVATE_DIRECTORY_H_

#include <sys/types.h>

#include <string>

#include "posix/descriptor.h"

namespace sluice {

class PrivateDirectory {
 public:
  // Makes a directory `prefix`-XXXXXX with mode 0700 below TMPDIR, or /tmp. Throws
  // std::system_error. The process must have one thread.
  explicit PrivateDirectory(const std::string& prefix);
  PrivateDirectory(const PrivateDirectory&) = delete;
  PrivateDirectory& operator=(const PrivateDirectory&) = delete;
  // The directory and all that is in it are gone when this returns.
  ~PrivateDirectory();

  const std::string& path() const { return path_; }

 private:
  std::string path_;
  Descriptor alive_;
  pid_t remover_ = -1;
};

}  // namespace sluice

#endif  // SLUICE_APP_PRIVATE_DIRECTORY_H_
