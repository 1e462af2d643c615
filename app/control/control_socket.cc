#include "app/control/control_socket.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "nat/host/clock.h"

namespace sluice {
namespace {

constexpr std::uint64_t kListener = 0;
constexpr mode_t kOwnersAlone = 0600;

}  // namespace

ControlSocket::ControlSocket(Loop& loop, const std::string& path, Controlled& network,
                             ApiAnswer answer_api)
    : network_(network),
      answer_api_(std::move(answer_api)),
      listener_(path, SOCK_STREAM, kOwnersAlone) {
  polls_.add(listener_.descriptor(), EPOLLIN | EPOLLET, kListener);
  watch_ = loop.watch(polls_.descriptor(), [this] { ready_ = true; });
  loop.on_turn([this](gsl::span<const epoll_event> /*fetched*/) { return take_turn(); });
}

Loop::Rest ControlSocket::take_turn() {
  if (std::exchange(ready_, false)) look();
  const Time now = monotonic_now();
  Loop::Rest rest;
  const auto wait_until = [&rest](Time time) {
    rest.until = std::min(rest.until.value_or(time), time);
  };
  for (auto next = clients_.begin(); next != clients_.end();) {
    const auto place = next++;
    Client& client = *place;
    if (!client.session.greeted() && now >= client.since + kPatience) {
      client.session.greet();
      client.ready = true;
    }
    // What was asked for may have changed what others do in their turns.
    if (client.ready && serve(client)) wait_until(now);
    if (client.gone) {
      clients_.erase(place);
      continue;
    }
    if (client.ready) wait_until(now);
    if (!client.session.greeted()) wait_until(client.since + kPatience);
  }
  return rest;
}

void ControlSocket::look() {
  for (const epoll_event& event : polls_.ready()) {
    if (event.data.u64 == kListener) {
      accept(monotonic_now());
      continue;
    }
    const auto found = std::ranges::find(clients_, event.data.u64, &Client::number);
    if (found == clients_.end()) continue;
    found->ready = true;
    clients_.splice(clients_.end(), clients_, found);
  }
}

void ControlSocket::accept(Time now) {
  while (Descriptor socket = listener_.accept()) {
    if (clients_.size() == kMaxClients) clients_.pop_front();
    const std::uint64_t number = ++last_number_;
    try {
      polls_.add(socket.get(), EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, number);
    } catch (const std::system_error&) {
      continue;  // the system has no room for it, which may be so for others, too
    }
    clients_.push_back({.number = number,
                        .socket = std::move(socket),
                        .session = Session(network_, answer_api_),
                        .since = now});
  }
}

bool ControlSocket::serve(Client& client) {
  constexpr unsigned kReads = 4;
  for (unsigned i = 0; i < kReads && flush(client) && client.ready && !client.gone; ++i) {
    if (client.session.ended()) {
      drain(client);
      client.gone = true;
    } else if (client.session.step()) {
      // There may be no other turn: the request may have asked for that.
      flush(client);
      return true;
    } else {
      read(client);
    }
  }
  return false;
}

bool ControlSocket::flush(Client& client) {
  std::string& output = client.session.output();
  while (!output.empty()) {
    const ssize_t size = ::send(client.socket.get(), output.data(), output.size(), MSG_NOSIGNAL);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) {
      client.ready = false;
      client.gone = errno != EAGAIN;
      return false;
    }
    output.erase(0, static_cast<std::size_t>(size));
  }
  return true;
}

void ControlSocket::read(Client& client) {
  std::array<char, 16384> bytes{};
  const ssize_t size = ::recv(client.socket.get(), bytes.data(), bytes.size(), 0);
  if (size > 0) {
    client.session.receive({bytes.data(), static_cast<std::size_t>(size)});
  } else if (size < 0 && errno == EAGAIN) {
    client.ready = false;
  } else if (size == 0 || errno != EINTR) {
    client.gone = true;
  }
}

// What is left unread would make the close a reset, and the answer could be lost with it.
void ControlSocket::drain(Client& client) {
  std::array<char, 4096> bytes{};
  for (int i = 0; i < 64 && ::recv(client.socket.get(), bytes.data(), bytes.size(), 0) > 0; ++i) {
  }
}

}  // namespace sluice
