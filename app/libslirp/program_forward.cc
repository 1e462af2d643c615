#include "app/libslirp/program_forward.h"

#include <cerrno>

namespace sluice {

Transfer ProgramForward::take(Bytes bytes) {
  const Transfer all{.bytes = bytes.size()};
  if (callbacks_.is_silenced()) return all;
  errno = 0;
  const ssize_t taken = write_(bytes.data(), bytes.size(), opaque_);
  if (taken > 0) return {.bytes = static_cast<std::size_t>(taken)};
  if (taken < 0 && (errno == EAGAIN || errno == EINTR)) {
    return {.error = std::errc::operation_would_block};
  }
  // Programs are used to it that nobody looks at what they return: a device whose other end is gone
  // fails, and the guest's connection waits for it to come back.
  return all;
}

}  // namespace sluice
