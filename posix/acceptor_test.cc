#include "posix/acceptor.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "posix/socket_address.h"

namespace sluice {
namespace {

// A listener on the loopback, nonblocking, and how it is reached.
struct Listener {
  Descriptor socket{::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  SocketAddress address;

  Listener() {
    const SocketAddress any(Endpoint{.address = *IpAddress::parse("127.0.0.1"), .port = 0});
    EXPECT_EQ(::bind(socket.get(), any.data(), any.size()), 0);
    EXPECT_EQ(::listen(socket.get(), 8), 0);
    socklen_t size = SocketAddress::kCapacity;
    EXPECT_EQ(::getsockname(socket.get(), address.data(), &size), 0);
  }

  Descriptor connect() const {
    Descriptor client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::connect(client.get(), address.data(), address.size()), 0);
    return client;
  }
  bool has_somebody() const {
    pollfd wanted{.fd = socket.get(), .events = POLLIN, .revents = 0};
    return ::poll(&wanted, 1, 0) == 1;
  }
};

TEST(Acceptor, TakesWhoWaitsAndTellsWhoItIs) {
  const Listener listener;
  Acceptor acceptor;
  const Descriptor client = listener.connect();
  const Acceptor::Result taken = acceptor.accept(listener.socket.get());
  EXPECT_TRUE(taken.descriptor);
  ASSERT_TRUE(taken.peer);
  EXPECT_EQ(taken.peer->address, *IpAddress::parse("127.0.0.1"));
  EXPECT_EQ(acceptor.accept(listener.socket.get()).error, std::errc::operation_would_block);
}

TEST(Acceptor, WithoutDescriptorsNobodyIsLeftWaiting) {
  const Listener listener;
  Acceptor acceptor;
  const Descriptor first = listener.connect();
  const Descriptor second = listener.connect();
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  const rlimit none{.rlim_cur = static_cast<rlim_t>(second.get()) + 1, .rlim_max = limit.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const std::errc error = acceptor.accept(listener.socket.get()).error;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_EQ(error, std::errc::too_many_files_open);
  EXPECT_FALSE(listener.has_somebody());
}

TEST(Acceptor, TakesTheNextOnceThereAreDescriptorsAgain) {
  const Listener listener;
  Acceptor acceptor;
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  for (int i = 0; i < 3; ++i) {
    const Descriptor client = listener.connect();
    const rlimit full{.rlim_cur = static_cast<rlim_t>(client.get()) + 1,
                      .rlim_max = limit.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &full), 0);
    const std::errc error = acceptor.accept(listener.socket.get()).error;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
    EXPECT_EQ(error, std::errc::too_many_files_open);
    EXPECT_FALSE(listener.has_somebody());
    const Descriptor next = listener.connect();
    EXPECT_TRUE(acceptor.accept(listener.socket.get()).descriptor);
  }
}

}  // namespace
}  // namespace sluice
