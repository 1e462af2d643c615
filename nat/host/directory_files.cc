#include "nat/host/directory_files.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <system_error>
#include <utility>

#include <gsl/assert>
#include <gsl/util>

namespace sluice {
namespace {

// Without O_NONBLOCK, opening a fifo waits for somebody to write to it.
constexpr std::uint64_t kFlags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;

Descriptor open_beneath(const Descriptor& root, const std::string& path, std::uint64_t flags) {
  open_how how{};
  how.flags = flags;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  // EAGAIN: somebody renamed something while a ".." was resolved; the kernel wants to be asked
  // again, but not for ever.
  constexpr int kTries = 8;
  for (int i = 0; i < kTries; ++i) {
    Descriptor file(
        static_cast<int>(::syscall(SYS_openat2, root.get(), path.c_str(), &how, sizeof how)));
    if (file || errno != EAGAIN) return file;
  }
  return Descriptor();
}

std::errc open_error(int error) {
  switch (error) {
    case EXDEV:   // it leaves the root
    case ELOOP:   // a link into /proc, or too many links
    case ENXIO:   // a fifo or a socket
    case EAGAIN:  // it may have left the root
      return std::errc::permission_denied;
    default:
      return static_cast<std::errc>(error);
  }
}

OpenedFile failed(std::errc error) {
  return {.id = FileId::kNone, .size = 0, .error = error};
}

}  // namespace

DirectoryFiles::DirectoryFiles(const std::string& directory)
    : root_(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)) {
  const auto fail = [](const std::string& what) {
    throw std::system_error(errno, std::generic_category(), what);
  };
  if (!root_) fail("can't open the directory '" + directory + "' to hand out files from");
  if (!open_beneath(root_, ".", O_PATH | O_DIRECTORY | O_CLOEXEC)) {
    if (errno == EACCES) fail("can't look into the directory '" + directory + "'");
    fail("can't keep what is handed out inside the directory '" + directory +
         "' (this needs openat2, of Linux 5.6; an old container engine may forbid it)");
  }
}

OpenedFile DirectoryFiles::open(std::string_view path) {
  const auto place = std::ranges::find_if(files_, [](const Descriptor& file) { return !file; });
  if (place == files_.end()) return failed(std::errc::too_many_files_open);
  path.remove_prefix(std::min(path.find_first_not_of('/'), path.size()));
  // The rest behind a zero would not be looked at.
  if (path.empty() || path.find('\0') != std::string_view::npos) {
    return failed(std::errc::no_such_file_or_directory);
  }
  Descriptor file = open_beneath(root_, std::string(path), kFlags);
  if (!file) return failed(open_error(errno));
  struct stat status {};
  if (::fstat(file.get(), &status) < 0) return failed(open_error(errno));
  if (S_ISDIR(status.st_mode)) return failed(std::errc::is_a_directory);
  if (!S_ISREG(status.st_mode)) return failed(std::errc::permission_denied);
  *place = std::move(file);
  return {.id = static_cast<FileId>(place - files_.begin()),
          .size = static_cast<std::uint64_t>(status.st_size),
          .error = {}};
}

Transfer DirectoryFiles::read(FileId id, std::uint64_t offset, MutableBytes into) {
  const Descriptor& file = gsl::at(files_, static_cast<gsl::index>(id));
  if (!file) return {.bytes = 0, .error = std::errc::bad_file_descriptor};
  if (offset > std::numeric_limits<std::int64_t>::max()) return {};
  const ssize_t result = ::pread(file.get(), into.data(), into.size(), static_cast<off_t>(offset));
  if (result < 0) return {.bytes = 0, .error = static_cast<std::errc>(errno)};
  return {.bytes = static_cast<std::size_t>(result), .error = {}};
}

void DirectoryFiles::close(FileId id) {
  gsl::at(files_, static_cast<gsl::index>(id)).reset();
}

}  // namespace sluice
