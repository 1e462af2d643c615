// A guest for tests: sends to a port of the gateway until nothing more fits anywhere, says how many
// bytes that were, and ends without waiting for anything.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  sockaddr_in server{};
  server.sin_family = AF_INET;
  server.sin_addr.s_addr = htonl(0x0a000202);
  server.sin_port = htons(static_cast<std::uint16_t>(std::atoi(argv[1])));
  sockaddr generic{};
  static_assert(sizeof generic == sizeof server);
  std::memcpy(&generic, &server, sizeof generic);
  const int connection = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::connect(connection, &generic, sizeof generic) != 0) return 1;
  constexpr std::array<char, 65536> kBlock{};
  constexpr int kFullAfter = 300;  // milliseconds without room
  long long sent = 0;
  pollfd room{.fd = connection, .events = POLLOUT, .revents = 0};
  while (::poll(&room, 1, kFullAfter) > 0) {
    const ssize_t taken = ::send(connection, kBlock.data(), kBlock.size(), MSG_DONTWAIT);
    if (taken <= 0) return 1;
    sent += taken;
  }
  std::printf("%lld\n", sent);
  return 0;
}
