#include "app/namespace/target.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <poll.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <utility>

#include "app/namespace/failure.h"

namespace sluice {
namespace {

bool same_file(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

bool is_namespace(const Descriptor& file, int type) {
  struct statfs status {};
  return ::fstatfs(file.get(), &status) == 0 && status.f_type == NSFS_MAGIC &&
         ::ioctl(file.get(), NS_GET_NSTYPE) == type;
}

// Enters a user namespace, unless it is the caller's own.
void enter_user(const Descriptor& user, const std::string& what) {
  struct stat theirs {};
  struct stat ours {};
  if (::fstat(user.get(), &theirs) == 0 && ::stat("/proc/self/ns/user", &ours) == 0 &&
      same_file(theirs, ours)) {
    return;
  }
  if (::setns(user.get(), CLONE_NEWUSER) != 0) {
    fail(errno, what + " (only the user who made it may, or root)");
  }
}

// Enters the user namespace that owns `network`, which gives its capabilities to whoever made it.
void enter_owner_of(const Descriptor& network) {
  constexpr auto kWhat = "can't enter the user namespace that owns the network namespace";
  const Descriptor owner(::ioctl(network.get(), NS_GET_USERNS));
  if (!owner) {
    const int error = errno;
    // The owner is above the caller's own user namespace; entering the network namespace will tell.
    if (error == EPERM) return;
    fail(error, kWhat);
  }
  enter_user(owner, kWhat);
}

[[noreturn]] void run_helper(const Descriptor& network, const Descriptor& user,
                             const GuestPlan& plan, const Descriptor& channel) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  try {
    if (user) {
      enter_user(user, "can't enter the user namespace");
    } else {
      enter_owner_of(network);
    }
    if (::setns(network.get(), CLONE_NEWNET) != 0) {
      fail(errno,
           "can't enter the network namespace (this needs CAP_SYS_ADMIN in the user namespace that "
           "owns it: be root, or the user who made it)");
    }
    if (plan.configure) allow_ping();
    set_up_interfaces(plan, channel);
    ::_exit(0);
  } catch (const std::system_error& error) {
    send_failure(channel, error);
    ::_exit(1);
  }
}

}  // namespace

std::optional<pid_t> parse_process(std::string_view text) {
  constexpr std::string_view kBefore = "/proc/";
  constexpr std::string_view kAfter = "/ns/net";
  if (text.starts_with(kBefore) && text.ends_with(kAfter) &&
      text.size() > kBefore.size() + kAfter.size()) {
    text = text.substr(kBefore.size(), text.size() - kBefore.size() - kAfter.size());
  }
  pid_t process = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, process);
  if (error != std::errc{} || stop != end || process <= 0) return std::nullopt;
  return process;
}

NamespaceTarget::NamespaceTarget(const std::string& text, const std::string& user_namespace)
    : events_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (!events_) fail(errno, "can't make an epoll set");
  if (const auto process = parse_process(text)) {
    open_process(*process);
  } else {
    path_ = text;
    open_path();
  }
  if (user_namespace.empty()) return;
  user_.reset(::open(user_namespace.c_str(), O_RDONLY | O_CLOEXEC));
  if (!user_) fail(errno, "can't open the user namespace " + user_namespace);
  if (!is_namespace(user_, CLONE_NEWUSER)) fail(EINVAL, user_namespace + " is no user namespace");
}

void NamespaceTarget::open_process(pid_t process) {
  const std::string number = std::to_string(process);
  process_.reset(static_cast<int>(::syscall(SYS_pidfd_open, process, 0)));
  if (!process_) fail(errno, "no process " + number);
  const std::string path = "/proc/" + number + "/ns/net";
  network_.reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  const int error = errno;
  // Only while the process lives does its number mean this process.
  if (ended()) fail(ESRCH, "process " + number + " has just ended");
  if (!network_) {
    fail(error, "can't open the network namespace of process " + number +
                    " (only its own user may, or root)");
  }
  watch(process_, EPOLLIN);
}

void NamespaceTarget::open_path() {
  network_.reset(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
  if (!network_) fail(errno, "can't open the network namespace " + path_);
  if (!is_namespace(network_, CLONE_NEWNET)) {
    fail(EINVAL, path_ +
                     " is no network namespace (expected the number of a process, or a path as "
                     "/run/netns/NAME)");
  }
  if (::fstat(network_.get(), &identity_) != 0) fail(errno, "can't look at " + path_);
  const std::size_t slash = path_.rfind('/');
  const std::string directory =
      slash == std::string::npos ? "." : path_.substr(0, std::max<std::size_t>(slash, 1));
  changes_.reset(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!changes_ || ::inotify_add_watch(changes_.get(), directory.c_str(),
                                       IN_DELETE | IN_MOVE | IN_DELETE_SELF | IN_UNMOUNT) < 0) {
    fail(errno, "can't watch " + directory + " for the end of the namespace");
  }
  watch(changes_, EPOLLIN);
  mounts_.reset(::open("/proc/self/mounts", O_RDONLY | O_CLOEXEC));
  if (mounts_) watch(mounts_, EPOLLPRI);
}

void NamespaceTarget::watch(const Descriptor& source, unsigned events) const {
  epoll_event event{};
  event.events = events;
  if (::epoll_ctl(events_.get(), EPOLL_CTL_ADD, source.get(), &event) != 0) {
    fail(errno, "can't watch for the end of the namespace");
  }
}

bool NamespaceTarget::ended() const {
  if (process_) {
    pollfd wait{.fd = process_.get(), .events = POLLIN, .revents = 0};
    return ::poll(&wait, 1, 0) > 0;
  }
  // What the events say does not matter, only that they are taken: the path tells.
  std::array<epoll_event, 4> events{};
  ::epoll_wait(events_.get(), events.data(), static_cast<int>(events.size()), 0);
  std::array<char, 4096> names{};
  while (::read(changes_.get(), names.data(), names.size()) > 0) {
  }
  struct stat named {};
  return ::stat(path_.c_str(), &named) != 0 || !same_file(named, identity_);
}

ArrivedTap NamespaceTarget::open_tap(const GuestPlan& plan) {
  std::pair<Descriptor, Descriptor> ends = make_channel();
  const pid_t child = ::fork();
  if (child < 0) fail(errno, "can't start a process");
  if (child == 0) run_helper(network_, user_, plan, ends.second);
  ends.second.reset();
  struct Reaper {
    pid_t child;
    ~Reaper() {
      while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
      }
    }
  };
  const Reaper reaper{child};
  ArrivedTap arrived = receive_tap(ends.first);
  network_.reset();
  user_.reset();
  return arrived;
}

}  // namespace sluice
