#include "app/namespace/guest_side.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <optional>
#include <system_error>

#include "app/namespace/failure.h"
#include "app/namespace/interface.h"
#include "app/namespace/mounts.h"
#include "app/namespace/unsent.h"
#include "devices/link/tap.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;

constexpr int kNotFound = 127;  // what shells return for a command that can't be run
constexpr int kNotExecutable = 126;

void set_up_names(const GuestPlan& plan, const Descriptor& channel, ReplacedFiles& files) {
  const IpAddress& dns = plan.network.has_v4 ? plan.network.v4.dns : plan.network.v6.dns;
  try {
    files.replace("/etc/resolv.conf", resolv_conf_text(dns, plan.search));
    // Daemons of the host that would resolve names past the guest's network.
    files.hide_socket("/run/nscd/socket");
    files.hide_socket("/run/systemd/resolve/io.systemd.Resolve");
  } catch (const std::system_error& error) {
    send_message(channel, {.kind = Message::Kind::kWarning,
                           .text = std::string("names may not resolve: ") + error.what()});
  }
}

std::string message_of(int error) {
  return std::generic_category().message(error);
}

[[noreturn]] void become(const GuestCommand& command) {
  ::sigprocmask(SIG_SETMASK, &command.signals, nullptr);
  std::vector<std::string> words = command.words;
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  ::execvp(arguments[0], arguments.data());
  const int error = errno;
  const bool missing = error == ENOENT || error == ENOTDIR;
  const bool searched = words[0].find('/') == std::string::npos;
  const std::string problem = missing && searched ? "command not found" : message_of(error);
  const std::string line = "sluice: " + words[0] + ": " + problem + "\n";
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
  ::_exit(missing ? kNotFound : kNotExecutable);
}

// Gives up what only the command should hold: whoever reads from the other end of its output must
// see the end when the command closes it.
void let_go_of_inherited_files(std::vector<int> own) {
  const Descriptor null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (null) ::dup2(null.get(), fd);
  }
  std::sort(own.begin(), own.end());
  unsigned next = STDERR_FILENO + 1;
  for (const int fd : own) {
    if (fd < static_cast<int>(next)) continue;
    const auto kept = static_cast<unsigned>(fd);
    if (next < kept) ::close_range(next, kept - 1, 0);
    next = kept + 1;
  }
  ::close_range(next, ~0U, 0);
}

// Runs the command and everything it leaves to us.
class FirstProcess {
 public:
  FirstProcess(const Descriptor& channel, Descriptor signals, ReplacedFiles& files)
      : channel_(channel), signals_(std::move(signals)), files_(files) {}

  // Returns the status to exit with.
  int run(const GuestCommand& command) {
    command_ = ::fork();
    if (command_ < 0) return report_failed_fork(errno);
    if (command_ == 0) become(command);
    std::vector<int> own = files_.descriptors();
    own.insert(own.end(), {channel_.get(), signals_.get()});
    let_go_of_inherited_files(std::move(own));
    constexpr int kRetryMilliseconds = 500;
    while (!status_) wait_for_events(files_are_there_ ? -1 : kRetryMilliseconds);
    send_message(channel_, {.kind = Message::Kind::kEnded});
    // The others end with the command; then what their sockets have not sent yet is still sent.
    ::kill(-1, SIGKILL);
    while (::waitpid(-1, nullptr, 0) > 0) {
    }
    UnsentWatch unsent;
    while (!hurry_ && unsent.is_moving()) wait_for_events(unsent.pause_milliseconds());
    if (!hurry_ && unsent.left().connections != 0) {
      send_message(channel_, {.kind = Message::Kind::kWarning,
                              .text = "connections that ended before everything was sent: " +
                                      std::to_string(unsent.left().connections) +
                                      " (the receiver took nothing for " +
                                      std::to_string(UnsentWatch::kPatience / 1s) + " seconds)"});
    }
    return *status_;
  }

 private:
  static int report_failed_fork(int error) {
    std::fprintf(stderr, "sluice: can't start a process: %s\n", message_of(error).c_str());
    return kNotExecutable;
  }

  void wait_for_events(int timeout) {
    std::array<pollfd, 3> waits = {{{.fd = channel_.get(), .events = POLLIN, .revents = 0},
                                    {.fd = signals_.get(), .events = POLLIN, .revents = 0},
                                    {.fd = files_.descriptor(), .events = POLLPRI, .revents = 0}}};
    const bool any = ::poll(waits.data(), waits.size(), timeout) > 0;
    if (waits[2].revents != 0 || !files_are_there_) files_are_there_ = files_.keep_up();
    if (!any) return;
    if (waits[0].revents != 0) on_message();
    if (waits[1].revents != 0) on_children();
  }

  void on_message() {
    const std::optional<Message> message = receive_message(channel_);
    if (!message) ::_exit(1);  // Sluice is gone, and the network with it
    // A signal is of no use to a command that has ended, but tells that somebody is impatient.
    if (status_) {
      hurry_ = true;
    } else if (message->kind == Message::Kind::kSignal) {
      ::kill(command_, message->number);
    }
  }

  void on_children() {
    signalfd_siginfo news{};
    while (::read(signals_.get(), &news, sizeof news) > 0) {
    }
    int status = 0;
    pid_t child = 0;
    while ((child = ::waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0) {
      if (child != command_) continue;
      if (WIFEXITED(status)) status_ = WEXITSTATUS(status);
      if (WIFSIGNALED(status)) status_ = 128 + WTERMSIG(status);
      // A command in Sluice's own process group is stopped together with Sluice. Only one that
      // leads its own group, a shell with job control, can stop and leave Sluice running. Groups of
      // outside have no number here.
      if (WIFSTOPPED(status) && ::getpgid(command_) != 0) {
        send_message(channel_, {.kind = Message::Kind::kStopped});
      }
    }
  }

  const Descriptor& channel_;
  Descriptor signals_;
  ReplacedFiles& files_;
  bool files_are_there_ = true;
  pid_t command_ = -1;
  std::optional<int> status_;
  bool hurry_ = false;
};

Descriptor watch_children() {
  sigset_t all;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, nullptr);
  ::signal(SIGCHLD, SIG_DFL);
  sigset_t child;
  ::sigemptyset(&child);
  ::sigaddset(&child, SIGCHLD);
  Descriptor signals(::signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals) fail(errno, "can't wait for child processes");
  return signals;
}

// Waits for a message of the given kind; whatever else comes means that Sluice gave up.
void expect(const Descriptor& channel, Message::Kind kind) {
  const std::optional<Message> message = receive_message(channel);
  if (!message || message->kind != kind) ::_exit(1);
}

}  // namespace

void allow_ping() {
  const Descriptor file(::open("/proc/sys/net/ipv4/ping_group_range", O_WRONLY | O_CLOEXEC));
  if (!file) return;
  const std::string group = std::to_string(::getegid());
  std::string only_group = group;
  only_group.append(" ").append(group);
  for (const std::string& range : {std::string("0 2147483647"), only_group}) {
    if (::write(file.get(), range.data(), range.size()) > 0) return;
  }
}

void send_failure(const Descriptor& channel, const std::system_error& error) {
  // what() ends with the error's own text, which the other side will add again.
  std::string text = error.what();
  const std::string ending = ": " + error.code().message();
  if (text.ends_with(ending)) text.resize(text.size() - ending.size());
  send_message(
      channel,
      {.kind = Message::Kind::kFailed, .number = error.code().value(), .text = std::move(text)});
}

ArrivedTap receive_tap(const Descriptor& channel) {
  ArrivedTap arrived;
  for (;;) {
    std::optional<Message> message = receive_message(channel);
    if (!message) fail(ECHILD, "a process that was to set up the namespace ended unexpectedly");
    if (message->kind == Message::Kind::kFailed) fail(message->number, message->text);
    if (message->kind == Message::Kind::kNote) {
      arrived.notes.push_back(std::move(message->text));
    } else if (message->kind == Message::Kind::kWarning) {
      arrived.warnings.push_back(std::move(message->text));
    } else if (message->kind == Message::Kind::kTap) {
      arrived.tap = std::move(message->descriptor);
      arrived.name = std::move(message->text);
      return arrived;
    }
  }
}

// Without IPv6 in its kernel a guest has IPv4 alone.
void configure(const std::string& name, const GuestPlan& plan) {
  const Network& network = plan.network;
  if (network.has_v4) {
    const IpAddress address = plan.address.value_or(network.dhcp_start);
    configure_interface(name, address, network.v4.subnet, network.v4.host);
  }
  if (network.has_v6 && (has_ipv6() || !network.has_v4)) {
    configure_interface6(name, network.dhcp6_start(), network.v6.subnet, network.v6.host);
  }
}

void set_up_interfaces(const GuestPlan& plan, const Descriptor& channel) {
  Message message{.kind = Message::Kind::kTap};
  message.descriptor = open_tap(plan.tap_name);
  const std::string name = tap_name(message.descriptor);
  if (plan.mac) set_link_address(name, *plan.mac);
  if (plan.bring_up) {
    prepare_tap(name, plan.network.mtu);
  } else {
    lengthen_queue(name);
  }
  if (plan.configure) {
    bring_up("lo");
    configure(name, plan);
  }
  message.text = name;
  if (!send_message(channel, message)) ::_exit(1);
}

void run_first_process(const GuestPlan& plan, const GuestCommand& command,
                       const Descriptor& channel) {
  // Whoever kills Sluice kills this process too, and it takes all others along. The parent is asked
  // to go on only afterwards, so there is no moment at which its death goes unnoticed.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  send_message(channel, {.kind = Message::Kind::kHello});
  expect(channel, Message::Kind::kMapped);
  try {
    Descriptor signals = watch_children();
    separate_mounts();
    bring_up("lo");
    if (!mount_proc()) {
      send_message(channel, {.kind = Message::Kind::kNote,
                             .text = "/proc shows the host's processes: a new one can't be mounted "
                                     "here"});
    }
    if (!mount_sys()) {
      send_message(channel, {.kind = Message::Kind::kNote,
                             .text = "/sys shows the host's interfaces: a new one can't be mounted "
                                     "here"});
    }
    allow_ping();
    ReplacedFiles files;
    set_up_names(plan, channel, files);
    set_up_interfaces(plan, channel);
    expect(channel, Message::Kind::kStart);
    FirstProcess first(channel, std::move(signals), files);
    ::_exit(first.run(command));
  } catch (const std::system_error& error) {
    send_failure(channel, error);
    ::_exit(1);
  }
}

}  // namespace sluice
