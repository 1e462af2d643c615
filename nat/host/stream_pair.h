// Two sockets that are connected to each other, one for us and one for a command.
//
// A unix pair is the plain way. But some programs that expect inetd ask their standard input for
// its peer's address, which a unix pair hasn't got; for them there is a TCP connection over the
// loopback interface. For a moment it takes a listening port, to which anybody on this host may
// connect; whoever does is turned away, because only the connection that comes from our own end is
// taken.

#ifndef SLUICE_NAT_HOST_STREAM_PAIR_H_
#define SLUICE_NAT_HOST_STREAM_PAIR_H_

#include <system_error>

#include "posix/descriptor.h"

namespace sluice {

struct StreamPair {
  Descriptor ours;    // does not block
  Descriptor theirs;  // blocks, as commands expect it of their standard input
  std::errc error{};  // why there are none
};

// Both ends are close-on-exec.
StreamPair make_unix_pair();
StreamPair make_loopback_pair();

}  // namespace sluice

#endif  // SLUICE_NAT_HOST_STREAM_PAIR_H_
