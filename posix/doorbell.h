// A descriptor by which one process tells another that there is something to look at: an eventfd, a
// pipe or a unix socket, which the other one has made and has, too. User Mode Linux is called by
// sockets, which it calls pipes.
//
// Who rings must not be kept waiting. That a descriptor is nonblocking does not say so, for that
// belongs to what both processes have open, not to the descriptor (open(2)): the other one may take
// it back and let the counter of the eventfd or the pipe be full, at any time. So each kind is rung
// in a way of its own that does not look at it:
//
// * an eventfd by the kernel, when an asynchronous request ends (io_submit(2), IOCB_FLAG_RESFD),
//   which one does at once that polls the eventfd itself: that is always readable, writable or
//   both;
// * a pipe by pwritev2(2) with RWF_NOWAIT, a unix socket by send(2) with MSG_DONTWAIT. A socket of
//   another kind may be locked by who else sends.
//
// A kernel may have no asynchronous requests for us, or not know RWF_NOWAIT of pipes (before Linux
// 6.4). There, a descriptor is made nonblocking each time before it is written to. A process that
// means it can take that back in between; nothing better is known then.

#ifndef SLUICE_POSIX_DOORBELL_H_
#define SLUICE_POSIX_DOORBELL_H_

#include <cstdint>
#include <optional>

#include "posix/descriptor.h"

namespace sluice {

class Doorbell {
 public:
  // None; ringing it does nothing.
  Doorbell() = default;
  // nullopt for anything else than an eventfd, a pipe or a unix socket, as far as can be seen: at
  // files, which another process may serve, one would wait.
  static std::optional<Doorbell> over(Descriptor descriptor);

  // Never waits. Where there is no room, what has been said before is still to be heard. The
  // process ignores SIGPIPE.
  void ring() const;

  int descriptor() const { return descriptor_.get(); }
  explicit operator bool() const { return static_cast<bool>(descriptor_); }
  void reset() { descriptor_.reset(); }

 private:
  enum class Kind : std::uint8_t { kEvent, kPipe, kSocket };

  Doorbell(Kind kind, Descriptor descriptor) : kind_(kind), descriptor_(std::move(descriptor)) {}

  Kind kind_ = Kind::kEvent;
  Descriptor descriptor_;
};

}  // namespace sluice

#endif  // SLUICE_POSIX_DOORBELL_H_
