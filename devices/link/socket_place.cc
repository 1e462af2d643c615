#include "devices/link/socket_place.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <stdexcept>
#include <system_error>

#include "posix/socket_file.h"

namespace sluice {
namespace {

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

std::string to_string(const SocketPlace& place) {
  if (const auto* const endpoint = std::get_if<Endpoint>(&place)) return endpoint->to_string();
  const auto& name = std::get<UnixSocketName>(place);
  return (name.abstract ? "unix:@" : "unix:") + name.path;
}

PlaceAddress::PlaceAddress(const SocketPlace& place) {
  if (const auto* const endpoint = std::get_if<Endpoint>(&place)) {
    address_ = SocketAddress(*endpoint);
    return;
  }
  const auto& name = std::get<UnixSocketName>(place);
  UnixAddress unix_address{};
  sockaddr_un& address = unix_address.address;
  address.sun_family = AF_UNIX;
  constexpr std::size_t kRoom = sizeof address.sun_path - 1;
  if (name.path.empty() || name.path.size() > kRoom) {
    throw std::invalid_argument("'" + name.path + "': a name of a unix socket has 1 to " +
                                std::to_string(kRoom) + " bytes");
  }
  std::copy(name.path.begin(), name.path.end(), address.sun_path + (name.abstract ? 1 : 0));
  unix_address.size =
      static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.path.size());
  address_ = unix_address;
}

const sockaddr* PlaceAddress::data() const {
  if (const auto* const inet = std::get_if<SocketAddress>(&address_)) return inet->data();
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): what the system calls take.
  return reinterpret_cast<const sockaddr*>(&std::get<UnixAddress>(address_).address);
}

socklen_t PlaceAddress::size() const {
  if (const auto* const inet = std::get_if<SocketAddress>(&address_)) return inet->size();
  return std::get<UnixAddress>(address_).size;
}

Descriptor open_socket(const PlaceAddress& place, int type) {
  Descriptor socket(::socket(place.family(), type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) fail("can't open a socket");
  return socket;
}

void bind_socket(const Descriptor& socket, const SocketPlace& place) {
  const auto* const name = std::get_if<UnixSocketName>(&place);
  if (name != nullptr && !name->abstract) {
    const std::errc error = bind_socket_file(socket, name->path);
    if (error == std::errc{}) return;
    throw std::system_error(std::make_error_code(error),
                            "can't bind a socket to " + to_string(place) + hint_for_binding(error));
  }
  if (name == nullptr) {
    const int on = 1;
    ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  }
  const PlaceAddress address(place);
  if (::bind(socket.get(), address.data(), address.size()) == 0) return;
  const auto error = static_cast<std::errc>(errno);
  fail("can't bind a socket to " + to_string(place) + hint_for_binding(error));
}

}  // namespace sluice
