// What the kernel knows of a file by itself.
//
// fstat(2) asks whoever serves the file, which may be another process (FUSE) that never answers. A
// descriptor that somebody has passed is looked at by this instead.

#ifndef SLUICE_POSIX_KNOWN_STATUS_H_
#define SLUICE_POSIX_KNOWN_STATUS_H_

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "posix/descriptor.h"

namespace sluice {

struct KnownStatus {
  mode_t type = 0;         // as S_IFMT selects it; 0 for what has no name, such as an eventfd
  std::uint64_t size = 0;  // in bytes
  std::uint64_t block_size = 0;
  bool on_disk = false;  // on a block device of this machine
};

// nullopt if the descriptor is none (errno tells).
std::optional<KnownStatus> known_status(const Descriptor& file);

// True if the pages of the file are memory themselves: of a memfd, or in tmpfs or hugetlbfs.
bool is_memory(const Descriptor& file);

// The kind of file system that the file is in, such as "overlay"; empty where none is mounted for
// us, as for a memfd or in another mount namespace.
std::string file_system_of(const Descriptor& file);

}  // namespace sluice

#endif  // SLUICE_POSIX_KNOWN_STATUS_H_
