#include "app/libslirp/program_forward.h"

#include <cerrno>

namespace sluice {

Transfer ProgramForward::take(Bytes bytes) {
  errno = 0;
  const ssize_t taken = write_(bytes.data(), bytes.size(), opaque_);
  if (taken >= 0) return {.bytes = static_cast<std::size_t>(taken)};
  if (errno == EAGAIN || errno == EINTR) return {.error = std::errc::operation_would_block};
  return {.error = errno == 0 ? std::errc::broken_pipe : static_cast<std::errc>(errno)};
}

}  // namespace sluice
