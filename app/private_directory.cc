#include "app/private_directory.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>

namespace sluice {
namespace {

[[noreturn]] void fail(int error, const std::string& what) {
  throw std::system_error(error, std::generic_category(), what);
}

}  // namespace

PrivateDirectory::PrivateDirectory(const std::string& prefix) {
  const char* const base = std::getenv("TMPDIR");
  path_ = std::string(base != nullptr && *base == '/' ? base : "/tmp") + "/" + prefix + "-XXXXXX";
  const std::string promise = "can't start a process that removes " + path_ + " at the end";
  // First, as it takes a while: whoever kills this process in between leaves the directory behind.
  if (!will_.start()) fail(errno, promise);
  if (::mkdtemp(path_.data()) == nullptr) fail(errno, "can't make a directory as " + path_);
  if (will_.remove(path_)) return;
  const int error = errno;
  ::rmdir(path_.c_str());
  fail(error, promise);
}

}  // namespace sluice
