#include "nat/host/child_processes.h"

#include <poll.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <utility>

#include "nat/host/clock.h"

namespace sluice {
namespace {

enum class Life : std::uint8_t {
  kRuns,
  kEnded,  // and is to be waited for
  kLost,   // waited for by somebody else already, against the rules: its number may be another's
};

Life life_of(pid_t process) {
  siginfo_t information{};
  if (::waitid(P_PID, static_cast<id_t>(process), &information, WEXITED | WNOHANG | WNOWAIT) < 0) {
    return errno == ECHILD ? Life::kLost : Life::kRuns;
  }
  return information.si_pid == process ? Life::kEnded : Life::kRuns;
}

}  // namespace

ChildProcesses::~ChildProcesses() {
  reap();
  for (Child& child : children_) terminate(child);
  constexpr std::chrono::milliseconds kFarewell{200};
  const Time end = monotonic_now() + kFarewell;
  while (!children_.empty()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - monotonic_now());
    if (left.count() <= 0) break;
    // Waits for one; without a descriptor for it, for the time to pass.
    pollfd ended{.fd = children_.front().lifetime.get(), .events = POLLIN};
    ::poll(&ended, 1, static_cast<int>(left.count()));
    reap();
  }
  for (const Child& child : children_) {
    ::kill(-child.process, SIGKILL);
    wait_for(child.process);
  }
}

void ChildProcesses::wait_for(pid_t process) {
  if (will_ != nullptr) will_->spare_group(process);
  ::waitpid(process, nullptr, 0);
}

void ChildProcesses::add(pid_t process, Descriptor lifetime, SocketId stream) {
  if (!lifetime) ++without_lifetime_;
  // Without that it still gets a signal when this process ends, and what it has started does not.
  if (will_ != nullptr) static_cast<void>(will_->kill_group(process));
  children_.push_back({.process = process, .lifetime = std::move(lifetime), .stream = stream});
}

void ChildProcesses::on_stream_closed(SocketId stream, bool terminate_now) {
  std::size_t lingering = 0;
  Child* oldest = nullptr;
  for (Child& child : children_) {
    if (child.stream == stream) {
      child.stream = SocketId::kNone;
      if (terminate_now) terminate(child);
    }
    if (child.stream != SocketId::kNone || child.terminated_at) continue;
    ++lingering;
    if (oldest == nullptr) oldest = &child;
  }
  if (lingering > kMaxLingering) terminate(*oldest);
  kill_stubborn();
}

bool ChildProcesses::make_room() {
  if (children_.size() < kMaxChildren) return true;
  kill_stubborn();
  reap();
  return children_.size() < kMaxChildren;
}

void ChildProcesses::kill_stubborn() {
  const Time now = monotonic_now();
  for (const Child& child : children_) {
    if (child.terminated_at && now - *child.terminated_at >= kPatience) {
      ::kill(-child.process, SIGKILL);
    }
  }
}

void ChildProcesses::reap() {
  std::erase_if(children_, [this](const Child& child) {
    const Life life = life_of(child.process);
    if (life == Life::kRuns) return false;
    // What it has started and left behind: a guest must not fill the host with that either. As long
    // as the child has not been waited for, the group's number can't be somebody else's.
    if (life == Life::kEnded) ::kill(-child.process, SIGKILL);
    wait_for(child.process);
    if (!child.lifetime) --without_lifetime_;
    return true;
  });
}

void ChildProcesses::terminate(Child& child) {
  // It has not been waited for, so the group's number can't be somebody else's by now.
  if (child.terminated_at) return;
  ::kill(-child.process, SIGTERM);
  child.terminated_at = monotonic_now();
}

}  // namespace sluice
