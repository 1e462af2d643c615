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

// True if the process is gone, waited for by us or, against the rules, by somebody else.
bool has_ended(pid_t process) {
  const pid_t result = ::waitpid(process, nullptr, WNOHANG);
  return result == process || (result < 0 && errno == ECHILD);
}

}  // namespace

ChildProcesses::~ChildProcesses() {
  reap();
  for (Child& child : children_) terminate(child);
  constexpr std::chrono::milliseconds kPatience{200};
  const Time end = monotonic_now() + kPatience;
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
    ::waitpid(child.process, nullptr, 0);
  }
}

void ChildProcesses::add(pid_t process, Descriptor lifetime, SocketId stream) {
  if (!lifetime) ++without_lifetime_;
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
    if (child.stream != SocketId::kNone || child.terminated) continue;
    ++lingering;
    if (oldest == nullptr) oldest = &child;
  }
  if (lingering > kMaxLingering) terminate(*oldest);
}

void ChildProcesses::reap() {
  std::erase_if(children_, [this](const Child& child) {
    if (!has_ended(child.process)) return false;
    if (!child.lifetime) --without_lifetime_;
    return true;
  });
}

void ChildProcesses::terminate(Child& child) {
  // It has not been waited for, so the group's number can't be somebody else's by now.
  if (!child.terminated) ::kill(-child.process, SIGTERM);
  child.terminated = true;
}

}  // namespace sluice
