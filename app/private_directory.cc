#include "app/private_directory.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace sluice {
namespace {

[[noreturn]] void fail(int error, const std::string& what) {
  throw std::system_error(error, std::generic_category(), what);
}

[[noreturn]] void remove_at_the_end_of(int pipe, const std::string& path) {
  sigset_t all;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, nullptr);
  ::setsid();
  // Nobody's output may wait for this process, and the pipe's other end must not be held here.
  if (pipe != 0) ::dup2(pipe, 0);
  ::close_range(1, ~0U, 0);
  char byte = 0;
  while (::read(0, &byte, 1) < 0 && errno == EINTR) {
  }
  // Commands that end at the same moment may still be writing.
  constexpr int kAttempts = 50;
  for (int i = 0; i < kAttempts; ++i) {
    std::error_code error;
    std::filesystem::remove_all(path, error);
    if (!error && ::access(path.c_str(), F_OK) != 0) break;
    ::usleep(20'000);
  }
  ::_exit(0);
}

}  // namespace

PrivateDirectory::PrivateDirectory(const std::string& prefix) {
  const char* const base = std::getenv("TMPDIR");
  path_ = std::string(base != nullptr && *base == '/' ? base : "/tmp") + "/" + prefix + "-XXXXXX";
  if (::mkdtemp(path_.data()) == nullptr) fail(errno, "can't make a directory as " + path_);
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) == 0) {
    const Descriptor end(ends[0]);
    alive_.reset(ends[1]);
    remover_ = ::fork();
    if (remover_ == 0) remove_at_the_end_of(end.get(), path_);
  }
  if (remover_ < 0) {
    const int error = errno;
    ::rmdir(path_.c_str());
    fail(error, "can't start a process");
  }
}

PrivateDirectory::~PrivateDirectory() {
  alive_.reset();
  while (::waitpid(remover_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace sluice
