#include "app/libslirp/addresses.h"

#include <arpa/inet.h>
#include <sys/un.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string>

namespace sluice {
namespace {

constexpr int kLargestPort = 65535;

// The struct of that family, copied from where it lies: callers' pointers may be to anything.
template <typename Address>
std::optional<Address> read(const sockaddr* address, socklen_t size) {
  if (size < sizeof(Address)) return std::nullopt;
  Address copy{};
  std::memcpy(&copy, address, sizeof copy);
  return copy;
}

std::optional<sa_family_t> family_of(const sockaddr* address, socklen_t size) {
  if (address == nullptr || size < sizeof(sa_family_t)) return std::nullopt;
  sa_family_t family = 0;
  std::memcpy(&family, &address->sa_family, sizeof family);
  return family;
}

std::optional<UnixPath> path_at(const sockaddr* address, socklen_t size) {
  constexpr std::size_t kBegin = offsetof(sockaddr_un, sun_path);
  if (size <= kBegin) return std::nullopt;
  std::array<char, sizeof(sockaddr_un::sun_path)> path{};
  const std::size_t length = std::min<std::size_t>(size - kBegin, path.size());
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): as sockets' addresses are.
  std::memcpy(path.data(), reinterpret_cast<const char*>(address) + kBegin, length);
  std::string text(path.data(), ::strnlen(path.data(), length));
  if (text.empty()) return std::nullopt;
  return UnixPath{std::move(text)};
}

}  // namespace

IpAddress ip_address(const in_addr& address) {
  return IpAddress::v4(ntohl(address.s_addr));
}

IpAddress ip_address(const in6_addr& address) {
  std::array<std::uint8_t, 16> octets{};
  std::memcpy(octets.data(), &address, octets.size());
  return IpAddress::v6(octets);
}

in_addr raw_address(const IpAddress& address) {
  return {.s_addr = htonl(address.v4_bits())};
}

std::optional<std::uint16_t> port_number(int port, bool may_be_zero) {
  if (port < (may_be_zero ? 0 : 1) || port > kLargestPort) return std::nullopt;
  return static_cast<std::uint16_t>(port);
}

std::optional<Endpoint> endpoint_at(const sockaddr* address, socklen_t size) {
  const auto family = family_of(address, size);
  if (family == sa_family_t{AF_INET}) {
    const auto v4 = read<sockaddr_in>(address, size);
    if (v4) return Endpoint{ip_address(v4->sin_addr), ntohs(v4->sin_port)};
  } else if (family == sa_family_t{AF_INET6}) {
    const auto v6 = read<sockaddr_in6>(address, size);
    if (v6) return Endpoint{ip_address(v6->sin6_addr), ntohs(v6->sin6_port)};
  }
  return std::nullopt;
}

std::optional<decltype(ListenAddress::local)> local_at(const sockaddr* address, socklen_t size) {
  if (family_of(address, size) == sa_family_t{AF_UNIX}) {
    if (auto path = path_at(address, size)) return std::move(*path);
    return std::nullopt;
  }
  if (const auto endpoint = endpoint_at(address, size)) return *endpoint;
  return std::nullopt;
}

}  // namespace sluice
