#include "app/ready_descriptor.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>
#include <system_error>

#include "app/log.h"
#include "app/options/usage_error.h"

namespace sluice {

ReadyDescriptor::ReadyDescriptor(std::optional<int> number) {
  if (!number) return;
  if (::fcntl(*number, F_GETFD) < 0) {
    throw UsageError("--ready-fd: " + std::to_string(*number) + " is no open descriptor");
  }
  // Not for the helper or the commands of guestfwd: its end would not be seen. And under another
  // number, as it is closed in the end: a standard file's must not become something else's.
  descriptor_.reset(::fcntl(*number, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  if (!descriptor_) {
    throw std::system_error(errno, std::generic_category(), "can't take over --ready-fd");
  }
  if (*number > STDERR_FILENO) ::close(*number);
}

void ReadyDescriptor::announce(std::string_view word) {
  if (descriptor_ && ::write(descriptor_.get(), word.data(), word.size()) < 0) {
    log::warning("nobody listens to --ready-fd");
  }
  descriptor_.reset();
}

void announce(ReadyDescriptor& ready, const std::string& line, bool stdout_is_capture) {
  std::FILE* const stream = stdout_is_capture ? stderr : stdout;
  std::fprintf(stream, "%s\n", line.c_str());
  std::fflush(stream);
  ready.announce("1\n");
}

}  // namespace sluice
