#include "nat/host/spawned_command.h"

#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <optional>
#include <utility>
#include <vector>

#include "nat/host/command_line.h"
#include "nat/host/stream_pair.h"

namespace sluice {
namespace {

class SpawnAttributes {
 public:
  SpawnAttributes() {
    ::posix_spawnattr_init(&attributes_);
    sigset_t signals;
    ::sigemptyset(&signals);
    ::posix_spawnattr_setsigmask(&attributes_, &signals);
    ::sigfillset(&signals);
    ::posix_spawnattr_setsigdefault(&attributes_, &signals);
    ::posix_spawnattr_setpgroup(&attributes_, 0);
    ::posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  }
  SpawnAttributes(const SpawnAttributes&) = delete;
  SpawnAttributes& operator=(const SpawnAttributes&) = delete;
  ~SpawnAttributes() { ::posix_spawnattr_destroy(&attributes_); }

  const posix_spawnattr_t* get() const { return &attributes_; }

 private:
  posix_spawnattr_t attributes_{};
};

// Makes one descriptor the child's standard input and output.
class SpawnActions {
 public:
  explicit SpawnActions(int stream) {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawn_file_actions_adddup2(&actions_, stream, STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions_, stream, STDOUT_FILENO);
  }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;
  ~SpawnActions() { ::posix_spawn_file_actions_destroy(&actions_); }

  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

SpawnedCommand failure(std::errc error) {
  SpawnedCommand failed;
  failed.stream.error = error;
  return failed;
}

}  // namespace

SpawnedCommand spawn(const Command& target) {
  std::optional<std::vector<std::string>> words = split_words(target.line);
  if (!words || words->empty()) return failure(std::errc::invalid_argument);
  std::vector<char*> arguments;
  arguments.reserve(words->size() + 1);
  for (std::string& word : *words) arguments.push_back(word.data());
  arguments.push_back(nullptr);

  StreamPair pair = target.wants_tcp ? make_loopback_pair() : make_unix_pair();
  if (!pair.ours) return failure(pair.error);

  const SpawnAttributes attributes;
  const SpawnActions actions(pair.theirs.get());
  SpawnedCommand command;
  const int error = ::posix_spawnp(&command.process, arguments.front(), actions.get(),
                                   attributes.get(), arguments.data(), environ);
  if (error != 0) return failure(static_cast<std::errc>(error));
  // By number: the declaration of pidfd_open() in glibc 2.36 is none for C++. The kernel makes it
  // close-on-exec.
  command.lifetime.reset(static_cast<int>(::syscall(SYS_pidfd_open, command.process, 0)));
  command.stream.descriptor = std::move(pair.ours);
  return command;
}

}  // namespace sluice
