// Where a socket of a link is: an endpoint, or a name of a unix socket.

#ifndef SLUICE_DEVICES_LINK_SOCKET_PLACE_H_
#define SLUICE_DEVICES_LINK_SOCKET_PLACE_H_

#include <sys/un.h>

#include <string>
#include <variant>

#include "posix/descriptor.h"
#include "posix/socket_address.h"
#include "stack/address.h"

namespace sluice {

struct UnixSocketName {
  std::string path;
  bool abstract = false;  // a name that is in no directory (unix(7))

  friend bool operator==(const UnixSocketName&, const UnixSocketName&) = default;
};

using SocketPlace = std::variant<Endpoint, UnixSocketName>;

// "127.0.0.1:1234", "unix:/run/x" or "unix:@x".
std::string to_string(const SocketPlace& place);

// A place in the form that system calls take. Throws std::invalid_argument for a name of a unix
// socket that is empty or too long.
class PlaceAddress {
 public:
  explicit PlaceAddress(const SocketPlace& place);

  int family() const { return data()->sa_family; }
  const sockaddr* data() const;
  socklen_t size() const;

 private:
  struct UnixAddress {
    sockaddr_un address;
    socklen_t size;
  };
  std::variant<SocketAddress, UnixAddress> address_;
};

// A new socket of `type` (SOCK_STREAM and so on) for the family of `place`, nonblocking and closed
// on exec. Throws std::system_error.
Descriptor open_socket(const PlaceAddress& place, int type);

// Binds it; to a unix socket's file as by bind_socket_file(), which is the caller's to remove.
// Throws std::system_error.
void bind_socket(const Descriptor& socket, const SocketPlace& place);

}  // namespace sluice

#endif  // SLUICE_DEVICES_LINK_SOCKET_PLACE_H_
