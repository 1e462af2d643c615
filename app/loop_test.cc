#include "app/loop.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <vector>

#include "nat/host/clock.h"
#include "posix/descriptor.h"

namespace sluice {
namespace {

struct Pipe {
  Pipe() {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) == 0) {
      read_end.reset(ends[0]);
      write_end.reset(ends[1]);
    }
  }
  void put() const { EXPECT_EQ(::write(write_end.get(), "x", 1), 1); }

  Descriptor read_end;
  Descriptor write_end;
};

TEST(Loop, AWatchFiresOncePerArming) {
  Loop loop;
  const Pipe pipe;
  pipe.put();
  int fired = 0;
  std::unique_ptr<Loop::Watch> watch;
  watch = loop.watch(pipe.read_end.get(), [&] {
    if (++fired == 2) return loop.stop();
    // Still readable, so it fires at once again.
    watch->arm();
    watch->arm();
  });
  watch->arm();
  loop.run();
  EXPECT_EQ(fired, 2);
}

TEST(Loop, AWatchThatEndsWhileArmedNeverFires) {
  Loop loop;
  const Pipe pipe;
  int fired = 0;
  auto watch = loop.watch(pipe.read_end.get(), [&] { ++fired; });
  watch->arm();
  watch.reset();
  pipe.put();
  loop.post([&] { loop.post([&] { loop.stop(); }); });
  loop.run();
  EXPECT_EQ(fired, 0);
  // The descriptor is still its owner's.
  char byte = 0;
  EXPECT_EQ(::read(pipe.read_end.get(), &byte, 1), 1);
}

TEST(Loop, TheDeadlineComesNotBeforeItsTime) {
  Loop loop;
  const Time start = monotonic_now();
  const Time deadline = start + std::chrono::milliseconds(20);
  Time fired{};
  loop.on_deadline([&] {
    fired = monotonic_now();
    loop.stop();
  });
  loop.set_deadline(deadline);
  loop.run();
  EXPECT_GE(fired, deadline);
}

TEST(Loop, ADeadlineMayMoveEitherWay) {
  Loop loop;
  const Time start = monotonic_now();
  std::vector<Time> fired;
  loop.on_deadline([&] {
    fired.push_back(monotonic_now());
    loop.stop();
  });
  loop.set_deadline(start + std::chrono::hours(1));
  loop.set_deadline(start + std::chrono::milliseconds(5));
  loop.set_deadline(start + std::chrono::milliseconds(30));
  loop.run();
  ASSERT_EQ(fired.size(), 1U);
  EXPECT_GE(fired[0], start + std::chrono::milliseconds(30));
  EXPECT_LT(fired[0], start + std::chrono::minutes(1));
}

TEST(Loop, ADeadlineThatIsTakenBackDoesNotCome) {
  Loop loop;
  const Pipe pipe;
  bool fired = false;
  loop.on_deadline([&] { fired = true; });
  loop.set_deadline(monotonic_now() + std::chrono::milliseconds(1));
  loop.set_deadline(std::nullopt);
  ::usleep(2000);
  // Often enough that the deadline would have its turn.
  int turns = 0;
  std::unique_ptr<Loop::Watch> watch;
  watch = loop.watch(pipe.read_end.get(), [&] {
    if (++turns == 20) return loop.stop();
    watch->arm();
  });
  watch->arm();
  pipe.put();
  loop.run();
  EXPECT_FALSE(fired);
}

}  // namespace
}  // namespace sluice
