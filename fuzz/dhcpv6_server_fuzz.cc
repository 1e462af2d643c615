// A life of the DHCPv6 server: messages of honest, confused and hostile clients, and time between
// them. The input is a program of one-byte operations with their arguments.
//
// Whatever happened, no message got more than one answer, none was larger than it may be, and the
// server has kept its word: no address has two clients, no association two addresses, and whoever
// was promised a lease has it as long as was said.

#include <string>
#include <vector>

#include "fuzz/program.h"
#include "services/dhcpv6/lease_witness.h"
#include "services/dhcpv6/server.h"

namespace {

using namespace sluice;  // NOLINT(google-build-using-namespace): one program

IpAddress guest_address(std::uint8_t last) {
  return IpAddress::v6({0xfe, 0xc0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last});
}

constexpr IpAddress kRouter = IpAddress::v6({0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2});
constexpr IpAddress kAllServers =
    IpAddress::v6({0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2});
constexpr IpAddress kElsewhere = IpAddress::v6({0x20, 0x01, 0x0d, 0xb8});
constexpr MacAddress kRouterMac({0x52, 0x56, 0, 0, 0, 2});

Dhcpv6Config config_of(std::uint8_t choice) {
  Dhcpv6Config config;
  config.mac = kRouterMac;
  config.address = kRouter;
  config.subnet = Subnet(guest_address(0), 64);
  config.first_lease = guest_address(0x10);
  config.leases = (choice & 1) != 0 ? 3 : 12;
  config.restricted = (choice & 2) != 0;
  if ((choice & 4) != 0) config.dns = guest_address(3);
  if ((choice & 8) != 0) {
    config.domain_search.assign(7, std::string(60, 'd'));
    config.boot_url = "http://[fec0::2]/" + std::string(400, 'x');
  }
  if ((choice & 16) != 0) {
    config.preferred_time = std::chrono::seconds(60);
    config.valid_time = std::chrono::seconds(90);
  }
  if ((choice & 32) != 0) config.leases = 0;
  if ((choice & 64) != 0) config.boot_url = "tftp://boot.example.org/a";
  if ((choice & 128) != 0) config.reserved = {guest_address(0x11)};
  return config;
}

class Life {
 public:
  explicit Life(Bytes bytes)
      : program_(bytes),
        config_(config_of(program_.number())),
        witness_(kRouter, Dhcpv6Server::kMaxAnswer),
        server_(config_, witness_) {}

  void run() {
    for (int steps = 0; steps < 400 && !program_.at_end(); ++steps) {
      step();
      require(witness_.complaint().empty());
      // A server may hold a lease that its client believes it gave up, but not the other way.
      require(witness_.promised(now_) <= server_.leases(now_).size());
      require(server_.leases(now_).size() <= config_.leases);
    }
    const Dhcpv6Counters& all = server_.counters();
    require(all.requests == all.malformed + all.ignored + all.advertises + all.replies);
  }

 private:
  IpAddress address() {
    const std::uint8_t number = program_.number();
    return number == 255 ? kElsewhere : guest_address(0x0e + number % 16);
  }

  Dhcpv6Association association() {
    using Kind = Dhcpv6Association::Kind;
    const std::uint8_t shape = program_.number();
    Dhcpv6Association association{.kind = Kind::kAddresses, .id = shape & 3U};
    if ((shape & 0xe0) == 0xe0) association.kind = Kind::kTemporary;
    if ((shape & 0xe0) == 0xc0) association.kind = Kind::kPrefixes;
    const std::size_t addresses =
        association.kind == Kind::kPrefixes ? 0 : std::size_t{shape} >> 2 & 3;
    for (std::size_t i = 0; i < addresses; ++i) {
      association.addresses.push_back({address(), program_.number(), program_.number()});
    }
    return association;
  }

  Dhcpv6Message message() {
    Dhcpv6Message message;
    message.type = static_cast<Dhcpv6Type>(1 + program_.number() % 11);
    const std::uint8_t fields = program_.number();
    message.transaction = fields;
    if ((fields & 1) == 0) {
      message.client = Duid::of_link_address(
          MacAddress({2, 0, 0, 0, 0, static_cast<std::uint8_t>(program_.number() % 24)}));
    }
    if ((fields & 2) != 0) {
      message.server =
          Duid::of_link_address(program_.number() % 8 == 7 ? MacAddress::broadcast() : kRouterMac);
    }
    if ((fields & 4) != 0) {
      message.requested.emplace();
      for (const std::uint8_t code : program_.piece()) {
        message.requested->push_back(static_cast<Dhcpv6Code>(code));
      }
    }
    message.rapid_commit = (fields & 8) != 0;
    if ((fields & 16) != 0) message.client = Duid::parse(program_.piece());
    if ((fields & 32) != 0) message.add(Dhcpv6Code::kVendorClass, program_.piece());
    for (unsigned i = fields >> 6; i > 0; --i) message.associations.push_back(association());
    return message;
  }

  void step() {
    switch (program_.number() % 5) {
      case 0:
        now_ += std::chrono::seconds(program_.number() * program_.number());
        return;
      case 1:
        return ask(program_.piece());
      case 2: {
        std::vector<std::uint8_t> bytes = emitted(message());
        program_.damage(bytes);
        return ask(bytes);
      }
      case 3: {
        const IpAddress used = address();
        return witness_.add_neighbor(used, MacAddress({2, 0, 0, 0, 0, program_.number()}));
      }
      default:
        return ask(emitted(message()));
    }
  }

  static std::vector<std::uint8_t> emitted(const Dhcpv6Message& message) {
    std::vector<std::uint8_t> bytes(4096);
    bytes.resize(message.emit(bytes).size);
    return bytes;
  }

  void ask(Bytes payload) {
    const std::uint8_t way = program_.number();
    const IpAddress from = (way & 1) != 0 ? address() : guest_address(0x99);
    witness_.on_message(now_, payload);
    server_.on_datagram(now_, {MacAddress({2, 0, 0, 0, 0, 1}),
                               {from, kDhcpv6ClientPort},
                               {(way & 14) == 14 ? kRouter : kAllServers, kDhcpv6ServerPort},
                               payload});
    if (!witness_.answer()) return;
    const Dhcpv6Message& answer = witness_.answer()->message;
    require(answer.server == Duid::of_link_address(kRouterMac));
    require(witness_.answer()->to == Endpoint{from, kDhcpv6ClientPort});
    if (!config_.restricted) return;
    require(!answer.find(Dhcpv6Code::kNameServers));
    const auto url = answer.find(Dhcpv6Code::kBootFileUrl);
    require(!url || as_text(*url).find("[fec0::2]") != std::string_view::npos);
  }

  Program program_;
  Dhcpv6Config config_;
  Time now_{};
  Dhcpv6LeaseWitness witness_;
  Dhcpv6Server server_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Life(Bytes(data, size)).run();
  return 0;
}
