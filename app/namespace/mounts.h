// What a command in a mount namespace of its own sees in place of the host's files.
//
// A file is replaced by mounting another one over it, which lies on a file system in memory that
// has no name anywhere: nothing on the host's disk changes, and when the last process of the
// namespace is gone, so is the file.

#ifndef SLUICE_APP_NAMESPACE_MOUNTS_H_
#define SLUICE_APP_NAMESPACE_MOUNTS_H_

#include <string>
#include <vector>

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

// Lets `path`, symbolic links followed, show `content`. There must be a file. Throws
// std::system_error.
void replace_file(const std::string& path, const std::string& content);

// Whoever connects to a unix socket at `path` is refused. Does nothing if there is none.
void hide_socket(const std::string& path);

// A resolv.conf(5) with one name server.
std::string resolv_conf_text(const IpAddress& name_server, const std::vector<std::string>& search);

}  // namespace sluice

#endif  // SLUICE_APP_NAMESPACE_MOUNTS_H_
