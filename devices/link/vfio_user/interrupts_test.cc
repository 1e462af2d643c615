#include "devices/link/vfio_user/interrupts.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

namespace sluice::vfio_user {
namespace {

constexpr std::uint64_t kNumber = 5;

class Event {
 public:
  std::vector<Descriptor> to_send() const {
    std::vector<Descriptor> descriptors;
    descriptors.emplace_back(::dup(event_.get()));
    return descriptors;
  }
  // How often it has been signalled since it was asked last.
  std::uint64_t take() const {
    std::uint64_t times = 0;
    return ::read(event_.get(), &times, sizeof times) < 0 ? 0 : times;
  }
  void signal() const {
    const std::uint64_t one = 1;
    EXPECT_EQ(::write(event_.get(), &one, sizeof one), static_cast<ssize_t>(sizeof one));
  }

 private:
  Descriptor event_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
};

class VfioUserInterrupts : public testing::Test {
 protected:
  int set(std::uint32_t flags, std::uint32_t index, std::uint32_t start, std::uint32_t count,
          std::vector<Descriptor> descriptors = {}, Bytes bools = {}) {
    return interrupts_.set(
        {.argsz = sizeof(IrqSet), .flags = flags, .index = index, .start = start, .count = count},
        bools, descriptors);
  }
  int bind_line() {
    return set(IrqSet::kDataEventFd | IrqSet::kTrigger, Interrupts::kLine, 0, 1, line_.to_send());
  }
  int on_line(std::uint32_t action) {
    return set(IrqSet::kDataNone | action, Interrupts::kLine, 0, 1);
  }

  PollSet polls_;
  Interrupts interrupts_{polls_, kNumber};
  Event line_;
};

TEST_F(VfioUserInterrupts, TheLineIsToldOnceUntilItIsUnmasked) {
  ASSERT_EQ(bind_line(), 0);
  interrupts_.set_level(true);
  interrupts_.set_level(false);
  interrupts_.set_level(true);
  EXPECT_EQ(line_.take(), 1U);
  // It is still raised: the guest has not found all there is.
  ASSERT_EQ(on_line(IrqSet::kUnmask), 0);
  EXPECT_EQ(line_.take(), 1U);
  interrupts_.set_level(false);
  ASSERT_EQ(on_line(IrqSet::kUnmask), 0);
  EXPECT_EQ(line_.take(), 0U);
  interrupts_.set_level(true);
  EXPECT_EQ(line_.take(), 1U);
}

TEST_F(VfioUserInterrupts, AMaskedLineIsNotTold) {
  ASSERT_EQ(bind_line(), 0);
  ASSERT_EQ(on_line(IrqSet::kMask), 0);
  interrupts_.set_level(true);
  EXPECT_EQ(line_.take(), 0U);
  const std::array<std::uint8_t, 1> no{0};
  ASSERT_EQ(set(IrqSet::kDataBool | IrqSet::kUnmask, Interrupts::kLine, 0, 1, {}, no), 0);
  EXPECT_EQ(line_.take(), 0U);
  const std::array<std::uint8_t, 1> yes{1};
  ASSERT_EQ(set(IrqSet::kDataBool | IrqSet::kUnmask, Interrupts::kLine, 0, 1, {}, yes), 0);
  EXPECT_EQ(line_.take(), 1U);
}

TEST_F(VfioUserInterrupts, ALineThatIsRaisedAlreadyIsToldToWhoComes) {
  interrupts_.set_level(true);
  ASSERT_EQ(bind_line(), 0);
  EXPECT_EQ(line_.take(), 1U);
  interrupts_.reset();
  ASSERT_EQ(bind_line(), 0);
  EXPECT_EQ(line_.take(), 1U);
}

TEST_F(VfioUserInterrupts, AnEventUnmasksTheLine) {
  const Event unmask;
  ASSERT_EQ(bind_line(), 0);
  ASSERT_EQ(set(IrqSet::kDataEventFd | IrqSet::kUnmask, Interrupts::kLine, 0, 1, unmask.to_send()),
            0);
  interrupts_.set_level(true);
  EXPECT_EQ(line_.take(), 1U);
  for (int i = 0; i < 3; ++i) {
    unmask.signal();
    const auto ready = polls_.ready();
    ASSERT_EQ(ready.size(), 1U);
    EXPECT_EQ(ready[0].data.u64, kNumber);
    interrupts_.on_unmask();
    EXPECT_EQ(line_.take(), 1U);
    EXPECT_TRUE(polls_.ready().empty());
  }
  interrupts_.reset();
  unmask.signal();
  EXPECT_TRUE(polls_.ready().empty());
}

TEST_F(VfioUserInterrupts, MessagesAreToldByTheirNumber) {
  interrupts_.set_messages(2, 3);
  const Event msi;
  const Event msi_x;
  const std::uint32_t bind = IrqSet::kDataEventFd | IrqSet::kTrigger;
  ASSERT_EQ(set(bind, Interrupts::kMsi, 1, 1, msi.to_send()), 0);
  interrupts_.send(1);
  interrupts_.send(0);
  interrupts_.send(7);
  EXPECT_EQ(msi.take(), 1U);
  ASSERT_EQ(set(bind, Interrupts::kMsiX, 1, 1, msi_x.to_send()), 0);
  interrupts_.send(1);
  EXPECT_EQ(msi.take(), 0U);
  EXPECT_EQ(msi_x.take(), 1U);
  // Without a descriptor, it is taken back; a count of none takes back all.
  ASSERT_EQ(set(bind, Interrupts::kMsiX, 1, 1), 0);
  ASSERT_EQ(set(IrqSet::kDataNone | IrqSet::kTrigger, Interrupts::kMsi, 0, 0), 0);
  interrupts_.send(1);
  EXPECT_EQ(msi.take() + msi_x.take(), 0U);
}

TEST_F(VfioUserInterrupts, TheMachineMayTriggerOneItself) {
  ASSERT_EQ(bind_line(), 0);
  ASSERT_EQ(on_line(IrqSet::kTrigger), 0);
  EXPECT_EQ(line_.take(), 1U);
}

TEST_F(VfioUserInterrupts, WhatMakesNoSenseIsRefused) {
  interrupts_.set_messages(2, 0);
  const std::uint32_t bind = IrqSet::kDataEventFd | IrqSet::kTrigger;
  EXPECT_EQ(set(bind, Interrupts::kCount, 0, 1, line_.to_send()), EINVAL);
  EXPECT_EQ(set(bind, Interrupts::kMsi, 1, 2, line_.to_send()), EINVAL);
  EXPECT_EQ(set(bind, Interrupts::kMsi, ~0U, 2, line_.to_send()), EINVAL);
  EXPECT_EQ(set(bind, Interrupts::kMsi, 0, ~0U, line_.to_send()), EINVAL);
  EXPECT_EQ(set(bind, Interrupts::kMsi, 0, 0, line_.to_send()), EINVAL);
  EXPECT_EQ(set(bind | 64, Interrupts::kMsi, 0, 1, line_.to_send()), EINVAL);
  EXPECT_EQ(set(0, Interrupts::kLine, 0, 1), EINVAL);
  EXPECT_EQ(set(IrqSet::kDataBool | IrqSet::kMask, Interrupts::kLine, 0, 1), EINVAL);
  EXPECT_EQ(set(IrqSet::kDataNone | IrqSet::kMask, Interrupts::kMsi, 0, 1), ENOTTY);
  EXPECT_EQ(set(IrqSet::kDataNone | IrqSet::kMask | IrqSet::kUnmask, Interrupts::kLine, 0, 1),
            EINVAL);
}

TEST_F(VfioUserInterrupts, AFileIsNotSignalled) {
  std::vector<Descriptor> file;
  file.emplace_back(::memfd_create("file", MFD_CLOEXEC));
  EXPECT_EQ(set(IrqSet::kDataEventFd | IrqSet::kTrigger, Interrupts::kLine, 0, 1, std::move(file)),
            EBADF);
}

TEST_F(VfioUserInterrupts, ACounterThatIsFullLetsNobodyWait) {
  const Descriptor blocking(::eventfd(0, EFD_CLOEXEC));
  const std::uint64_t full = ~std::uint64_t{0} - 1;
  ASSERT_EQ(::write(blocking.get(), &full, sizeof full), static_cast<ssize_t>(sizeof full));
  std::vector<Descriptor> sent;
  sent.emplace_back(::dup(blocking.get()));
  ASSERT_EQ(set(IrqSet::kDataEventFd | IrqSet::kTrigger, Interrupts::kLine, 0, 1, std::move(sent)),
            0);
  // Whatever we say of it, the machine has the last word.
  ASSERT_EQ(::fcntl(blocking.get(), F_SETFL, O_RDWR), 0);
  interrupts_.set_level(true);
}

}  // namespace
}  // namespace sluice::vfio_user
