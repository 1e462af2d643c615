#include "posix/doorbell.h"

#include <fcntl.h>
#include <linux/aio_abi.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <utility>

#include "posix/known_status.h"

namespace sluice {
namespace {

// One for the whole process, which stays until its end: only the kernel has a state of it, several
// threads may use it, and to end one takes tens of milliseconds.
class AsynchronousRequests {
 public:
  AsynchronousRequests() {
    if (::syscall(SYS_io_setup, kRequests, &context_) < 0) context_ = 0;
  }

  bool available() const { return context_ != 0; }
  void signal(int event) const {
    iocb request{};
    request.aio_lio_opcode = IOCB_CMD_POLL;
    request.aio_fildes = static_cast<std::uint32_t>(event);
    request.aio_buf = POLLIN | POLLOUT;
    request.aio_flags = IOCB_FLAG_RESFD;
    request.aio_resfd = static_cast<std::uint32_t>(event);
    std::array<iocb*, 1> requests{&request};
    for (int i = 0; i < 2; ++i) {
      if (::syscall(SYS_io_submit, context_, 1, requests.data()) == 1 || errno != EAGAIN) return;
      // Those that have ended are in the way of others until they have been looked at.
      std::array<io_event, kRequests> ended;
      ::syscall(SYS_io_getevents, context_, 0, kRequests, ended.data(), nullptr);
    }
  }

 private:
  static constexpr long kRequests = 64;

  aio_context_t context_ = 0;
};

const AsynchronousRequests& requests() {
  static const AsynchronousRequests all;
  return all;
}

void write_nonblocking(int descriptor, iovec bytes) {
  const int flags = ::fcntl(descriptor, F_GETFL);
  if (flags < 0 || ::fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) < 0) return;
  pollfd wait{.fd = descriptor, .events = POLLOUT, .revents = 0};
  if (::poll(&wait, 1, 0) == 1) static_cast<void>(!::writev(descriptor, &bytes, 1));
}

int domain_of(const Descriptor& socket) {
  int domain = -1;
  socklen_t size = sizeof domain;
  ::getsockopt(socket.get(), SOL_SOCKET, SO_DOMAIN, &domain, &size);
  return domain;
}

}  // namespace

std::optional<Doorbell> Doorbell::over(Descriptor descriptor) {
  const auto status = known_status(descriptor);
  if (!status) return std::nullopt;
  switch (status->type) {
    case 0:  // what has no name, such as an eventfd
      return Doorbell(Kind::kEvent, std::move(descriptor));
    case S_IFIFO:
      return Doorbell(Kind::kPipe, std::move(descriptor));
    case S_IFSOCK:
      if (domain_of(descriptor) != AF_UNIX) return std::nullopt;
      return Doorbell(Kind::kSocket, std::move(descriptor));
    default:
      return std::nullopt;
  }
}

void Doorbell::ring() const {
  if (!descriptor_) return;
  std::uint64_t one = 1;
  const iovec bytes{.iov_base = &one, .iov_len = sizeof one};
  switch (kind_) {
    case Kind::kEvent:
      if (requests().available()) return requests().signal(descriptor_.get());
      break;
    case Kind::kPipe:
      if (::pwritev2(descriptor_.get(), &bytes, 1, -1, RWF_NOWAIT) >= 0 || errno != EOPNOTSUPP) {
        return;
      }
      break;
    case Kind::kSocket:
      static_cast<void>(!::send(descriptor_.get(), &one, sizeof one, MSG_DONTWAIT | MSG_NOSIGNAL));
      return;
  }
  write_nonblocking(descriptor_.get(), bytes);
}

}  // namespace sluice
