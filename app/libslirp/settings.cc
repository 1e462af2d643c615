#include "app/libslirp/settings.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <string_view>

#include "app/libslirp/addresses.h"
#include "services/dns/message.h"

namespace sluice {
namespace {

constexpr std::size_t kBootFileRoom = 128;  // of BOOTP's field, with the zero behind it

[[noreturn]] void refuse(std::string_view field, const std::string& problem) {
  throw std::invalid_argument("SlirpConfig." + std::string(field) + " " + problem);
}

std::string text_of(const char* text) {
  return text == nullptr ? std::string() : std::string(text);
}

Subnet subnet_of(const SlirpConfig& config) {
  const std::uint32_t mask = ip_address(config.vnetmask).v4_bits();
  const int length = std::countl_one(mask);
  const bool is_mask = std::popcount(mask) == length;
  // Room for a host and a guest.
  constexpr int kLongest = 30;
  if (!is_mask || length == 0 || length > kLongest) {
    refuse("vnetmask",
           "is " + ip_address(config.vnetmask).to_string() + "; use one of 1 to 30 bits");
  }
  return Subnet(ip_address(config.vnetwork), static_cast<unsigned>(length));
}

IpAddress host_in(const Subnet& subnet, const in_addr& raw, std::string_view field) {
  const IpAddress address = ip_address(raw);
  if (!subnet.has_host(address)) {
    refuse(field, "is " + address.to_string() + ", which is no host of " + subnet.to_string() +
                      "; use an address inside the network");
  }
  return address;
}

std::uint16_t packet_size(std::size_t size, std::string_view field) {
  if (size == 0) return Network().mtu;
  if (size < Network::kMinMtu || size > Network::kMaxMtu) {
    refuse(field, "is " + std::to_string(size) + "; use 68 to 65521, or 0 for 1500");
  }
  return static_cast<std::uint16_t>(size);
}

AddressPlan plan6_of(const SlirpConfig& config) {
  constexpr unsigned kLongest = 126;
  const unsigned length = config.vprefix_len;
  if (length == 0 || length > kLongest) {
    refuse("vprefix_len", "is " + std::to_string(length) + "; use 1 to 126");
  }
  const IpAddress address = ip_address(config.vprefix_addr6);
  const Subnet prefix = address.is_v4() ? Subnet() : Subnet(address, length);
  if (!prefix.is_routable()) {
    refuse("vprefix_addr6",
           "is " + address.to_string() +
               ", addresses that a guest can't use; use a prefix such as fec0::/64");
  }
  const IpAddress host = ip_address(config.vhost6);
  if (!prefix.has_host(host)) {
    refuse("vhost6", "is " + host.to_string() + ", which is not in " + prefix.to_string() +
                         "; use an address inside the prefix");
  }
  IpAddress dns = ip_address(config.vnameserver6);
  if (dns.is_unspecified()) dns = prefix.nth(3);
  if (dns.is_v4() || dns.is_multicast() || dns.is_loopback()) {
    refuse("vnameserver6", "is " + dns.to_string() + "; use an address of IPv6");
  }
  return {.subnet = prefix, .host = host, .dns = dns};
}

// The first address that guests get: the one that was asked for, or else, as in a small network
// QEMU asks for one that nobody can have, the next one after those that are taken. Unspecified:
// none was asked for, or nobody can have any.
IpAddress dhcp_start_in(const AddressPlan& plan, const IpAddress& wanted) {
  if (wanted.is_unspecified() || plan.subnet.has_host(wanted)) return wanted;
  for (const std::uint32_t host : {5U, 6U, 7U, 8U, 1U, 2U, 3U, 4U}) {
    const IpAddress address = plan.subnet.nth(host);
    const bool is_taken = address == plan.host || address == plan.dns;
    if (plan.subnet.has_host(address) && !is_taken) return address;
  }
  return {};
}

void read_v4(const SlirpConfig& config, Network& network) {
  AddressPlan& plan = network.v4;
  plan.subnet = subnet_of(config);
  plan.host = host_in(plan.subnet, config.vhost, "vhost");
  plan.dns = ip_address(config.vnameserver);
  if (plan.has_dns_proxy()) host_in(plan.subnet, config.vnameserver, "vnameserver");
  // The program says itself, by a forward, which address SMB has.
  network.smb = plan.host;
  const IpAddress wanted = ip_address(config.vdhcp_start);
  if (!wanted.is_unspecified() && !plan.subnet.contains(wanted)) {
    refuse("vdhcp_start", "is " + wanted.to_string() + ", which is not in " +
                              plan.subnet.to_string() + "; use an address inside the network");
  }
  network.dhcp_start = dhcp_start_in(plan, wanted);
}

// What the core is told of the network.
Network network_of(const SlirpConfig& config) {
  Network network;
  network.mtu =
      std::min(packet_size(config.if_mtu, "if_mtu"), packet_size(config.if_mru, "if_mru"));
  network.has_v4 = config.in_enabled;
  // Programs that make the MTU smaller do not know that IPv6 needs more.
  network.has_v6 = config.in6_enabled && network.mtu >= Network::kMinMtu6;
  if (config.in6_enabled) network.v6 = plan6_of(config);
  if (config.in_enabled) read_v4(config, network);
  return network;
}

void read_names(const SlirpConfig& config, UserNetworkOptions& network) {
  network.hostname = text_of(config.vhostname);
  network.domain_name = text_of(config.vdomainname);
  network.tftp_server_name = text_of(config.tftp_server_name);
  network.tftp_directory = text_of(config.tftp_path);
  network.boot_file = text_of(config.bootfile);
  if (network.boot_file.size() >= kBootFileRoom) {
    refuse("bootfile", "has " + std::to_string(network.boot_file.size()) +
                           " bytes; use a name of less than 128");
  }
  constexpr std::size_t kMostDomains = 256;
  for (const char** domain = config.vdnssearch; domain != nullptr && *domain != nullptr; ++domain) {
    if (network.domain_search.size() == kMostDomains) {
      refuse("vdnssearch", "has more than 256 domains; does it end with NULL?");
    }
    if (DnsName::from_text(*domain)) {
      network.domain_search.emplace_back(*domain);
    } else {
      std::fprintf(stderr, "libslirp: '%s' in the search list is no domain name, and is left out\n",
                   *domain);
    }
  }
}

}  // namespace

Settings read_settings(const SlirpConfig& config) {
  constexpr std::uint32_t kWithOutbound = 2;
  constexpr std::uint32_t kWithDns = 3;
  constexpr std::uint32_t kWithDhcp = 4;
  constexpr std::uint32_t kWithNcSi = 5;
  if (config.version < SLIRP_CONFIG_VERSION_MIN || config.version > SLIRP_CONFIG_VERSION_MAX) {
    refuse("version", "is " + std::to_string(config.version) + "; this library knows 1 to " +
                          std::to_string(SLIRP_CONFIG_VERSION_MAX));
  }
  Settings settings;
  UserNetworkOptions& network = settings.network;
  if (config.version >= kWithDns) network.serves_dns = !config.disable_dns;
  if (config.version >= kWithDhcp) network.serves_dhcp = !config.disable_dhcp;
  network.network = network_of(config);
  network.policy = {.restricted = config.restricted != 0,
                    .host_loopback = !config.disable_host_loopback};
  read_names(config, network);
  if (config.version >= kWithOutbound) {
    settings.outbound = config.outbound_addr;
    settings.outbound6 = config.outbound_addr6;
  }
  if (config.version >= kWithNcSi) {
    settings.manufacturer = config.mfr_id;
    std::array<std::uint8_t, MacAddress::kSize> octets{};
    std::copy_n(config.oob_eth_addr, octets.size(), octets.begin());
    const MacAddress controller(octets);
    if (!controller.is_zero()) settings.controller = controller;
  }
  return settings;
}

Outbound outbound_now(const Settings& settings) {
  Outbound outbound;
  const sockaddr_in* const raw = settings.outbound;
  if (raw != nullptr && raw->sin_family == AF_INET && raw->sin_addr.s_addr != INADDR_ANY) {
    outbound.v4 = ip_address(raw->sin_addr);
  }
  const sockaddr_in6* const raw6 = settings.outbound6;
  if (raw6 != nullptr && raw6->sin6_family == AF_INET6) {
    const IpAddress address = ip_address(raw6->sin6_addr);
    if (!address.is_unspecified() && !address.is_v4()) outbound.v6 = address;
  }
  return outbound;
}

}  // namespace sluice
