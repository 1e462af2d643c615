// A life of the DNS proxy: what guests send by UDP and TCP, what name servers reply, how sockets
// fail, and how time goes by. The input is a program of one-byte operations with their arguments.
//
// Whatever happened, once everybody is gone and time has passed every query has come to exactly one
// of its ends, and nothing is held any more.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "fuzz/program.h"
#include "services/dns/proxy.h"
#include "services/dns/test_messages.h"
#include "tests/sim/service_world.h"

namespace {

using namespace sluice;  // NOLINT(google-build-using-namespace): one program

class Life {
 public:
  explicit Life(Bytes bytes) : program_(bytes) {
    for (std::uint8_t i = 1; i <= 3; ++i) {
      world_.name_servers.push_back({IpAddress::v4(192, 0, 2, i), kDnsPort});
    }
  }

  void run() {
    for (int steps = 0; steps < 400 && !program_.at_end(); ++steps) {
      step();
      check();
    }
    end();
  }

 private:
  Octets message() {
    const std::uint8_t kind = program_.number();
    if (kind % 4 == 0) {
      const Bytes raw = program_.piece();
      return {raw.begin(), raw.end()};
    }
    static constexpr std::array<std::string_view, 5> kNames{
        "host.sluice.internal", "x.sluice.internal", "example.org", "a.example", "."};
    std::optional<DnsOpt> opt;
    if (kind % 4 == 3) opt = DnsOpt{.udp_size = static_cast<std::uint16_t>(program_.number() * 16)};
    const auto type = static_cast<DnsType>(program_.number());
    return make_query(kind / 4, kNames.at(program_.number() % kNames.size()), type, opt);
  }

  SocketId stream() {
    return streams_.empty() ? SocketId::kNone : streams_.at(program_.number() % streams_.size());
  }

  void guest_step(std::uint8_t operation) {
    switch (operation) {
      case 0: {
        const std::uint8_t port = program_.number();
        const Octets payload = message();
        proxy_.on_datagram(world_.now, {{}, {kGuest, port}, {kOwn, kDnsPort}, payload});
        break;
      }
      case 1: {
        const SocketId id = proxy_.open(world_.now, {.kind = Token::Kind::kTcp}, {kGuest, 1});
        if (id != SocketId::kNone) streams_.push_back(id);
        break;
      }
      case 2: {
        const SocketId id = stream();
        const bool whole = program_.number() % 2 == 0;
        const Bytes raw = whole ? Bytes() : program_.piece();
        const Octets bytes = whole ? framed(message()) : Octets(raw.begin(), raw.end());
        const Bytes piece = bytes;
        require(proxy_.send(id, {&piece, 1}).bytes <= bytes.size());
        break;
      }
      case 3: {
        Octets buffer(std::size_t{program_.number()} * 64);
        const MutableBytes room = buffer;
        proxy_.receive(stream(), {&room, 1});
        break;
      }
      case 4:
        proxy_.shutdown_send(stream());
        break;
      default: {
        const SocketId id = stream();
        proxy_.close(id, CloseMode::kReset);
        std::erase(streams_, id);
        break;
      }
    }
  }

  void server_step() {
    const std::vector<SocketId> open = world_.host.open_sockets();
    if (open.empty()) return;
    SimHost::Socket& socket = world_.host.at(open.at(program_.number() % open.size()));
    const std::uint8_t flags = program_.number();
    Octets asked;
    if (socket.is_datagrams()) {
      if (!socket.sent_datagrams.empty()) asked = octets_of(socket.sent_datagrams[0].payload);
    } else if (socket.sent.size() > 2) {
      asked = octets_of(std::string_view(socket.sent).substr(2));
    }
    Octets reply;
    if ((flags & 1) != 0 && DnsMessage::parse(asked)) {
      const auto rcode = static_cast<DnsRcode>(program_.number() & 7);
      reply = make_reply(asked, rcode, std::size_t{program_.number()} * 250);
    } else {
      const Bytes raw = program_.piece();
      reply.assign(raw.begin(), raw.end());
    }
    if (socket.is_datagrams()) {
      const std::uint8_t last = program_.number();
      const Endpoint from = last % 4 == 0 && !socket.sent_datagrams.empty()
                                ? socket.sent_datagrams[0].peer
                                : Endpoint{IpAddress::v4(192, 0, 2, last % 4), kDnsPort};
      for (int i = 0; i < ((flags & 2) != 0 ? 70 : 1); ++i) {
        socket.incoming_datagrams.push_back({.peer = from, .payload = std::string(as_text(reply))});
      }
      if ((flags & 4) != 0) socket.errors.push_back({from, std::errc::connection_refused, {}});
    } else {
      if ((flags & 2) == 0 && !reply.empty()) reply = framed(reply);
      socket.incoming.insert(socket.incoming.end(), reply.begin(), reply.end());
      socket.incoming_ended = (flags & 4) != 0;
      if ((flags & 8) != 0) socket.pending_error = std::errc::connection_refused;
      socket.send_room = program_.number();
    }
    const Readiness ready{
        .readable = (flags & 16) == 0, .writable = (flags & 32) == 0, .error = (flags & 12) != 0};
    Token token = socket.token;
    if ((flags & 64) != 0) ++token.generation;
    proxy_.on_host(world_.now, {token, ready});
  }

  void step() {
    const std::uint8_t operation = program_.number() % 10;
    if (operation < 6) return guest_step(operation);
    if (operation < 8) return server_step();
    if (operation == 8) {
      world_.pass(std::chrono::milliseconds(program_.number() * 20));
      return;
    }
    const std::uint8_t trouble = program_.number();
    world_.host.open_error = (trouble & 1) != 0 ? std::errc::too_many_files_open : std::errc{};
    world_.host.takes_datagrams = (trouble & 2) == 0;
    world_.name_servers.resize(trouble / 16, {IpAddress::v4(192, 0, 2, 9), kDnsPort});
  }

  void check() {
    require(world_.host.open() <= DnsUpstream::kMaxInFlight);
    for (const auto& sent : world_.sent) {
      const auto header = DnsHeader::parse(sent.payload);
      require(header && header->is_response() && sent.to.address == kGuest);
    }
    world_.sent.clear();
    world_.announced.clear();
  }

  void end() {
    while (!streams_.empty()) {
      proxy_.close(streams_.back(), CloseMode::kGraceful);
      streams_.pop_back();
    }
    world_.pass(std::chrono::seconds(11));
    check();
    require(world_.host.open() == 0 && !world_.timers.deadline());
    const DnsCounters& all = proxy_.counters();
    require(all.queries == all.dropped + all.malformed + all.unsupported + all.refused +
                               all.answered_locally + all.joined + all.answered + all.failed +
                               all.gave_way + all.forgotten);
  }

  static constexpr IpAddress kGuest = IpAddress::v4(10, 0, 2, 15);
  static constexpr IpAddress kOwn = IpAddress::v4(10, 0, 2, 3);

  Program program_;
  ServiceWorld world_;
  DnsProxy proxy_{DnsProxyConfig::for_network(Network()), world_.context(), world_};
  std::vector<SocketId> streams_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Life(Bytes(data, size)).run();
  return 0;
}
