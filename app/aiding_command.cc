#include "app/aiding_command.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "nat/host/clock.h"
#include "posix/descriptor.h"

namespace sluice {
namespace {

// What posix_spawn(3) is told of the child.
class Instructions {
 public:
  explicit Instructions(int descriptor) {
    ::posix_spawn_file_actions_init(&files_);
    ::posix_spawn_file_actions_addopen(&files_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&files_, STDERR_FILENO, STDOUT_FILENO);
    int first_closed = STDERR_FILENO + 1;
    if (descriptor >= 0) {
      ::posix_spawn_file_actions_adddup2(&files_, descriptor, AidingCommand::kDescriptor);
      first_closed = AidingCommand::kDescriptor + 1;
    }
    ::posix_spawn_file_actions_addclosefrom_np(&files_, first_closed);
    ::posix_spawnattr_init(&attributes_);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    sigset_t signals;
    ::sigemptyset(&signals);
    ::posix_spawnattr_setsigmask(&attributes_, &signals);
    ::sigfillset(&signals);
    ::posix_spawnattr_setsigdefault(&attributes_, &signals);
  }
  Instructions(const Instructions&) = delete;
  Instructions& operator=(const Instructions&) = delete;
  ~Instructions() {
    ::posix_spawn_file_actions_destroy(&files_);
    ::posix_spawnattr_destroy(&attributes_);
  }

  const posix_spawn_file_actions_t* files() const { return &files_; }
  const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t files_{};
  posix_spawnattr_t attributes_{};
};

}  // namespace

AidingCommand::AidingCommand(std::vector<std::string> words, int descriptor, Duration patience)
    : name_(words.at(0)), patience_(patience), end_(monotonic_now() + patience) {
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const Instructions instructions(descriptor);
  const int error = ::posix_spawnp(&process_, name_.c_str(), instructions.files(),
                                   instructions.attributes(), arguments.data(), environ);
  if (error != 0) {
    process_ = -1;
    throw std::system_error(error, std::generic_category(), "can't run '" + name_ + "'");
  }
}

AidingCommand::~AidingCommand() {
  wait();
}

bool AidingCommand::wait_for(int descriptor) const {
  for (;;) {
    const Duration left = std::max(end_ - monotonic_now(), Duration::zero());
    const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(left);
    pollfd wanted{.fd = descriptor, .events = POLLIN, .revents = 0};
    const int ready = ::poll(&wanted, 1, static_cast<int>(milliseconds.count()));
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

void AidingCommand::kill_if_late() {
  // By number: the declaration of pidfd_open() in glibc 2.36 is none for C++.
  const Descriptor lifetime(static_cast<int>(::syscall(SYS_pidfd_open, process_, 0)));
  if (!lifetime || wait_for(lifetime.get())) return;
  was_late_ = true;
  ::kill(process_, SIGKILL);
}

int AidingCommand::wait() {
  if (process_ < 0) return 0;
  kill_if_late();
  int status = 0;
  while (::waitpid(process_, &status, 0) < 0 && errno == EINTR) {
  }
  process_ = -1;
  return status;
}

void AidingCommand::finish() {
  const int status = wait();
  if (was_late_) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(patience_).count();
    throw std::runtime_error("'" + name_ + "' has not ended within " + std::to_string(seconds) +
                             " s, and was killed");
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
  throw std::runtime_error("'" + name_ + "' has failed: " +
                           (WIFSIGNALED(status)
                                ? "signal " + std::to_string(WTERMSIG(status)) + " ended it"
                                : "its exit status is " + std::to_string(WEXITSTATUS(status))));
}

}  // namespace sluice
