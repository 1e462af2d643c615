// What the hot pieces cost, one at a time, without the kernel: each operation is repeated on a
// virtual clock against a host and a guest that keep nothing (counting_world.h).
//
//   micro [--iterations=N] [google-benchmark's options]
//
// With --iterations every benchmark does exactly N operations, which is how micro.py counts the
// instructions that one takes. A benchmark that did something other than its name says ends with an
// error, and so does the program.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "nat/flow_table.h"
#include "stack/checksum.h"
#include "stack/timer_wheel.h"
#include "stack/wire/ethernet.h"
#include "tests/bench/counting_world.h"
#include "tests/bench/guest_connection.h"

namespace sluice {
namespace {

using benchmark::State;

void require(State& state, bool holds, const char* what) {
  if (!holds) state.SkipWithError(what);
}

// All of it went the way that the name says.
void require_no_drops(State& state, const CountingWorld& world) {
  require(state, world.dropped() == 0, "the Nat dropped packets");
}

void checksum(State& state, std::size_t size) {
  const Octets bytes(size, 0x5a);
  for (auto _ : state) {
    Bytes view(bytes);
    benchmark::DoNotOptimize(view);
    benchmark::DoNotOptimize(internet_checksum(view));
  }
}

void parse_headers(State& state) {
  const Octets frame = tcp_frame(kGuestAddress, IpAddress::v4(192, 0, 2, 1),
                                 {.source_port = 40000, .flags = {.ack = true}},
                                 {.timestamps = TcpTimestamps{1, 2}}, {});
  for (auto _ : state) {
    Bytes view(frame);
    benchmark::DoNotOptimize(view);
    const auto ethernet = EthernetView::parse(view);
    benchmark::DoNotOptimize(ethernet->header());
    const auto ip = Ipv4View::parse(ethernet->payload());
    benchmark::DoNotOptimize(ip->header());
    const auto tcp = TcpView::parse(ip->payload());
    benchmark::DoNotOptimize(tcp->header());
    benchmark::DoNotOptimize(tcp->options());
  }
}

// As large as a TCP flow, so that tables lie in the caches as they do in earnest.
struct LargeEntry : FlowEntry {
  std::array<std::uint8_t, 176> rest{};
};

void look_up(State& state, std::uint32_t flows) {
  FlowTable<LargeEntry> table(Seed{1, 2}, flows);
  std::vector<FlowKey> keys;
  for (std::uint32_t i = 0; i < flows; ++i) {
    keys.push_back({{kGuestAddress, static_cast<std::uint16_t>(1024 + i)},
                    {IpAddress::v4(192, 0, 2, static_cast<std::uint8_t>(i)), 443}});
    table.insert(keys.back());
  }
  // Prime, so that every flow has its turn, far from the one before.
  constexpr std::size_t kStride = 7919;
  std::size_t at = 0;
  const LargeEntry* found = nullptr;
  for (auto _ : state) {
    found = table.find(keys[at]);
    benchmark::DoNotOptimize(found);
    at = (at + kStride) % flows;
  }
  require(state, found != nullptr, "a flow was not found");
}

void tcp_from_guest(State& state, std::size_t payload, std::size_t batch) {
  CountingWorld world;
  GuestConnection guest(world, payload, batch);
  guest.connect();
  for (auto _ : state) guest.send();
  require(state, world.host.bytes_taken() == state.iterations() * batch * payload,
          "the host did not get all of the guest's bytes");
  require_no_drops(state, world);
}

void tcp_to_guest(State& state, std::size_t payload, const LinkCapabilities& capabilities) {
  CountingWorld world(capabilities);
  GuestConnection guest(world);
  guest.connect();
  const auto burst = [&] {
    world.host.say(payload);
    world.from_host();
    guest.acknowledge();
  };
  // Slow start is over when a burst leaves as one.
  constexpr unsigned kRampUp = 100;
  for (unsigned i = 0; i < kRampUp; ++i) burst();
  for (auto _ : state) burst();
  const auto bytes = static_cast<std::uint32_t>((kRampUp + state.iterations()) * payload);
  require(state, guest.acknowledged() == bytes, "the guest did not get all of the host's bytes");
  require_no_drops(state, world);
}

// The others are open and silent.
void request_and_response(State& state, std::uint16_t others) {
  CountingWorld world;
  GuestConnection guest(world);
  constexpr std::uint16_t kFirst = 1024;
  for (std::uint16_t i = 0; i < others; ++i) {
    guest.connect(static_cast<std::uint16_t>(kFirst + i));
  }
  guest.connect(static_cast<std::uint16_t>(kFirst + others));
  for (auto _ : state) {
    guest.send();
    world.host.say(1);
    world.from_host();
  }
  guest.acknowledge();
  require(state,
          world.host.bytes_taken() == static_cast<std::uint64_t>(state.iterations()) &&
              guest.acknowledged() == static_cast<std::uint32_t>(state.iterations()),
          "a request or a response was lost");
  require_no_drops(state, world);
}

void connection(State& state) {
  CountingWorld world;
  GuestConnection guest(world);
  constexpr std::uint16_t kFirst = 1024;
  std::uint16_t port = kFirst;
  for (auto _ : state) {
    guest.connect(port);
    guest.close();
    port = port == 65535 ? kFirst : port + 1;
  }
  require(state,
          world.nat.counters().tcp_flows == static_cast<std::uint64_t>(state.iterations()) &&
              world.host.closes() == world.host.connects(),
          "a connection did not end");
  require_no_drops(state, world);
}

void datagram(State& state) {
  CountingWorld world;
  const Endpoint server{IpAddress::v4(192, 0, 2, 1), 4000};
  const std::string payload(64, 'x');
  const Octets frame = udp_frame({kGuestAddress, 5000}, server, payload);
  const std::uint64_t before = world.link.frames();
  for (auto _ : state) {
    world.from_guest(frame, {.checksum = ChecksumState::kVerified});
    world.host.say_datagram({.peer = server, .payload = as_bytes(payload)});
    world.from_host();
  }
  const auto count = static_cast<std::uint64_t>(state.iterations());
  require(state, world.host.datagrams_taken() == count && world.link.frames() - before == count,
          "a datagram was lost");
  require_no_drops(state, world);
}

class Firings final : public TimerHandler {
 public:
  void on_timer(Time /*now*/, Timer& /*timer*/) override { ++count_; }
  std::int64_t count() const { return count_; }

 private:
  std::int64_t count_ = 0;
};

std::vector<std::unique_ptr<Timer>> timers_of(Firings& firings, std::size_t count) {
  std::vector<std::unique_ptr<Timer>> timers;
  for (std::size_t i = 0; i < count; ++i) timers.push_back(std::make_unique<Timer>(firings));
  return timers;
}

void set_and_cancel(State& state) {
  Firings firings;
  TimerWheel wheel(Time{});
  const auto others = timers_of(firings, 10000);
  Duration after{};
  for (const auto& timer : others) wheel.set(*timer, Time{after += std::chrono::milliseconds(3)});
  Timer timer(firings);
  for (auto _ : state) {
    wheel.set(timer, Time{std::chrono::milliseconds(200)});
    benchmark::DoNotOptimize(wheel.deadline());
    timer.cancel();
  }
  require(state, firings.count() == 0, "a timer fired");
}

void set_and_fire(State& state) {
  constexpr std::size_t kTimers = 1024;  // more than milliseconds in the second that each waits
  Firings firings;
  TimerWheel wheel(Time{});
  const auto timers = timers_of(firings, kTimers);
  Time now{};
  std::size_t next = 0;
  const auto step = [&] {
    wheel.set(*timers[next], now + std::chrono::seconds(1));
    next = (next + 1) % kTimers;
    now += std::chrono::milliseconds(1);
    wheel.advance(now);
  };
  for (std::size_t i = 0; i < kTimers; ++i) step();
  const std::int64_t before = firings.count();
  for (auto _ : state) step();
  const std::int64_t fired = firings.count() - before;
  // The last may be due on the next tick.
  require(state, fired >= state.iterations() - 1 && fired <= state.iterations() + 1,
          "a timer did not fire");
}

struct Micro {
  std::string name;
  std::function<void(State&)> run;
};

std::vector<Micro> all() {
  constexpr std::size_t kSegment = GuestConnection::kSegment;
  constexpr std::size_t kLargest = GuestConnection::kLargest;
  constexpr std::size_t kBurst = 64 << 10;
  return {
      {"checksum of 64 bytes", [](State& s) { checksum(s, 64); }},
      {"checksum of 1500 bytes", [](State& s) { checksum(s, 1500); }},
      {"checksum of 65535 bytes", [](State& s) { checksum(s, 65535); }},
      {"parse of Ethernet, IPv4 and TCP headers", parse_headers},
      {"flow found among 10", [](State& s) { look_up(s, 10); }},
      {"flow found among 1000", [](State& s) { look_up(s, 1000); }},
      {"flow found among 50000", [](State& s) { look_up(s, 50000); }},
      {"1448 bytes from the guest by TCP", [](State& s) { tcp_from_guest(s, kSegment, 1); }},
      {"32 times 1448 bytes from the guest in one batch",
       [](State& s) { tcp_from_guest(s, kSegment, 32); }},
      {"64 KiB frame from the guest by TCP", [](State& s) { tcp_from_guest(s, kLargest, 1); }},
      {"1448 bytes to the guest by TCP and acknowledged",
       [](State& s) { tcp_to_guest(s, kSegment, CountingWorld::kTap); }},
      {"64 KiB to the guest by TCP and acknowledged",
       [](State& s) { tcp_to_guest(s, kBurst, CountingWorld::kTap); }},
      {"64 KiB to the guest without offloads", [](State& s) { tcp_to_guest(s, kBurst, {}); }},
      {"request and response on a TCP connection", [](State& s) { request_and_response(s, 0); }},
      {"request and response beside 50000 idle connections",
       [](State& s) { request_and_response(s, 50000); }},
      {"TCP connection opened and closed", connection},
      {"UDP datagram there and back", datagram},
      {"timer set and cancelled among 10000", set_and_cancel},
      {"timer set and fired a second later", set_and_fire},
  };
}

// Prints a table, and knows whether all went well.
class Reporter final : public benchmark::ConsoleReporter {
 public:
  void ReportRuns(const std::vector<Run>& runs) override {
    ConsoleReporter::ReportRuns(runs);
    failed_ |=
        std::any_of(runs.begin(), runs.end(), [](const Run& run) { return run.error_occurred; });
  }
  bool failed() const { return failed_; }

 private:
  bool failed_ = false;
};

}  // namespace
}  // namespace sluice

int main(int argc, char** argv) {
  constexpr std::string_view kIterations = "--iterations=";
  std::int64_t iterations = 0;
  if (argc > 1 && std::string_view(argv[1]).starts_with(kIterations)) {
    const std::string_view number = std::string_view(argv[1]).substr(kIterations.size());
    const auto [end, error] =
        std::from_chars(number.data(), number.data() + number.size(), iterations);
    if (error != std::errc{} || end != number.data() + number.size() || iterations <= 0) {
      std::fputs("micro: --iterations takes a number of at least 1\n", stderr);
      return 2;
    }
    argv[1] = argv[0];
    --argc;
    ++argv;
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  for (const sluice::Micro& micro : sluice::all()) {
    auto* const registered = benchmark::RegisterBenchmark(micro.name.c_str(), micro.run);
    if (iterations != 0) registered->Iterations(iterations);
  }
  sluice::Reporter reporter;
  const bool found = benchmark::RunSpecifiedBenchmarks(&reporter) > 0;
  benchmark::Shutdown();
  return found && !reporter.failed() ? 0 : 1;
}
