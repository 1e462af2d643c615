// Files of configuration, read as what they should be: small, and there at once.

#ifndef SLUICE_POSIX_SMALL_FILE_H_
#define SLUICE_POSIX_SMALL_FILE_H_

#include <cstddef>
#include <string>

namespace sluice {

// The whole lines among the first `limit` bytes, or all of a smaller file. Empty if the file is
// missing or can't be read. Whatever is at `path` instead of a file is not waited for.
std::string read_small_file(const std::string& path, std::size_t limit = std::size_t{64} << 10);

}  // namespace sluice

#endif  // SLUICE_POSIX_SMALL_FILE_H_
