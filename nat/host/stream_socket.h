// Byte streams over sockets: TCP and unix, connecting, and moving their bytes.
//
// A connection costs as few system calls as can be: socket, TCP_NODELAY, SO_OOBINLINE, connect,
// getsockname, and the one that registers it. TCP_NODELAY because the guest's own TCP has already
// decided when to send what; SO_OOBINLINE because an urgent byte is a byte of the stream like any
// other (RFC 6093), and would be missing from it.

#ifndef SLUICE_NAT_HOST_STREAM_SOCKET_H_
#define SLUICE_NAT_HOST_STREAM_SOCKET_H_

#include <optional>
#include <string>

#include "nat/host.h"
#include "nat/host/socket_call.h"

namespace sluice {

// Starts a TCP connection. `outbound` is the local address to connect from, for a destination of
// its family that is not on the loopback: a server there may trust only what comes from there.
OpenedSocket connect_tcp(const Endpoint& destination, const std::optional<IpAddress>& outbound);

// Connects to a unix socket. It is connected at once or never: a full backlog is
// connection_refused.
OpenedSocket connect_unix(const std::string& path);

// See Streams.
Transfer send_pieces(int socket, gsl::span<const Bytes> pieces);
Transfer receive_pieces(int socket, gsl::span<const MutableBytes> pieces);

}  // namespace sluice

#endif  // SLUICE_NAT_HOST_STREAM_SOCKET_H_
