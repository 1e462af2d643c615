#include "posix/socket_address.h"

#include <array>
#include <cstring>

#include "stack/bytes.h"

namespace sluice {

SocketAddress::SocketAddress(const Endpoint& endpoint) {
  if (endpoint.address.is_v4()) {
    v4_ = sockaddr_in{};
    v4_.sin_family = AF_INET;
    v4_.sin_port = htons(endpoint.port);
    v4_.sin_addr.s_addr = htonl(endpoint.address.v4_bits());
  } else {
    v6_.sin6_family = AF_INET6;
    v6_.sin6_port = htons(endpoint.port);
    const std::array<std::uint8_t, 16>& octets = endpoint.address.octets();
    std::memcpy(&v6_.sin6_addr, octets.data(), octets.size());
  }
}

std::optional<Endpoint> SocketAddress::endpoint() const {
  switch (any_.sa_family) {
    case AF_INET:
      return Endpoint{.address = IpAddress::v4(ntohl(v4_.sin_addr.s_addr)),
                      .port = ntohs(v4_.sin_port)};
    case AF_INET6: {
      std::array<std::uint8_t, 16> octets{};
      std::memcpy(octets.data(), &v6_.sin6_addr, octets.size());
      return Endpoint{.address = IpAddress::v6(octets), .port = ntohs(v6_.sin6_port)};
    }
    default:
      return std::nullopt;
  }
}

std::optional<sockaddr_un> unix_address(const std::string& path) {
  sockaddr_un address{};
  // The terminating zero has its place in it.
  if (path.empty() || path.size() >= sizeof address.sun_path) return std::nullopt;
  address.sun_family = AF_UNIX;
  std::memcpy(&address.sun_path, path.data(), path.size());
  return address;
}

}  // namespace sluice
