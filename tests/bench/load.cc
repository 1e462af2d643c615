// Load for the benchmark: a server that answers what it is sent, and clients that count how often
// it does. Clients use one thread and epoll, so that what is measured is the way between the two.
//
//   load server ADDRESS PORT                           see load_server.h
//   load rr|crr|udp-rr ADDRESS PORT SECONDS PARALLEL   prints transactions per second and how many
//                                                      failed
//   load udp-send|udp-receive ADDRESS PORT SECONDS SIZE
//                                                      prints datagrams and bytes that arrived and
//                                                      datagrams that were sent, all per second
//   load hold ADDRESS PORT LIMIT COUNT...              opens connections with a transaction on each
//                                                      until there are COUNT, prints how many there
//                                                      are and the seconds that all of them took,
//                                                      and waits for a line of input; then goes on
//                                                      to the next COUNT. Holds them until its
//                                                      input ends. After LIMIT seconds, or when one
//                                                      fails, it prints what it has got and opens
//                                                      no more.
//
// rr: one byte there and back on a connection that stays; crr: on a new connection each time;
// udp-rr: the same by datagrams, of which one that got lost is sent again after 200 ms.

#include <netinet/tcp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "posix/descriptor.h"
#include "tests/bench/load_server.h"
#include "tests/bench/load_sockets.h"

namespace sluice {
namespace {

using Words = std::vector<std::string>;

class Transactions {
 public:
  Transactions(const std::string& kind, const std::string& host, unsigned port)
      : is_udp_(kind == "udp-rr"), reconnects_(kind == "crr"), host_(host), port_(port) {}

  double rate(double seconds, unsigned parallel) {
    for (unsigned i = 0; i < parallel; ++i) open();
    const auto start = Clock::now();
    auto last_look = start;
    while (seconds_since(start) < seconds) {
      epoll_.wait(100, [this](int socket, std::uint32_t events) { go_on(socket, events); });
      if (is_udp_ && seconds_since(last_look) > 0.2) {
        send_again();
        last_look = Clock::now();
      }
    }
    return static_cast<double>(done_) / seconds_since(start);
  }
  unsigned long long failed() const { return failed_; }

 private:
  void open() {
    const int type = is_udp_ ? SOCK_DGRAM : SOCK_STREAM;
    const int socket = ::socket(AF_INET, type | SOCK_NONBLOCK, 0);
    if (socket < 0) fail("socket");
    if (!is_udp_) set_option(socket, IPPROTO_TCP, TCP_NODELAY);
    const Address to(host_, is_udp_ ? port_ : port_ + next_++ % kPorts);
    if (::connect(socket, to.get(), sizeof to.ip) < 0 && errno != EINPROGRESS) fail("connect");
    epoll_.set(EPOLL_CTL_ADD, socket, EPOLLOUT);
    if (is_udp_) answered_[socket] = true;
  }

  void go_on(int socket, std::uint32_t events) {
    char byte = 'x';
    if ((events & EPOLLERR) != 0) return start_again(socket);
    if ((events & EPOLLOUT) != 0) {
      epoll_.set(EPOLL_CTL_MOD, socket, EPOLLIN);
    } else {
      if (::recv(socket, &byte, 1, 0) <= 0) return start_again(socket);
      ++done_;
      if (is_udp_) answered_[socket] = true;
      if (reconnects_) {
        ::close(socket);
        return open();
      }
    }
    if (::send(socket, &byte, 1, MSG_NOSIGNAL) != 1) start_again(socket);
  }

  void start_again(int socket) {
    ++failed_;
    answered_.erase(socket);
    ::close(socket);
    open();
  }

  // Repeats on each socket that got no answer since the last call.
  void send_again() {
    for (auto& [socket, answered] : answered_) {
      if (!std::exchange(answered, false)) {
        ++failed_;
        ::send(socket, "x", 1, 0);
      }
    }
  }

  const bool is_udp_;
  const bool reconnects_;
  const std::string host_;
  const unsigned port_;
  Epoll epoll_;
  unsigned next_ = 0;
  unsigned long long done_ = 0;
  unsigned long long failed_ = 0;
  std::unordered_map<int, bool> answered_;
};

// What the server has counted since it was asked last: datagrams, bytes, seconds.
std::vector<double> ask(int socket) {
  const std::string question = "?" + std::to_string(std::random_device()());
  std::array<char, 256> reply{};
  set_patience(socket, std::chrono::milliseconds(200));
  for (int i = 0; i < 50; ++i) {
    if (::send(socket, question.data(), question.size(), 0) < 0) continue;
    const ssize_t size = ::recv(socket, reply.data(), reply.size(), 0);
    if (size <= 0) continue;
    const std::string text(reply.data(), static_cast<std::size_t>(size));
    if (text.compare(0, question.size() + 1, question + " ") != 0) continue;
    std::vector<double> numbers;
    for (std::size_t at = question.size(); at != std::string::npos; at = text.find(' ', at + 1)) {
      numbers.push_back(std::stod(text.substr(at + 1)));
    }
    if (numbers.size() == 3) return numbers;
  }
  throw std::runtime_error("the server does not answer");
}

Descriptor datagram_socket(const Address& to) {
  Descriptor socket(::socket(AF_INET, SOCK_DGRAM, 0));
  constexpr int kRoom = 4 << 20;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUF, &kRoom, sizeof kRoom);
  if (::connect(socket.get(), to.get(), sizeof to.ip) < 0) fail("connect");
  return socket;
}

void print_rates(double datagrams, double bytes, double receiving, double sent, double sending) {
  if (receiving <= 0) throw std::runtime_error("no datagrams arrived");
  std::printf("%.0f %.0f %.0f\n", datagrams / receiving, bytes / receiving, sent / sending);
}

void send_datagrams(const Address& to, double seconds, std::size_t size) {
  const Descriptor socket = datagram_socket(to);
  ask(socket.get());
  Batch batch(size);
  double sent = 0;
  const auto start = Clock::now();
  while (seconds_since(start) < seconds) sent += batch.send(socket.get());
  const double elapsed = seconds_since(start);
  const std::vector<double> counted = ask(socket.get());
  print_rates(counted.at(0), counted.at(1), counted.at(2), sent, elapsed);
}

void receive_datagrams(const Address& to, double seconds, std::size_t size) {
  const Descriptor socket = datagram_socket(to);
  const std::string order = "!" + std::to_string(seconds) + " " + std::to_string(size);
  if (::send(socket.get(), order.data(), order.size(), 0) < 0) fail("send");
  set_patience(socket.get(), std::chrono::milliseconds(2000));
  Batch batch(size);
  Count count;
  double sent = 0;
  const auto take = [&, now = Clock::now()](std::string_view bytes, const Address&) mutable {
    if (bytes.size() == size) {
      now = Clock::now();
      count.add(size, now);
    } else if (!bytes.empty() && bytes.front() == '!') {
      sent = std::stod(std::string(bytes.substr(1)));
    }
  };
  while (sent == 0 && batch.receive(socket.get(), MSG_WAITFORONE, take) > 0) {
  }
  print_rates(static_cast<double>(count.datagrams()), static_cast<double>(count.bytes()),
              count.seconds(), sent, seconds);
}

// A connection on which a byte has gone there and back; none if that fails.
Descriptor connection(const Address& to) {
  Descriptor one(::socket(AF_INET, SOCK_STREAM, 0));
  set_patience(one.get(), std::chrono::milliseconds(3000));
  char byte = 'x';
  const bool works = one && ::connect(one.get(), to.get(), sizeof to.ip) == 0 &&
                     ::send(one.get(), &byte, 1, MSG_NOSIGNAL) == 1 &&
                     ::recv(one.get(), &byte, 1, 0) == 1;
  if (!works) std::fprintf(stderr, "load: a connection failed: %s\n", std::strerror(errno));
  return works ? std::move(one) : Descriptor();
}

// Connections beyond the limit on open files of one process.
class Held {
 public:
  void add(Descriptor connection) {
    connections_.push_back(std::move(connection));
    ++count_;
  }
  std::size_t count() const { return count_; }
  bool is_full() const { return connections_.size() >= kPerProcess; }

  // Leaves what there is to a process that does nothing and ends with this one.
  void hand_over() {
    const pid_t parent = ::getpid();
    const pid_t child = ::fork();
    if (child < 0) fail("fork");
    if (child == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      while (::getppid() == parent) ::pause();
      ::_exit(0);
    }
    connections_.clear();
  }

 private:
  static constexpr std::size_t kPerProcess = 10'000;
  std::vector<Descriptor> connections_;
  std::size_t count_ = 0;
};

void hold(const std::string& host, unsigned port, unsigned ports, double limit,
          const std::vector<unsigned>& counts) {
  Held held;
  double seconds = 0;
  bool works = true;
  for (const unsigned count : counts) {
    while (works && held.count() < count) {
      const auto start = Clock::now();
      Descriptor one = connection(Address(host, port + held.count() % ports));
      works = bool{one};
      if (!works) break;
      held.add(std::move(one));
      seconds += seconds_since(start);
      works = seconds < limit;
      if (held.is_full()) held.hand_over();
    }
    std::printf("%zu %.6f\n", held.count(), seconds);
    std::fflush(stdout);
    int input = 0;
    while (input != '\n' && input != EOF) input = std::getchar();
    if (!works || input == EOF) break;
  }
  while (std::getchar() != EOF) {
  }
}

int run(const Words& words) {
  const auto number = [&](std::size_t i) { return std::stod(words.at(i)); };
  const auto count = [&](std::size_t i) { return static_cast<unsigned>(std::stoul(words.at(i))); };
  const std::string& verb = words.at(0);
  const std::string& host = words.at(1);
  const unsigned port = count(2);
  if (verb == "server") LoadServer(host, port).run();
  if (verb == "hold") {
    std::vector<unsigned> counts{count(5)};
    for (std::size_t i = 6; i < words.size(); ++i) counts.push_back(count(i));
    hold(host, port, count(3), number(4), counts);
  } else if (verb == "udp-send") {
    send_datagrams(Address(host, port), number(3), count(4));
  } else if (verb == "udp-receive") {
    receive_datagrams(Address(host, port), number(3), count(4));
  } else if (verb == "rr" || verb == "crr" || verb == "udp-rr") {
    Transactions transactions(verb, host, port);
    std::printf("%.0f", transactions.rate(number(3), count(4)));
    std::printf(" %llu\n", transactions.failed());
  } else {
    throw std::invalid_argument("no verb '" + verb + "'");
  }
  return 0;
}

}  // namespace
}  // namespace sluice

int main(int argc, char** argv) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
  try {
    return sluice::run(sluice::Words(argv + 1, argv + argc));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "load: %s\n", error.what());
    return 2;
  }
}
