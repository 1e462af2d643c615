#include "devices/link/vde_link.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "devices/link/send_frame.h"

namespace sluice {
namespace {

using Octets = std::vector<std::uint8_t>;

// Two ends without a switch between them, which libvdeplug knows as well.
class VdeLinks : public testing::Test {
 protected:
  // The tests' own directory has too long a name for a socket's.
  VdeLinks() { directory_ = ::mkdtemp(directory_.data()); }
  ~VdeLinks() override { ::rmdir(directory_.c_str()); }

  std::unique_ptr<VdeLink> open() {
    return std::make_unique<VdeLink>(VdeOptions{.place = "ptp://" + directory_ + "/wire"},
                                     [this](const std::string& what) { told_ = what; });
  }

  // libvdeplug loads its parts in a way that sanitizers refuse (RTLD_DEEPBIND).
  void SetUp() override {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "sanitizers stop libvdeplug";
#endif
  }

  std::string directory_ = "/tmp/sluice-vde-XXXXXX";
  std::string told_;
};

TEST_F(VdeLinks, WhatOneEndSendsTheOtherReceives) {
  const auto one = open();
  const auto other = open();
  Octets frame(60, 7);
  for (std::uint8_t i = 0; i < 5; ++i) {
    frame[20] = i;
    send_frame(*one, frame);
  }
  one->flush();
  const auto received = other->receive();
  ASSERT_EQ(received.size(), 5U);
  EXPECT_EQ(Octets(received[4].bytes.begin(), received[4].bytes.end()), frame);
  EXPECT_FALSE(other->more());
}

TEST_F(VdeLinks, WhatTheSocketHasNoRoomForWaits) {
  const auto one = open();
  const auto other = open();
  constexpr std::size_t kFrames = 1000;
  const Octets frame(1000, 1);
  for (std::size_t i = 0; i < kFrames; ++i) send_frame(*one, frame);
  std::size_t received = 0;
  for (std::size_t i = 0; i < kFrames && received < kFrames; ++i) {
    one->flush();
    received += other->receive().size();
  }
  EXPECT_EQ(received, kFrames);
  EXPECT_EQ(one->counters().dropped(Drop::kLinkFull), 0U);
}

TEST_F(VdeLinks, APeerThatIsAwayIsNotTheEnd) {
  const auto one = open();
  auto other = open();
  send_frame(*other, Octets(60, 1));
  other->flush();
  EXPECT_EQ(one->receive().size(), 1U);
  other.reset();
  send_frame(*one, Octets(60, 2));
  one->flush();
  one->receive();
  EXPECT_FALSE(one->closed()) << told_;
}

TEST_F(VdeLinks, AMissingSwitchIsNamed) {
  try {
    const VdeLink link({.place = directory_ + "/none"}, [](const std::string&) {});
    FAIL() << "there is no switch";
  } catch (const std::system_error& error) {
    EXPECT_NE(std::string(error.what()).find(directory_ + "/none"), std::string::npos);
  }
}

}  // namespace
}  // namespace sluice
