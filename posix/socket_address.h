// Addresses in the form that system calls take.

#ifndef SLUICE_POSIX_SOCKET_ADDRESS_H_
#define SLUICE_POSIX_SOCKET_ADDRESS_H_

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <optional>
#include <string>

#include "stack/address.h"

namespace sluice {

// AF_INET or AF_INET6, as the address's own family says.
inline int socket_family(const IpAddress& address) {
  return address.is_v4() ? AF_INET : AF_INET6;
}

// A sockaddr_in or sockaddr_in6.
class SocketAddress {
 public:
  // Room for the system to fill in: pass data() and kCapacity.
  SocketAddress() = default;
  explicit SocketAddress(const Endpoint& endpoint);

  sockaddr* data() { return &any_; }
  const sockaddr* data() const { return &any_; }
  socklen_t size() const { return any_.sa_family == AF_INET ? sizeof v4_ : sizeof v6_; }

  // nullopt for an address of neither family, such as a unix socket's.
  std::optional<Endpoint> endpoint() const;

 private:
  union {
    sockaddr_in6 v6_{};
    sockaddr_in v4_;
    sockaddr any_;
  };

 public:
  static constexpr socklen_t kCapacity = sizeof(sockaddr_in6);
};

// The address of a unix socket; nullopt if the path is too long for one, or empty.
std::optional<sockaddr_un> unix_address(const std::string& path);

}  // namespace sluice

#endif  // SLUICE_POSIX_SOCKET_ADDRESS_H_
