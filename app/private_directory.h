// A directory that nobody else can look into, and that is gone when its owner is.

#ifndef SLUICE_APP_PRIVATE_DIRECTORY_H_
#define SLUICE_APP_PRIVATE_DIRECTORY_H_

#include <string>

#include "posix/last_will.h"

namespace sluice {

class PrivateDirectory {
 public:
  // Makes a directory `prefix`-XXXXXX with mode 0700 below TMPDIR, or /tmp. Throws
  // std::system_error. The process must have one thread.
  explicit PrivateDirectory(const std::string& prefix);
  PrivateDirectory(const PrivateDirectory&) = delete;
  PrivateDirectory& operator=(const PrivateDirectory&) = delete;
  // The directory and all that is in it are gone when this returns.
  ~PrivateDirectory() = default;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
  LastWill will_;
};

}  // namespace sluice

#endif  // SLUICE_APP_PRIVATE_DIRECTORY_H_
