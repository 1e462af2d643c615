#include "app/guest_services.h"

#include <optional>

#include "services/dhcp/server.h"
#include "services/dns/proxy.h"
#include "services/tftp/server.h"

namespace sluice {
namespace {

constexpr std::uint8_t kDnsService = 1;
constexpr std::uint8_t kTftpService = 2;

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
      : dns_context(nat.context(kDnsService)) {
    if (options.serves_dhcp) dhcp.emplace(dhcp_config(options), dns_context.output);
    if (options.serves_dns) dns.emplace(dns_config(options), dns_context, name_servers);
    if (files != nullptr) tftp.emplace(TftpConfig{}, nat.context(kTftpService), *files);
  }

  ServiceContext dns_context;
  std::optional<DhcpServer> dhcp;
  std::optional<DnsProxy> dns;
  std::optional<TftpServer> tftp;
};

GuestServices::GuestServices(Nat& nat, const UserNetworkOptions& options, NameServers& name_servers,
                             Files* files)
    : servers_(std::make_unique<Servers>(nat, options, name_servers, files)) {
  if (servers_->dhcp) nat.bind_datagrams({.port = kDhcpServerPort}, *servers_->dhcp);
  if (servers_->dns) {
    const Endpoint dns{.address = options.network.dns, .port = kDnsPort};
    nat.bind_datagrams(dns, *servers_->dns);
    nat.bind_streams(dns, *servers_->dns);
    nat.bind_host_client(kDnsService, *servers_->dns);
  }
  if (servers_->tftp) {
    nat.bind_datagrams({.address = options.network.host, .port = kTftpPort}, *servers_->tftp);
  }
}

GuestServices::~GuestServices() = default;

DhcpServer* GuestServices::dhcp() {
  return servers_->dhcp ? &*servers_->dhcp : nullptr;
}

}  // namespace sluice
