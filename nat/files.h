// The port to a directory of files that a service may hand out, read-only.

#ifndef SLUICE_NAT_FILES_H_
#define SLUICE_NAT_FILES_H_

#include <cstdint>
#include <string_view>
#include <system_error>

#include "nat/host.h"
#include "stack/bytes.h"

namespace sluice {

enum class FileId : std::int32_t { kNone = -1 };

struct OpenedFile {
  FileId id = FileId::kNone;
  std::uint64_t size = 0;  // bytes, when it was opened
  std::errc error{};       // no_such_file_or_directory, permission_denied, …
};

class Files {
 public:
  // Opens a regular file by its path below the root; a leading '/' means the root. A path that
  // leaves the root, through ".." or a symbolic link, is permission_denied.
  virtual OpenedFile open(std::string_view path) = 0;
  // Reads at `offset`, as much as there is up to the end of `into`; 0 bytes at the end of the file.
  virtual Transfer read(FileId id, std::uint64_t offset, MutableBytes into) = 0;
  virtual void close(FileId id) = 0;

 protected:
  ~Files() = default;
};

}  // namespace sluice

#endif  // SLUICE_NAT_FILES_H_
