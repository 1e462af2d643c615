#include "posix/last_will.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <vector>

#include <climits>

namespace sluice {

// The other process.
class LastWill::Executor {
 public:
  [[noreturn]] static void run(int socket) {
    sigset_t all;
    ::sigfillset(&all);
    ::sigprocmask(SIG_SETMASK, &all, nullptr);
    ::setsid();
    // Nobody's output may wait for this process, and the socket's other end must not be held here.
    if (socket != 0) ::dup2(socket, 0);
    ::close_range(1, ~0U, 0);
    Executor executor;
    executor.listen();
    executor.execute();
    ::_exit(0);
  }

 private:
  struct File {
    std::string path;
    dev_t device;
    ino_t inode;

    bool is_there() const {
      struct stat status {};
      return ::lstat(path.c_str(), &status) == 0 && status.st_dev == device &&
             status.st_ino == inode;
    }
  };

  void listen() {
    std::array<char, sizeof(Message) + PATH_MAX> buffer{};
    for (;;) {
      const ssize_t size = ::read(0, buffer.data(), buffer.size());
      if (size < 0 && errno == EINTR) continue;
      if (size < static_cast<ssize_t>(sizeof(Message))) return;
      Message message{};
      std::memcpy(&message, buffer.data(), sizeof message);
      take(message,
           {buffer.data() + sizeof message, static_cast<std::size_t>(size) - sizeof message});
    }
  }

  void take(const Message& message, const std::string& path) {
    switch (message.order) {
      case Order::kKill:
        groups_.push_back(message.group);
        return;
      case Order::kSpare:
        std::erase(groups_, message.group);
        return;
      case Order::kRemove:
        files_.push_back({path, message.device, message.inode});
        return;
      case Order::kLeave:
        std::erase_if(files_, [&](const File& file) { return file.path == path; });
        return;
    }
  }

  void execute() const {
    for (const pid_t group : groups_) ::kill(-group, SIGKILL);
    for (const File& file : files_) remove(file);
  }

  // Again while somebody who is ending too still writes into it.
  static void remove(const File& file) {
    constexpr int kAttempts = 50;
    constexpr useconds_t kPause = 20'000;
    for (int i = 0; i < kAttempts && file.is_there(); ++i) {
      if (i != 0) ::usleep(kPause);
      std::error_code error;
      std::filesystem::remove_all(file.path, error);
    }
  }

  std::vector<pid_t> groups_;
  std::vector<File> files_;
};

LastWill::~LastWill() {
  socket_.reset();
  while (executor_ > 0 && ::waitpid(executor_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

bool LastWill::start() {
  if (socket_) return true;
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) < 0) return false;
  Descriptor ours(ends[0]);
  const Descriptor theirs(ends[1]);
  executor_ = ::fork();
  if (executor_ < 0) return false;
  if (executor_ == 0) Executor::run(theirs.get());
  socket_ = std::move(ours);
  return true;
}

bool LastWill::send(const Message& message, const std::string& path) const {
  // NOLINTBEGIN(cppcoreguidelines-pro-type-const-cast): sendmsg(2) writes to neither.
  std::array<iovec, 2> pieces{{{const_cast<Message*>(&message), sizeof message},
                               {const_cast<char*>(path.data()), path.size()}}};
  // NOLINTEND(cppcoreguidelines-pro-type-const-cast)
  msghdr header{};
  header.msg_iov = pieces.data();
  header.msg_iovlen = pieces.size();
  return ::sendmsg(socket_.get(), &header, MSG_NOSIGNAL) >= 0;
}

bool LastWill::kill_group(pid_t group) {
  return start() && send({.order = Order::kKill, .group = group}, {});
}

void LastWill::spare_group(pid_t group) {
  if (socket_) send({.order = Order::kSpare, .group = group}, {});
}

bool LastWill::remove(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) < 0 || !start()) return false;
  return send({.order = Order::kRemove, .device = status.st_dev, .inode = status.st_ino}, path);
}

void LastWill::leave(const std::string& path) {
  if (socket_) send({.order = Order::kLeave}, path);
}

}  // namespace sluice
