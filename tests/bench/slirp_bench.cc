// Measures libraries with libslirp's interface side by side: rounds of all tests, one library after
// the other in each round, and the medians with their ratios at the end.
//
// usage: slirp_bench [--rounds N] [--seconds S] [--test NAME]... NAME=LIBRARY...
//
// Each test of each library runs in a process of its own, whose program and guest are one thread; a
// process beside it is the server outside. A rate is told by the clock and by the processor time of
// the program's thread, which is what a library costs however busy the machine is.

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/bench/slirp_guest.h"

namespace sluice::bench {
namespace {

double seconds_of(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// What a test found: two numbers, the first by the clock and the second by processor time.
struct Result {
  double by_clock = 0;
  double by_processor = 0;
};

class Meter {
 public:
  explicit Meter(double seconds) : end_(seconds_of(CLOCK_MONOTONIC) + seconds) {}
  bool is_over() const { return seconds_of(CLOCK_MONOTONIC) >= end_; }
  Result rate(double count) const {
    return {count / (seconds_of(CLOCK_MONOTONIC) - start_),
            count / (seconds_of(CLOCK_THREAD_CPUTIME_ID) - processor_)};
  }

 private:
  double start_ = seconds_of(CLOCK_MONOTONIC);
  double processor_ = seconds_of(CLOCK_THREAD_CPUTIME_ID);
  double end_;
};

// A listening or receiving socket on the loopback.
int open_server(int type, std::uint16_t& port) {
  const int server = ::socket(AF_INET, type | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  // NOLINTBEGIN(cppcoreguidelines-pro-type-reinterpret-cast): what these calls ask for.
  const bool ok = ::bind(server, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                  ::getsockname(server, reinterpret_cast<sockaddr*>(&address), &size) == 0 &&
                  (type != SOCK_STREAM || ::listen(server, 4096) == 0);
  // NOLINTEND(cppcoreguidelines-pro-type-reinterpret-cast)
  if (!ok) throw std::runtime_error("can't open a server on the loopback");
  port = ntohs(address.sin_port);
  return server;
}

// The server outside: a process that ends with this object.
class Server {
 public:
  Server(int type, const std::function<void(int)>& serve) {
    const int socket = open_server(type, port_);
    process_ = ::fork();
    if (process_ == 0) {
      serve(socket);
      ::_exit(0);
    }
    ::close(socket);
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server() {
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
  }
  std::uint16_t port() const { return port_; }

 private:
  std::uint16_t port_ = 0;
  pid_t process_ = -1;
};

// The servers do as little as they can, so that it is not them who limit the rates: they throw away
// what they get without looking at it, and answer many datagrams at once.
constexpr std::size_t kPiece = 256U << 10;
constexpr std::uint16_t kFirstPort = 10'000;

void take_everything(int listener) {
  const int connection = ::accept(listener, nullptr, nullptr);
  std::vector<char> buffer(kPiece);
  // TCP drops so many bytes instead of copying them.
  while (::recv(connection, buffer.data(), buffer.size(), MSG_TRUNC) > 0) {
  }
}

void send_for_ever(int listener) {
  const int connection = ::accept(listener, nullptr, nullptr);
  const std::vector<char> buffer(kPiece);
  while (::send(connection, buffer.data(), buffer.size(), MSG_NOSIGNAL) > 0) {
  }
}

void accept_and_close(int listener) {
  for (;;) ::close(::accept(listener, nullptr, nullptr));
}

void accept_and_keep(int listener) {
  while (::accept(listener, nullptr, nullptr) >= 0) {
  }
  ::pause();
}

void answer_datagrams(int socket) {
  const int on = 1;
  ::setsockopt(socket, SOL_UDP, UDP_GRO, &on, sizeof on);
  std::vector<char> buffer(1 << 16);
  for (;;) {
    // Datagrams that came together, and with them the size of each; sent back in the same way.
    sockaddr_in from{};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    iovec piece{buffer.data(), buffer.size()};
    msghdr message{};
    message.msg_name = &from;
    message.msg_namelen = sizeof from;
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t count = ::recvmsg(socket, &message, 0);
    if (count <= 0) continue;
    piece.iov_len = static_cast<std::size_t>(count);
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    if (header != nullptr) {
      int size = 0;
      std::memcpy(&size, CMSG_DATA(header), sizeof size);
      const auto segment = static_cast<std::uint16_t>(size);
      header->cmsg_type = UDP_SEGMENT;
      header->cmsg_len = CMSG_LEN(sizeof segment);
      std::memcpy(CMSG_DATA(header), &segment, sizeof segment);
      message.msg_controllen = CMSG_SPACE(sizeof segment);
    }
    ::sendmsg(socket, &message, 0);
  }
}

void wait_for(SlirpProgram& program, SlirpGuest& guest, const std::function<bool()>& done) {
  const double end = seconds_of(CLOCK_MONOTONIC) + 20;
  while (!done()) {
    if (seconds_of(CLOCK_MONOTONIC) > end) throw std::runtime_error("the library does not answer");
    program.turn(guest.owes() ? 0 : 100);
    guest.acknowledge();
  }
}

// Megabits a second from the guest, which hands over 64 frames at a time, as a ring of an emulator
// does.
Result upload(SlirpProgram& program, double seconds) {
  const Server server(SOCK_STREAM, &take_everything);
  SlirpGuest guest(program);
  SlirpConnection& connection = guest.connect(kFirstPort, server.port());
  wait_for(program, guest, [&] { return connection.established; });
  const Meter meter(seconds);
  constexpr unsigned kBurst = 64;
  std::uint64_t segments = 0;
  while (!meter.is_over()) {
    const unsigned sent = guest.send_segments(connection, kBurst);
    segments += sent;
    program.turn(sent == 0 && !guest.owes() ? 100 : 0);
    guest.acknowledge();
  }
  return meter.rate(static_cast<double>(segments * SlirpGuest::kSegment) * 8e-6);
}

Result download(SlirpProgram& program, double seconds) {
  const Server server(SOCK_STREAM, &send_for_ever);
  SlirpGuest guest(program);
  SlirpConnection& connection = guest.connect(kFirstPort, server.port());
  wait_for(program, guest, [&] { return connection.established; });
  const Meter meter(seconds);
  while (!meter.is_over()) {
    program.turn(guest.owes() ? 0 : 100);
    guest.acknowledge();
  }
  return meter.rate(static_cast<double>(guest.bytes()) * 8e-6);
}

// Connections a second that are opened, ended by the server and then by the guest; 16 at a time.
Result connections(SlirpProgram& program, double seconds) {
  const Server server(SOCK_STREAM, &accept_and_close);
  SlirpGuest guest(program);
  constexpr std::uint16_t kAtATime = 16;
  constexpr std::uint16_t kPorts = 50'000;
  std::uint16_t port = 0;
  std::uint64_t done = 0;
  const Meter meter(seconds);
  std::vector<SlirpConnection*> open;
  while (!meter.is_over()) {
    while (open.size() < kAtATime) {
      port = static_cast<std::uint16_t>((port + 1) % kPorts);
      open.push_back(&guest.connect(static_cast<std::uint16_t>(kFirstPort + port), server.port()));
    }
    program.turn(guest.owes() ? 0 : 100);
    guest.acknowledge();
    std::erase_if(open, [&](SlirpConnection* connection) {
      if (!connection->finished && !connection->reset) return false;
      if (!connection->reset) guest.finish(*connection);
      guest.forget(connection->port);
      ++done;
      return true;
    });
  }
  return meter.rate(static_cast<double>(done));
}

std::uint64_t resident_kilobytes() {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word) {
    std::uint64_t number = 0;
    if (word == "VmRSS:" && status >> number) return number;
  }
  return 0;
}

constexpr std::uint16_t kIdle = 5000;

void open_idle(SlirpProgram& program, SlirpGuest& guest, std::uint16_t server) {
  constexpr std::uint16_t kAtATime = 50;
  for (std::uint16_t i = 0; i < kIdle; i = static_cast<std::uint16_t>(i + kAtATime)) {
    std::vector<SlirpConnection*> some;
    for (std::uint16_t k = 0; k < kAtATime; ++k) {
      some.push_back(&guest.connect(static_cast<std::uint16_t>(kFirstPort + i + k), server));
    }
    wait_for(program, guest, [&] {
      return std::all_of(some.begin(), some.end(), [](auto* c) { return c->established; });
    });
    guest.acknowledge();
  }
  program.turn(0);
}

// Megabytes that 5,000 idle connections take; both numbers are the same.
Result idle_memory(SlirpProgram& program, double /*seconds*/) {
  const Server server(SOCK_STREAM, &accept_and_keep);
  SlirpGuest guest(program);
  program.turn(0);
  const std::uint64_t before = resident_kilobytes();
  open_idle(program, guest, server.port());
  const double megabytes = static_cast<double>(resident_kilobytes() - before) / 1024;
  return {megabytes, megabytes};
}

Result round_trips(SlirpProgram& program, SlirpGuest& guest, std::uint16_t server, double seconds) {
  const Meter meter(seconds);
  std::uint64_t sent = 0;
  while (!meter.is_over()) {
    if (sent == guest.datagrams()) {
      guest.send_datagram(kFirstPort - 1, server, 64);
      ++sent;
    }
    program.turn(100);
  }
  return meter.rate(static_cast<double>(guest.datagrams()));
}

// Datagrams there and back a second, one at a time, beside 5,000 idle connections.
Result beside_idle(SlirpProgram& program, double seconds) {
  const Server server(SOCK_STREAM, &accept_and_keep);
  const Server echo(SOCK_DGRAM, &answer_datagrams);
  SlirpGuest guest(program);
  open_idle(program, guest, server.port());
  return round_trips(program, guest, echo.port(), seconds);
}

// Datagrams of 64 bytes a second that are sent and answered, 64 at a time, up to 192 on their way.
Result datagrams(SlirpProgram& program, double seconds) {
  const Server echo(SOCK_DGRAM, &answer_datagrams);
  SlirpGuest guest(program);
  constexpr std::uint64_t kBurst = 64;
  const Meter meter(seconds);
  std::uint64_t sent = 0;
  double quiet_since = seconds_of(CLOCK_MONOTONIC);
  std::uint64_t seen = 0;
  while (!meter.is_over()) {
    if (guest.datagrams() != seen) {
      seen = guest.datagrams();
      quiet_since = seconds_of(CLOCK_MONOTONIC);
    }
    // Those that were lost are not waited for.
    constexpr double kLost = 0.05;
    const bool lost = seconds_of(CLOCK_MONOTONIC) - quiet_since > kLost;
    if (lost) sent = seen;
    if (sent - std::min(sent, seen) <= 2 * kBurst) {
      for (std::uint64_t i = 0; i < kBurst; ++i) guest.send_datagram(kFirstPort, echo.port(), 64);
      sent += kBurst;
    }
    program.turn(1);
  }
  return meter.rate(static_cast<double>(guest.datagrams()));
}

struct Test {
  const char* name;
  const char* unit;
  Result (*run)(SlirpProgram& program, double seconds);
  bool less_is_better;
};

constexpr std::array<Test, 6> kTests{{
    {"tcp-up", "Mbit/s", &upload, false},
    {"tcp-down", "Mbit/s", &download, false},
    {"connections", "1/s", &connections, false},
    {"idle-memory", "MB", &idle_memory, true},
    {"beside-idle", "round trips/s", &beside_idle, false},
    {"datagrams", "1/s", &datagrams, false},
}};

// In a process of its own. Zeros if it fails, which it tells.
Result run_apart(const Test& test, const std::string& library, double seconds) {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) < 0) return {};
  const pid_t child = ::fork();
  if (child == 0) {
    Result result;
    try {
      SlirpProgram program(library);
      result = test.run(program, seconds);
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s, %s: %s\n", test.name, library.c_str(), error.what());
    }
    static_cast<void>(!::write(ends[1], &result, sizeof result));
    ::_exit(0);
  }
  ::close(ends[1]);
  Result result;
  if (::read(ends[0], &result, sizeof result) != sizeof result) {
    std::fprintf(stderr, "%s, %s: the library has crashed\n", test.name, library.c_str());
    result = {};
  }
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  return result;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values.empty() ? 0 : values[values.size() / 2];
}

struct Candidate {
  std::string name;
  std::string library;
};

int run(int rounds, double seconds, const std::vector<std::string>& wanted,
        const std::vector<Candidate>& candidates) {
  const rlimit many{.rlim_cur = 1 << 14, .rlim_max = 1 << 14};
  if (::setrlimit(RLIMIT_NOFILE, &many) < 0) {
    std::fprintf(stderr, "can't have as many descriptors as idle connections need\n");
  }
  std::printf("%-13s %-14s %12s %12s   %s\n", "test", "library", "by clock", "by cpu",
              "the last library is better by (clock, cpu)");
  for (const Test& test : kTests) {
    if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), test.name) == wanted.end()) {
      continue;
    }
    std::map<std::string, std::array<std::vector<double>, 2>> all;
    for (int round = 0; round < rounds; ++round) {
      for (const Candidate& candidate : candidates) {
        const Result result = run_apart(test, candidate.library, seconds);
        all[candidate.name][0].push_back(result.by_clock);
        all[candidate.name][1].push_back(result.by_processor);
      }
    }
    const auto& last = all[candidates.back().name];
    for (const Candidate& candidate : candidates) {
      const auto& here = all[candidate.name];
      std::array<double, 2> better{};
      for (std::size_t i = 0; i < better.size(); ++i) {
        const double ours = median(last.at(i));
        const double theirs = median(here.at(i));
        const double ratio = test.less_is_better ? theirs / ours : ours / theirs;
        better.at(i) = ratio;
      }
      std::printf("%-13s %-14s %12.1f %12.1f   %6.2f x %6.2f x   %s\n", test.name,
                  candidate.name.c_str(), median(here[0]), median(here[1]), better[0], better[1],
                  test.unit);
      std::fflush(stdout);
    }
  }
  return 0;
}

}  // namespace
}  // namespace sluice::bench

int main(int argc, char** argv) {
  int rounds = 3;
  double seconds = 2;
  std::vector<std::string> tests;
  std::vector<sluice::bench::Candidate> candidates;
  const std::vector<std::string> words(argv + 1, argv + argc);
  for (std::size_t i = 0; i < words.size(); ++i) {
    const bool has_value = i + 1 < words.size();
    const std::size_t sign = words[i].find('=');
    if (words[i] == "--rounds" && has_value) {
      rounds = std::atoi(words[++i].c_str());
    } else if (words[i] == "--seconds" && has_value) {
      seconds = std::atof(words[++i].c_str());
    } else if (words[i] == "--test" && has_value) {
      tests.push_back(words[++i]);
    } else if (sign != std::string::npos) {
      candidates.push_back({words[i].substr(0, sign), words[i].substr(sign + 1)});
    } else {
      candidates.clear();
      break;
    }
  }
  if (candidates.empty() || rounds < 1 || seconds <= 0) {
    std::fprintf(
        stderr, "usage: slirp_bench [--rounds N] [--seconds S] [--test NAME]... NAME=LIBRARY...\n");
    return 2;
  }
  return sluice::bench::run(rounds, seconds, tests, candidates);
}
