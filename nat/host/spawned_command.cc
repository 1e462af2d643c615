#include "nat/host/spawned_command.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <optional>
#include <utility>
#include <vector>

#include "nat/host/command_line.h"
#include "nat/host/stream_pair.h"

namespace sluice {
namespace {

// What the child does between fork and exec. If the command can't be run, `report` gets the errno.
[[noreturn]] void become_command(char* const* arguments, int stream, int report, pid_t parent,
                                 bool from_embedded) {
  if (from_embedded) {
    constexpr unsigned kFirstOther = 3;
    ::close_range(kFirstOther, ~0U, CLOSE_RANGE_CLOEXEC);
  } else {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);
  }
  ::setpgid(0, 0);
  ::dup2(stream, STDIN_FILENO);
  ::dup2(stream, STDOUT_FILENO);
  // As libslirp does it: what a command complains of is the guest's, not the program's.
  if (from_embedded) ::dup2(stream, STDERR_FILENO);
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) ::sigaction(signal, &action, nullptr);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::execvp(arguments[0], arguments);
  const int error = errno;
  constexpr int kNotRun = 127;
  ::_exit(::write(report, &error, sizeof error) == sizeof error ? kNotRun : 1);
}

// The errno that a child reports, 0 once its command runs.
int outcome(Descriptor report) {
  int error = 0;
  ssize_t count = 0;
  do {
    count = ::read(report.get(), &error, sizeof error);
  } while (count < 0 && errno == EINTR);
  return count == sizeof error ? error : 0;
}

SpawnedCommand failure(std::errc error) {
  SpawnedCommand failed;
  failed.stream.error = error;
  return failed;
}

}  // namespace

SpawnedCommand spawn(const Command& target, bool from_embedded) {
  std::optional<std::vector<std::string>> words = split_words(target.line);
  if (!words || words->empty()) return failure(std::errc::invalid_argument);
  std::vector<char*> arguments;
  arguments.reserve(words->size() + 1);
  for (std::string& word : *words) arguments.push_back(word.data());
  arguments.push_back(nullptr);

  StreamPair pair = target.wants_tcp ? make_loopback_pair() : make_unix_pair();
  if (!pair.ours) return failure(pair.error);

  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) < 0) return failure(last_error());
  Descriptor outcome_reader(ends[0]);
  Descriptor outcome_writer(ends[1]);

  SpawnedCommand command;
  const pid_t parent = ::getpid();
  command.process = ::fork();
  if (command.process < 0) return failure(last_error());
  if (command.process == 0) {
    become_command(arguments.data(), pair.theirs.get(), outcome_writer.get(), parent,
                   from_embedded);
  }
  ::setpgid(command.process, command.process);  // whoever comes first
  outcome_writer.reset();
  const int error = outcome(std::move(outcome_reader));
  if (error != 0) {
    ::waitpid(command.process, nullptr, 0);
    return failure(static_cast<std::errc>(error));
  }
  // By number: the declaration of pidfd_open() in glibc 2.36 is none for C++. The kernel makes it
  // close-on-exec.
  command.lifetime.reset(static_cast<int>(::syscall(SYS_pidfd_open, command.process, 0)));
  command.stream.descriptor = std::move(pair.ours);
  return command;
}

}  // namespace sluice
