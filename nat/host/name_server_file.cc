#include "nat/host/name_server_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>

#include "posix/descriptor.h"

namespace sluice {
namespace {

constexpr std::chrono::seconds kInterval{1};

}  // namespace

NameServerFile::NameServerFile(std::string path, Parser parse)
    : path_(std::move(path)), parse_(parse) {}

gsl::span<const Endpoint> NameServerFile::current(Time now) {
  if (looked_ && now - *looked_ < kInterval) return servers_;
  looked_ = now;
  // The version is taken first: a change between the two is read now, and once more later.
  const std::optional<Version> present = version();
  if (!present) {
    version_.reset();
    servers_.clear();
  } else if (present != version_) {
    version_ = present;
    read();
  }
  return servers_;
}

std::optional<NameServerFile::Version> NameServerFile::version() const {
  struct stat status {};
  if (::stat(path_.c_str(), &status) < 0) return std::nullopt;
  return Version{.device = status.st_dev,
                 .inode = status.st_ino,
                 .size = status.st_size,
                 .modified = {status.st_mtim.tv_sec, status.st_mtim.tv_nsec},
                 .changed = {status.st_ctim.tv_sec, status.st_ctim.tv_nsec}};
}

void NameServerFile::read() {
  servers_.clear();
  // O_NONBLOCK for what is no file but a fifo: it has nothing to say and is not waited for.
  const Descriptor file(::open(path_.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  std::string text(kMaxSize, '\0');
  std::size_t filled = 0;
  while (file && filled < text.size()) {
    const ssize_t result = ::read(file.get(), &text[filled], text.size() - filled);
    if (result <= 0) break;
    filled += static_cast<std::size_t>(result);
  }
  // A line that the limit cuts in two would say something else.
  if (filled == kMaxSize) filled = text.rfind('\n') + 1;
  text.resize(filled);
  servers_ = parse_(text);
}

}  // namespace sluice
