#include "app/guest_services.h"

#include <optional>

#include "nat/service.h"
#include "services/dhcp/server.h"
#include "services/dhcpv6/boot_url.h"
#include "services/dhcpv6/server.h"
#include "services/dns/proxy.h"
#include "services/tftp/server.h"

namespace sluice {
namespace {

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

// As much of what DHCP tells as an answer of DHCPv6 has room for.
std::vector<std::string> fitting_domains(const std::vector<std::string>& domains) {
  constexpr std::size_t kAroundAName = 2;  // the first length and the root
  std::vector<std::string> fitting;
  std::size_t size = 0;
  for (const std::string& domain : domains) {
    size += domain.size() + kAroundAName;
    if (size > Dhcpv6Server::kMaxText) break;
    fitting.push_back(domain);
  }
  return fitting;
}

std::string fitting_boot_url(const UserNetworkOptions& options) {
  std::string url =
      boot_url_of(options.boot_file, options.tftp_server_name, options.network.v6.host);
  if (url.size() > Dhcpv6Server::kMaxText) url.clear();
  return url;
}

std::optional<IpAddress> told_dns(const AddressPlan& plan) {
  return plan.dns.is_unspecified() ? std::nullopt : std::optional(plan.dns);
}

Dhcpv6Config dhcpv6_config(const UserNetworkOptions& options) {
  const Network& network = options.network;
  const bool has_leases = network.v6.subnet.contains(network.dhcp6_start()) &&
                          network.v6.subnet.contains(network.dhcp6_end());
  Dhcpv6Config config{.mac = Network::mac_of(network.router()),
                      .address = network.router(),
                      .subnet = network.v6.subnet,
                      .first_lease = network.dhcp6_start(),
                      .leases = has_leases ? Network::kLeases : 0,
                      .reserved = {network.v6.host, network.v6.dns},
                      .dns = told_dns(network.v6),
                      .domain_search = fitting_domains(options.domain_search),
                      .boot_url = fitting_boot_url(options),
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

bool is_service_port(std::uint16_t port) {
  return port == kDnsPort || port == kDhcpServerPort || port == kTftpPort ||
         port == kDhcpv6ServerPort;
}

struct GuestServices::Servers {
  Servers(Nat& nat, const UserNetworkOptions& options, NameServers& name_servers, Files* files)
      : dns_context(context_of(nat, GuestService::kDns)) {
    const Network& network = options.network;
    if (options.serves_dhcp && network.has_v4 && !network.dhcp_start.is_unspecified()) {
      dhcp.emplace(dhcp_config(options), dns_context.output);
    }
    if (options.serves_dhcp && network.has_v6) {
      dhcpv6.emplace(dhcpv6_config(options), dns_context.output);
    }
    if (options.serves_dns) dns.emplace(dns_config(options), dns_context, name_servers);
    if (files != nullptr) tftp.emplace(TftpConfig{}, context_of(nat, GuestService::kTftp), *files);
  }

  ServiceContext dns_context;
  std::optional<DhcpServer> dhcp;
  std::optional<Dhcpv6Server> dhcpv6;
  std::optional<DnsProxy> dns;
  Silence silence;
  std::optional<TftpServer> tftp;
};

GuestServices::GuestServices(Nat& nat, const UserNetworkOptions& options, NameServers& name_servers,
                             Files* files)
    : servers_(std::make_unique<Servers>(nat, options, name_servers, files)) {
  const Network& network = options.network;
  if (servers_->dhcp) nat.bind_datagrams({.port = kDhcpServerPort}, *servers_->dhcp);
  if (servers_->dhcpv6) {
    for (const IpAddress& address : {kAllDhcpServers, network.router(), network.v6.host}) {
      nat.bind_datagrams({.address = address, .port = kDhcpv6ServerPort}, *servers_->dhcpv6);
    }
  }
  if (network.has_v4) bind(nat, network.v4);
  if (network.has_v6) bind(nat, network.v6);
  if (servers_->dns) {
    nat.bind_host_client(static_cast<std::uint8_t>(GuestService::kDns), *servers_->dns);
  }
}

GuestServices::~GuestServices() = default;

void GuestServices::bind(Nat& nat, const AddressPlan& plan) {
  if (plan.has_dns_proxy()) bind_dns(nat, {.address = plan.dns, .port = kDnsPort});
  if (!servers_->tftp) return;
  nat.bind_datagrams({.address = plan.host, .port = kTftpPort}, *servers_->tftp);
}

void GuestServices::bind_dns(Nat& nat, const Endpoint& dns) {
  if (!servers_->dns) {
    nat.bind_datagrams(dns, servers_->silence);
    return;
  }
  nat.bind_datagrams(dns, *servers_->dns);
  nat.bind_streams(dns, *servers_->dns);
}

DhcpServer* GuestServices::dhcp() {
  return servers_->dhcp ? &*servers_->dhcp : nullptr;
}

}  // namespace sluice
