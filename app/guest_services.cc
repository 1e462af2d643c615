#include "app/guest_services.h"

#include <optional>

#include "nat/service.h"
#include "services/dhcp/server.h"
#include "services/dns/proxy.h"
#include "services/tftp/server.h"

namespace sluice {
namespace {

constexpr std::uint8_t kDnsService = 1;
constexpr std::uint8_t kTftpService = 2;

// Takes datagrams and never answers: whoever asks waits in vain, instead of being told that nobody
// is there.
class Silence final : public DatagramService {
 public:
  void on_datagram(Time /*now*/, const ServiceDatagram& /*datagram*/) override {}
};

DhcpConfig dhcp_config(const UserNetworkOptions& options) {
  DhcpConfig config{.network = options.network,
                    .host_name = options.hostname,
                    .domain_name = options.domain_name,
                    .domain_search = options.domain_search,
                    .boot_file = options.boot_file,
                    .tftp_server_name = options.tftp_server_name,
                    .restricted = options.policy.restricted};
  for (const GuestForward& forward : options.guest_forwards) {
    config.reserved.push_back(forward.server.address);
  }
  return config;
}

DnsProxyConfig dns_config(const UserNetworkOptions& options) {
  DnsProxyConfig config = DnsProxyConfig::for_network(options.network);
  config.restricted = options.policy.restricted;
  return config;
}

}  // namespace

struct GuestServices::Servers {
  Servers(Nat& nat, const UserNetworkOptions& options, NameServers& name_servers, Files* files)
      : dns_context(nat.context(kDnsService)),
        dhcp(dhcp_config(options), dns_context.output),
        dns(dns_config(options), dns_context, name_servers) {
    if (files != nullptr) tftp.emplace(TftpConfig{}, nat.context(kTftpService), *files);
  }

  ServiceContext dns_context;
  DhcpServer dhcp;
  DnsProxy dns;
  Silence silence;
  std::optional<TftpServer> tftp;
};

GuestServices::GuestServices(Nat& nat, const UserNetworkOptions& options, NameServers& name_servers,
                             Files* files)
    : servers_(std::make_unique<Servers>(nat, options, name_servers, files)) {
  nat.bind_datagrams({.port = kDhcpServerPort}, servers_->dhcp);
  const Endpoint dns{.address = options.network.dns, .port = kDnsPort};
  if (options.dns_proxy) {
    nat.bind_datagrams(dns, servers_->dns);
    nat.bind_streams(dns, servers_->dns);
    nat.bind_host_client(kDnsService, servers_->dns);
  } else {
    nat.bind_datagrams(dns, servers_->silence);
  }
  if (servers_->tftp) {
    nat.bind_datagrams({.address = options.network.host, .port = kTftpPort}, *servers_->tftp);
  }
}

GuestServices::~GuestServices() = default;

}  // namespace sluice
