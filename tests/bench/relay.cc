// The ceiling of every NAT behind a tap: carries frames between a tap in a guest's namespace and
// one in its own, and does nothing else. The kernel's offloads are used as far as they go, and
// headers are passed on as they come; what the NAT's sockets do is done by the host's kernel, which
// routes.
//
//   relay PID HOST-TAP GUEST-TAP [IMPAIRMENT]
//
// The guest is the namespace of process PID; CAP_NET_ADMIN is needed here and there. It runs until
// it is ended, or an interface is. With an impairment, in the words of sluice's --impair, the
// guest's link is that of Sluice with the same words, and carries the TCP of two kernels.

#include <fcntl.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "app/options/impairment.h"
#include "devices/link/impaired_link.h"
#include "devices/link/tap.h"
#include "nat/host/clock.h"
#include "posix/descriptor.h"

namespace sluice {
namespace {

// Since Linux 6.2; both at once or neither.
constexpr unsigned kOffloadUdp = 0x20 | 0x40;

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

Descriptor tap_with_offloads(const std::string& name) {
  Descriptor tap = open_tap(name);
  constexpr unsigned kTcp = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6;
  if (::ioctl(tap.get(), TUNSETOFFLOAD, kTcp | kOffloadUdp) < 0 &&
      ::ioctl(tap.get(), TUNSETOFFLOAD, kTcp) < 0) {
    fail("TUNSETOFFLOAD");
  }
  return tap;
}

void enter_network_of(const std::string& process) {
  const std::string path = "/proc/" + process + "/ns/net";
  const Descriptor network(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!network || ::setns(network.get(), CLONE_NEWNET) < 0) fail("entering " + path);
}

// Takes what waits at `from`, but not for ever, so that the other direction has its turn.
void carry(int from, int to, std::vector<char>& frame) {
  constexpr int kAtOnce = 64;
  for (int i = 0; i < kAtOnce; ++i) {
    const ssize_t size = ::read(from, frame.data(), frame.size());
    if (size <= 0) {
      if (size < 0 && errno == EAGAIN) return;
      fail("reading from a tap");
    }
    // What the other side does not take is lost, as on a wire.
    if (::write(to, frame.data(), static_cast<std::size_t>(size)) < 0 && errno == EBADFD) {
      fail("writing to a tap");
    }
  }
}

// Gives the link a frame as it came.
void pass_on(const Frame& frame, Link& link) {
  const MutableBytes room = link.reserve(frame.bytes.size());
  std::ranges::copy(frame.bytes, room.begin());
  link.commit(frame.bytes.size(), frame.rest, frame.offload);
}

[[noreturn]] void run_impaired(const std::string& guest, const std::string& host_tap,
                               const std::string& guest_tap, const Impairment& impairment) {
  Tap host(open_tap(host_tap));
  enter_network_of(guest);
  ImpairedLink line(std::make_unique<Tap>(open_tap(guest_tap)), impairment, &monotonic_now);
  std::array<pollfd, 2> ends{{{.fd = host.descriptor(), .events = POLLIN, .revents = 0},
                              {.fd = line.descriptor(), .events = POLLIN, .revents = 0}}};
  while (!host.closed() && !line.closed()) {
    for (const Frame& frame : line.receive()) pass_on(frame, host);
    for (const Frame& frame : host.receive()) pass_on(frame, line);
    line.flush();
    constexpr int kForEver = -1;
    const int wait = host.more() || line.more() ? 0 : kForEver;
    if (::poll(ends.data(), ends.size(), wait) < 0) fail("poll");
  }
  throw std::runtime_error("an interface is gone");
}

void run(const std::string& guest, const std::string& host_tap, const std::string& guest_tap) {
  const Descriptor host = tap_with_offloads(host_tap);
  enter_network_of(guest);
  const Descriptor inside = tap_with_offloads(guest_tap);
  std::vector<char> frame(1 << 17);
  std::array<pollfd, 2> ends{{{.fd = host.get(), .events = POLLIN, .revents = 0},
                              {.fd = inside.get(), .events = POLLIN, .revents = 0}}};
  for (;;) {
    if (::poll(ends.data(), ends.size(), -1) < 0) fail("poll");
    if (ends.at(0).revents != 0) carry(host.get(), inside.get(), frame);
    if (ends.at(1).revents != 0) carry(inside.get(), host.get(), frame);
  }
}

}  // namespace
}  // namespace sluice

int main(int argc, char** argv) {
  if (argc != 4 && argc != 5) {
    std::fprintf(stderr, "usage: relay PID HOST-TAP GUEST-TAP [IMPAIRMENT]\n");
    return 2;
  }
  try {
    if (argc == 5) {
      sluice::run_impaired(argv[1], argv[2], argv[3], sluice::parse_impairment(argv[4]));
    }
    sluice::run(argv[1], argv[2], argv[3]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "relay: %s\n", error.what());
  }
  return 1;
}
