// A life of the DHCP server: requests of honest, confused and hostile clients, and time between
// them. The input is a program of one-byte operations with their arguments.
//
// Whatever happened, the server has kept its word: no address has two clients, no client two
// addresses, and whoever was promised a lease has it as long as was said.

#include <optional>
#include <vector>

#include "fuzz/program.h"
#include "services/dhcp/lease_witness.h"
#include "services/dhcp/server.h"

namespace {

using namespace sluice;  // NOLINT(google-build-using-namespace): one program

DhcpConfig config_of(std::uint8_t choice) {
  DhcpConfig config;
  config.restricted = (choice & 1) != 0;
  config.authoritative = (choice & 2) == 0;
  if ((choice & 4) != 0) {
    config.host_name = "guest";
    config.domain_name = std::string(200, 'd');
    config.domain_search = {"example.org", "a.example.org", "example.net"};
    config.tftp_server_name = "boot.example.org";
    config.boot_file = (choice & 8) != 0 ? "http://10.0.2.2/" + std::string(150, 'x') : "pxe.0";
    config.routes = {{Subnet(IpAddress::v4(192, 0, 2, 0), 24), config.network.v4.host}};
  }
  if ((choice & 16) != 0) config.lease_time = std::chrono::seconds(90);
  if ((choice & 32) != 0) config.network.mtu = 68;
  if ((choice & 64) != 0) config.reserved = {IpAddress::v4(10, 0, 2, 16)};
  return config;
}

class Life {
 public:
  explicit Life(Bytes bytes)
      : program_(bytes),
        config_(config_of(program_.number())),
        witness_(config_.network.v4.host),
        server_(config_, witness_) {}

  void run() {
    for (int steps = 0; steps < 400 && !program_.at_end(); ++steps) {
      step();
      require(witness_.complaint().empty());
      // A server may hold a lease that its client believes it gave up, but not the other way.
      require(witness_.promised(now_) <= server_.leases(now_).size());
      require(server_.leases(now_).size() <= Network::kLeases);
    }
    const DhcpCounters& all = server_.counters();
    require(all.requests == all.malformed + all.ignored + all.exhausted + all.offers + all.acks +
                                all.naks + all.ended);
  }

 private:
  std::uint32_t address() {
    return config_.network.dhcp_start.v4_bits() - 2 + program_.number() % 20;
  }

  DhcpMessage message() {
    DhcpMessage message;
    const std::uint8_t type = program_.number();
    if (type % 10 != 0) message.add_8(DhcpCode::kMessageType, type % 10);
    message.hardware = {2, 0, 0, 0, 0, static_cast<std::uint8_t>(program_.number() % 24)};
    const std::uint8_t fields = program_.number();
    if ((fields & 1) != 0) message.client = address();
    if ((fields & 2) != 0) message.add_32(DhcpCode::kRequestedAddress, address());
    if ((fields & 4) != 0) {
      message.add_32(DhcpCode::kServerIdentifier,
                     config_.network.v4.host.v4_bits() + (program_.number() % 8 == 7 ? 1U : 0U));
    }
    if ((fields & 8) != 0) message.add(DhcpCode::kClientIdentifier, program_.piece());
    if ((fields & 16) != 0) message.add(DhcpCode::kParameterRequestList, program_.piece());
    if ((fields & 32) != 0) {
      message.add_16(DhcpCode::kMaximumMessageSize,
                     static_cast<std::uint16_t>(program_.number() * 8));
    }
    if ((fields & 64) != 0) message.add(DhcpCode::kVendorClass, program_.piece());
    message.broadcast = (fields & 128) != 0;
    return message;
  }

  void step() {
    switch (program_.number() % 4) {
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
      default:
        return ask(emitted(message()));
    }
  }

  static std::vector<std::uint8_t> emitted(const DhcpMessage& message) {
    std::vector<std::uint8_t> bytes(2048);
    bytes.resize(message.emit(bytes).size);
    return bytes;
  }

  void ask(Bytes payload) {
    witness_.on_request(now_, payload);
    server_.on_datagram(
        now_, {MacAddress({2, 0, 0, 0, 0, 1}),
               {IpAddress::v4(program_.number() % 4 == 0 ? 0 : address()), kDhcpClientPort},
               {IpAddress::v4(0xffffffff), kDhcpServerPort},
               payload});
    const auto& reply = witness_.reply();
    if (!reply) return;
    const DhcpMessage& answer = reply->message;
    if (answer.type()) require(answer.find_32(DhcpCode::kServerIdentifier).has_value());
    if (config_.restricted) {
      require(!answer.find(DhcpCode::kRouters) && !answer.find(DhcpCode::kNameServers) &&
              !answer.find(DhcpCode::kClasslessRoutes));
    }
  }

  Program program_;
  DhcpConfig config_;
  Time now_{};
  LeaseWitness witness_;
  DhcpServer server_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Life(Bytes(data, size)).run();
  return 0;
}
