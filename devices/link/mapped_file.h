// Pages of a file that another process has, too.
//
// That process may make the file shorter at any time, and whoever touches pages that are gone gets
// SIGBUS. A memfd can be sealed against that (fcntl(2), F_SEAL_SHRINK), but other files are used as
// well: User Mode Linux has its memory in one without a name. So the signal is taken: where it
// strikes in one of these mappings, empty pages take the place of all of it, and is_lost() tells.
// A SIGBUS for any other reason ends the process, as without this.
//
// Only files of this machine's own file systems are mapped: one that is served by another process,
// or over a network, could let us wait at every access.

#ifndef SLUICE_DEVICES_LINK_MAPPED_FILE_H_
#define SLUICE_DEVICES_LINK_MAPPED_FILE_H_

#include <sys/mman.h>

#include <cstdint>

#include "posix/descriptor.h"
#include "stack/bytes.h"

namespace sluice {

class MappedFile {
 public:
  // At most so many at a time: more than one machine may tell of.
  static constexpr std::size_t kMaxFiles = 4096;

  MappedFile() = default;
  // Whether it is a file of a kind that is mapped.
  static bool can_map(const Descriptor& file);
  // `size` bytes from `offset` on, to be read and written unless told otherwise (`protection` as of
  // mmap(2)). The descriptor is not needed any more. Throws std::system_error: the file can't be
  // mapped, is too short, or is of a kind that is not.
  MappedFile(const Descriptor& file, std::uint64_t offset, std::uint64_t size,
             int protection = PROT_READ | PROT_WRITE);
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  MutableBytes bytes() const { return bytes_; }
  // The file has become shorter, and these bytes have no meaning any more.
  bool is_lost() const;

 private:
  static constexpr std::size_t kNoPlace = kMaxFiles;

  MutableBytes pages_;  // all of them; `bytes_` may begin within the first
  MutableBytes bytes_;
  std::size_t place_ = kNoPlace;  // where the signal's handler knows them
};

}  // namespace sluice

#endif  // SLUICE_DEVICES_LINK_MAPPED_FILE_H_
