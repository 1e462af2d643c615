// Unix sockets that have a name in a directory: a file, which outlives the process that has made it
// unless that removes it.

#ifndef SLUICE_POSIX_SOCKET_FILE_H_
#define SLUICE_POSIX_SOCKET_FILE_H_

#include <sys/stat.h>

#include <string>
#include <system_error>

#include "posix/descriptor.h"

namespace sluice {

// Binds a unix socket to `path`. The file has the permissions
// `mode`, less those that the umask takes away. A socket that a process has left behind there is
// replaced; anything else is left alone: filename_too_long, also of an empty one; file_exists if
// there is something that is no socket; address_in_use if another process has it.
std::errc bind_socket_file(const Descriptor& socket, const std::string& path, mode_t mode = 0777);

// What to say of that behind the words that tell what was tried: " (...)", or nothing.
std::string hint_for_binding(std::errc error);

// The file of a socket that is bound: removed at the end, if it still is the same one.
class SocketFile {
 public:
  explicit SocketFile(std::string path);
  SocketFile(const SocketFile&) = delete;
  SocketFile& operator=(const SocketFile&) = delete;
  ~SocketFile();

  const std::string& path() const { return path_; }

 private:
  std::string path_;  // empty when it is not ours to remove
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace sluice

#endif  // SLUICE_POSIX_SOCKET_FILE_H_
