#include "tests/bench/load_server.h"

#include <netinet/tcp.h>
#include <unistd.h>

#include <cstdlib>
#include <utility>

namespace sluice {

LoadServer::LoadServer(const std::string& host, unsigned port)
    : datagrams_(::socket(AF_INET, SOCK_DGRAM, 0)), batch_(2048) {
  const Address first(host, port);
  constexpr int kRoom = 4 << 20;
  ::setsockopt(datagrams_.get(), SOL_SOCKET, SO_RCVBUF, &kRoom, sizeof kRoom);
  if (::bind(datagrams_.get(), first.get(), sizeof first.ip) < 0) fail("bind");
  epoll_.set(EPOLL_CTL_ADD, datagrams_.get(), EPOLLIN);
  for (unsigned i = 0; i < kPorts; ++i) {
    const Address local(host, port + i);
    Descriptor listener(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
    set_option(listener.get(), SOL_SOCKET, SO_REUSEADDR);
    set_option(listener.get(), IPPROTO_TCP, TCP_NODELAY);
    if (::bind(listener.get(), local.get(), sizeof local.ip) < 0) fail("bind");
    if (::listen(listener.get(), SOMAXCONN) < 0) fail("listen");
    epoll_.set(EPOLL_CTL_ADD, listener.get(), EPOLLIN);
    listeners_.push_back(std::move(listener));
  }
}

void LoadServer::run() {
  for (;;) epoll_.wait(-1, [this](int descriptor, std::uint32_t) { serve(descriptor); });
}

void LoadServer::serve(int descriptor) {
  if (descriptor == datagrams_.get()) return take_datagrams();
  if (descriptor >= listeners_.front().get() && descriptor <= listeners_.back().get()) {
    for (int one = -1; (one = ::accept4(descriptor, nullptr, nullptr, SOCK_NONBLOCK)) >= 0;) {
      epoll_.set(EPOLL_CTL_ADD, one, EPOLLIN);
    }
    return;
  }
  const ssize_t size = ::recv(descriptor, buffer_.data(), buffer_.size(), 0);
  if (size > 0) {
    ::send(descriptor, buffer_.data(), static_cast<std::size_t>(size), MSG_NOSIGNAL);
  } else if (size == 0 || errno != EAGAIN) {
    ::close(descriptor);
  }
}

void LoadServer::take_datagrams() {
  // A flood writes to the batch's room, so it waits until the batch has been read.
  std::string order;
  Address customer;
  const auto now = Clock::now();
  batch_.receive(datagrams_.get(), MSG_DONTWAIT, [&](std::string_view bytes, const Address& peer) {
    if (bytes.size() == 1) {
      ::sendto(datagrams_.get(), bytes.data(), 1, 0, peer.get(), sizeof peer.ip);
    } else if (!bytes.empty() && bytes.front() == '?') {
      answer(bytes, peer);
    } else if (!bytes.empty() && bytes.front() == '!') {
      order = bytes.substr(1);
      customer = peer;
    } else {
      count_.add(bytes.size(), now);
    }
  });
  if (!order.empty()) flood(order, customer);
}

void LoadServer::answer(std::string_view question, const Address& asker) {
  if (question != token_) {
    token_ = question;
    report_ = token_ + " " + std::to_string(count_.datagrams()) + " " +
              std::to_string(count_.bytes()) + " " + std::to_string(count_.seconds());
    count_ = Count();
  }
  ::sendto(datagrams_.get(), report_.data(), report_.size(), 0, asker.get(), sizeof asker.ip);
}

void LoadServer::flood(std::string_view order, const Address& to) {
  char* rest = nullptr;
  const std::string words(order);
  const double seconds = std::strtod(words.c_str(), &rest);
  Batch batch(std::strtoul(rest, nullptr, 10));
  unsigned long long sent = 0;
  const auto start = Clock::now();
  while (seconds_since(start) < seconds) sent += batch.send(datagrams_.get(), &to);
  // Several, because what follows a flood is likely to get lost.
  const std::string end = std::string("!").append(std::to_string(sent));
  for (int i = 0; i < 3; ++i) {
    ::usleep(100'000);
    ::sendto(datagrams_.get(), end.data(), end.size(), 0, to.get(), sizeof to.ip);
  }
}

}  // namespace sluice
