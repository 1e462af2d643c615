// The Files port over one directory.
//
// openat2(2) with RESOLVE_BENEATH makes the kernel refuse a path at the step at which it leaves
// the directory, be it by ".." or by a symbolic link, and whatever is renamed meanwhile. So no path
// is ever looked at here for whether it is safe.

#ifndef SLUICE_NAT_HOST_DIRECTORY_FILES_H_
#define SLUICE_NAT_HOST_DIRECTORY_FILES_H_

#include <array>
#include <string>

#include "nat/files.h"
#include "posix/descriptor.h"

namespace sluice {

class DirectoryFiles final : public Files {
 public:
  // Throws std::system_error if the directory can't be opened.
  explicit DirectoryFiles(const std::string& directory);
  DirectoryFiles(const DirectoryFiles&) = delete;
  DirectoryFiles& operator=(const DirectoryFiles&) = delete;

  // Only regular files: is_a_directory for a directory, permission_denied for what is neither.
  // A link to an absolute path leaves the directory even if it points into it.
  // too_many_files_open when kMaxOpen are.
  OpenedFile open(std::string_view path) override;
  Transfer read(FileId id, std::uint64_t offset, MutableBytes into) override;
  void close(FileId id) override;

  static constexpr std::size_t kMaxOpen = 64;

 private:
  Descriptor root_;
  std::array<Descriptor, kMaxOpen> files_;  // by FileId
};

}  // namespace sluice

#endif  // SLUICE_NAT_HOST_DIRECTORY_FILES_H_
