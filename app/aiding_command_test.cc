#include "app/aiding_command.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

#include "posix/descriptor.h"

namespace sluice {
namespace {

std::pair<Descriptor, Descriptor> make_pipe() {
  std::array<int, 2> ends{};
  EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

std::string read_all(const Descriptor& descriptor) {
  std::string text(4096, ' ');
  const ssize_t size = ::read(descriptor.get(), text.data(), text.size());
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  return text;
}

// What a shell's script writes to the descriptor that is for it.
std::string said(const std::string& script) {
  const auto [reader, writer] = make_pipe();
  AidingCommand command({"sh", "-c", script, "sh", "tap7"}, writer.get());
  command.finish();
  return read_all(reader);
}

TEST(AidingCommand, ItIsToldWordsAndHasItsDescriptor) {
  EXPECT_EQ(said("echo $1 >&3"), "tap7\n");
}

TEST(AidingCommand, ItHasNoOtherDescriptorAndNothingToRead) {
  const auto inherited = Descriptor(::dup(STDERR_FILENO));
  const std::string script =
      "for i in 0 1 2 3 4 5 6 7 8 9; do [ -e /proc/$$/fd/$i ] && printf '%s ' $i >&3; done; "
      "cat >&3";
  EXPECT_EQ(said(script), "0 1 2 3 ");
}

TEST(AidingCommand, SignalsAreThoseOfANewProcess) {
  sigset_t blocked;
  sigset_t before;
  ::sigemptyset(&blocked);
  ::sigaddset(&blocked, SIGTERM);
  ::sigprocmask(SIG_BLOCK, &blocked, &before);
  ::signal(SIGPIPE, SIG_IGN);
  // Higher ones are the threads' library's own.
  EXPECT_EQ(
      said("sed -n 's/^\\(SigBlk\\|SigIgn\\).*\\(.......\\)$/\\1 \\2/p' /proc/self/status >&3"),
      "SigBlk 0000000\nSigIgn 0000000\n");
  ::signal(SIGPIPE, SIG_DFL);
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
}

TEST(AidingCommand, HowItFailedIsTold) {
  const auto failure = [](const std::string& script) -> std::string {
    try {
      AidingCommand({"sh", "-c", script}).finish();
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(failure("exit 0"), "");
  EXPECT_EQ(failure("exit 3"), "'sh' has failed: its exit status is 3");
  EXPECT_EQ(failure("kill -9 $$"), "'sh' has failed: signal 9 ended it");
  try {
    AidingCommand({"sh", "-c", "exec sleep 1000"}, -1, std::chrono::milliseconds(10)).finish();
    FAIL() << "it has no such time";
  } catch (const std::runtime_error& error) {
    EXPECT_EQ(std::string(error.what()), "'sh' has not ended within 1 s, and was killed");
  }
  try {
    AidingCommand({"/nowhere/script", "tap7"}).finish();
    FAIL() << "there is no such script";
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code(), std::errc::no_such_file_or_directory);
    EXPECT_NE(std::string(error.what()).find("can't run '/nowhere/script'"), std::string::npos);
  }
}

}  // namespace
}  // namespace sluice
