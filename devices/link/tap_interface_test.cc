#include "devices/link/tap_interface.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <vector>

#include "devices/link/packet_link.h"
#include "devices/link/send_frame.h"

namespace sluice {
namespace {

using Octets = std::vector<std::uint8_t>;

// Two queues, each a socket whose other end is the interface's kernel.
class TapInterfaces : public testing::Test {
 protected:
  TapInterfaces() {
    std::vector<std::unique_ptr<GuestLink>> queues;
    for (Descriptor& kernel : kernels_) {
      std::array<int, 2> ends{};
      EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()), 0);
      queues.push_back(std::make_unique<PacketLink>(Descriptor(ends[0])));
      kernel.reset(ends[1]);
    }
    link_ = std::make_unique<TapInterface>(std::move(queues), [this] { ++farewells_; });
  }

  void say(std::size_t queue, std::uint8_t what) const {
    const Octets frame(60, what);
    EXPECT_EQ(::write(kernels_.at(queue).get(), frame.data(), frame.size()), 60);
  }

  Octets received() const {
    Octets first;
    for (const Frame& frame : link_->receive()) first.push_back(frame.bytes[0]);
    return first;
  }

  std::array<Descriptor, 2> kernels_;
  std::unique_ptr<TapInterface> link_;
  int farewells_ = 0;
};

TEST_F(TapInterfaces, WhatComesByAnyQueueIsTaken) {
  say(1, 1);
  say(0, 2);
  say(1, 3);
  EXPECT_EQ(received(), (Octets{2, 1, 3}));
  EXPECT_TRUE(received().empty());
  say(1, 4);
  EXPECT_EQ(received(), Octets{4});
  EXPECT_FALSE(link_->more());
}

TEST_F(TapInterfaces, AQueueThatHasMoreIsAskedAgainWithoutNews) {
  for (std::uint8_t i = 0; i < 100; ++i) say(0, i);
  std::size_t count = received().size();
  EXPECT_TRUE(link_->more());
  count += received().size();
  EXPECT_EQ(count, 100U);
}

TEST_F(TapInterfaces, TheFirstQueueSends) {
  send_frame(*link_, Octets(60, 5));
  link_->flush();
  Octets frame(100);
  EXPECT_EQ(::recv(kernels_[0].get(), frame.data(), frame.size(), MSG_DONTWAIT), 60);
}

TEST_F(TapInterfaces, ItIsClosedWithAnyQueueAndSaysFarewellOnce) {
  EXPECT_FALSE(link_->closed());
  kernels_[1].reset();
  received();
  EXPECT_TRUE(link_->closed());
  EXPECT_EQ(farewells_, 0);
  link_.reset();
  EXPECT_EQ(farewells_, 1);
}

}  // namespace
}  // namespace sluice
