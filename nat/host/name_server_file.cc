#include "nat/host/name_server_file.h"

#include <sys/stat.h>

#include <chrono>

#include "posix/small_file.h"

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
    servers_ = parse_(read_small_file(path_, kMaxSize));
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

}  // namespace sluice
