#include "app/slirp4netns/api_socket.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

namespace sluice {

ApiSocket::ApiSocket(Loop& loop, const std::string& path,
                     std::function<std::string(const ApiRequest&)> answer)
    : loop_(loop), listener_(path, SOCK_STREAM), answer_(std::move(answer)) {
  watch_ = loop_.watch(listener_.descriptor(), [this] { accept(); });
}

void ApiSocket::accept() {
  while (Descriptor socket = listener_.accept()) {
    if (connections_.size() == kMaxConnections) connections_.pop_front();
    // An answer is written at once, and the longest is longer than a socket usually holds.
    constexpr int kLongestAnswer = 256 << 10;
    ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDBUF, &kLongestAnswer, sizeof kLongestAnswer);
    connections_.push_back({.socket = std::move(socket), .request = {}, .watch = nullptr});
    const Place place = std::prev(connections_.end());
    place->watch = loop_.watch(place->socket.get(), [this, place] { read(place); });
  }
}

void ApiSocket::read(Place place) {
  std::array<char, kMaxRequest> bytes{};
  for (;;) {
    const std::size_t room = kMaxRequest - place->request.size();
    const ssize_t size = ::recv(place->socket.get(), bytes.data(), room, 0);
    if (size < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN) connections_.erase(place);
      return;
    }
    place->request.append(bytes.data(), static_cast<std::size_t>(size));
    if (place->request.size() >= kMaxRequest) {
      return finish(place, emit_error("too large message"));
    }
    const ApiRequest request = parse_api_request(place->request);
    const bool unfinished = std::holds_alternative<UnfinishedRequest>(request);
    if (!unfinished || size == 0) return finish(place, answer_(request));
  }
}

void ApiSocket::finish(Place place, const std::string& answer) {
  ::send(place->socket.get(), answer.data(), answer.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  // Whatever is left unread would make the close a reset, and the answer could be lost with it.
  std::array<char, kMaxRequest> bytes{};
  for (int i = 0; i < 64 && ::recv(place->socket.get(), bytes.data(), bytes.size(), 0) > 0; ++i) {
  }
  connections_.erase(place);
}

}  // namespace sluice
