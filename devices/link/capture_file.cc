#include "devices/link/capture_file.h"

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include <climits>

namespace sluice {
namespace {

bool is_pipe(const Descriptor& file) {
  struct stat status {};
  return ::fstat(file.get(), &status) == 0 && S_ISFIFO(status.st_mode);
}

bool takes_more(const Descriptor& file, int milliseconds) {
  pollfd wanted{.fd = file.get(), .events = POLLOUT, .revents = 0};
  return ::poll(&wanted, 1, milliseconds) > 0;
}

}  // namespace

CaptureFile::CaptureFile(Descriptor file, bool waits)
    : file_(std::move(file)), is_pipe_(!waits && is_pipe(file_)) {}

std::FILE* CaptureFile::open_stream() {
  return ::fopencookie(
      this, "w",
      {.read = nullptr, .write = &CaptureFile::write, .seek = nullptr, .close = nullptr});
}

bool CaptureFile::write_now(Bytes bytes, std::size_t& written) {
  while (written < bytes.size()) {
    std::size_t size = bytes.size() - written;
    if (is_pipe_) {
      // As much as a pipe that is writable takes without waiting (pipe(7)). That it is nonblocking
      // would be seen by whoever else has it.
      if (!takes_more(file_, 0)) return true;
      size = std::min<std::size_t>(size, PIPE_BUF);
    }
    const ssize_t count = ::write(file_.get(), bytes.data() + written, size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno == EAGAIN;
    written += static_cast<std::size_t>(count);
  }
  return true;
}

bool CaptureFile::go_on() {
  if (waiting_.empty()) return true;
  const bool fine = write_now(waiting_, written_);
  if (written_ == waiting_.size()) {
    waiting_.clear();
    written_ = 0;
  }
  return fine;
}

ssize_t CaptureFile::write(void* self, const char* data, std::size_t size) {
  auto& file = *static_cast<CaptureFile*>(self);
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): characters are bytes
  const Bytes bytes(reinterpret_cast<const std::uint8_t*>(data), size);
  if (!file.go_on()) return 0;
  std::size_t written = 0;
  if (file.waiting_.empty() && !file.write_now(bytes, written)) return 0;
  const Bytes rest = bytes.subspan(written);
  file.waiting_.insert(file.waiting_.end(), rest.begin(), rest.end());
  return static_cast<ssize_t>(size);
}

bool CaptureFile::drain() {
  constexpr int kPatienceMilliseconds = 1000;
  while (!waiting_.empty()) {
    if (!takes_more(file_, kPatienceMilliseconds) || !go_on()) return false;
  }
  return true;
}

}  // namespace sluice
