#include "app/options/user_network.h"

#include <algorithm>
#include <array>
#include <bit>

#include "app/options/forward.h"
#include "app/options/key_values.h"
#include "app/options/nearest.h"
#include "app/options/usage_error.h"
#include "app/options/values.h"

namespace sluice {
namespace {

// What the text says so far. Addresses that were not given follow from the network at the end.
struct Draft {
  UserNetworkOptions options;
  std::optional<Subnet> subnet;
  std::optional<IpAddress> host;
  std::optional<IpAddress> dns;
  std::optional<IpAddress> smb;
  std::optional<IpAddress> dhcp_start;
  std::optional<bool> ipv4;
  std::optional<bool> ipv6;
  std::optional<IpAddress> prefix6;
  std::optional<unsigned> prefix6_length;
  std::optional<IpAddress> host6;
  std::optional<IpAddress> dns6;
};

// Fails with what was expected; the caller adds which key it was.
[[noreturn]] void fail(const std::string& expected) {
  throw UsageError(expected);
}

unsigned parse_prefix6_length(std::string_view value) {
  constexpr std::uint32_t kShortest = 4;
  constexpr std::uint32_t kLongest = 120;  // room for the host, the DNS proxy and leases
  const auto length = parse_number(value, kLongest);
  if (!length || *length < kShortest) fail("expected 4 to 120");
  return *length;
}

// QEMU takes a mask after the slash, too: 10.0.2.0/255.255.255.0.
std::optional<unsigned> length_of_mask(std::string_view text) {
  const auto mask = IpAddress::parse(text);
  if (!mask || !mask->is_v4()) return std::nullopt;
  const auto length = static_cast<unsigned>(std::countl_one(mask->v4_bits()));
  if (length < 32 && mask->v4_bits() << length != 0) return std::nullopt;
  return length;
}

Subnet parse_net(std::string_view value) {
  constexpr unsigned kShortest = 4;
  constexpr unsigned kLongest = 29;  // room for the host, the DNS proxy and a guest
  constexpr auto kExpected = "expected ADDRESS/BITS with 4 to 29 bits, for example 10.0.2.0/24";
  std::optional<Subnet> subnet;
  const std::size_t slash = value.find('/');
  if (slash != std::string_view::npos && value.find('.', slash) != std::string_view::npos) {
    const auto length = length_of_mask(value.substr(slash + 1));
    if (!length) fail(kExpected);
    subnet = Subnet(parse_v4(value.substr(0, slash)), *length);
  } else {
    subnet = Subnet::parse(value);
  }
  if (!subnet || !subnet->base().is_v4() || subnet->length() < kShortest ||
      subnet->length() > kLongest) {
    fail(kExpected);
  }
  const std::uint32_t first_octet = subnet->base().v4_bits() >> 24;
  if (first_octet == 0 || first_octet == 127 || first_octet >= 224) {
    fail("expected a network whose addresses a guest can use");
  }
  return *subnet;
}

// A host or domain name as RFC 1035, section 2.3.4 bounds it. Underscores are tolerated, as
// everywhere.
std::string parse_name(std::string_view value) {
  constexpr std::size_t kMaxName = 253;
  constexpr std::size_t kMaxLabel = 63;
  std::size_t label = 0;
  bool valid = !value.empty() && value.size() <= kMaxName;
  for (std::size_t i = 0; valid && i < value.size(); ++i) {
    const char c = value[i];
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (c == '.') {
      valid = label != 0;
      label = 0;
    } else {
      valid = (letter || c == '-' || c == '_') && ++label <= kMaxLabel;
    }
  }
  if (!valid) {
    fail("expected a name of at most 253 letters, digits, '-' and '.', 63 between two dots");
  }
  return std::string(value);
}

std::string parse_boot_file(std::string_view value) {
  constexpr std::size_t kMaxBootFile = 127;  // BOOTP's field, with its terminating zero
  return parse_text(value, kMaxBootFile);
}

std::uint16_t parse_mtu(std::string_view value) {
  const auto mtu = parse_number(value, Network::kMaxMtu);
  if (!mtu || *mtu < Network::kMinMtu) fail("expected 68 to 65521");
  return static_cast<std::uint16_t>(*mtu);
}

constexpr auto kRows = std::to_array<KeyRow<Draft>>({
    {{"id", "NAME",
      "A name for this network, by which other options and those who control it mean it."},
     [](Draft& draft, std::string_view value) { draft.options.id = parse_text(value, 255); }},
    {{"net", "ADDRESS[/BITS]", "The network. Default: 10.0.2.0/24."},
     [](Draft& draft, std::string_view value) { draft.subnet = parse_net(value); }},
    {{"host", "ADDRESS",
      "The gateway's address, which leads to the host's loopback; guests find it under the name "
      "host.sluice.internal too. Default: .2 of the network."},
     [](Draft& draft, std::string_view value) { draft.host = parse_v4(value); }},
    {{"dhcpstart", "ADDRESS", "The first of 16 leases. Default: .15 of the network."},
     [](Draft& draft, std::string_view value) { draft.dhcp_start = parse_v4(value); }},
    {{"dns", "ADDRESS",
      "The DNS proxy's address, also dns.sluice.internal; it asks the name servers of the host's "
      "resolv.conf, but not those with a link-local address. An address outside the network is "
      "that of another name server, which guests are told to ask. Default: .3 of the network."},
     [](Draft& draft, std::string_view value) { draft.dns = parse_v4(value); }},
    {{"hostname", "NAME", "The guest's name, told by DHCP."},
     [](Draft& draft, std::string_view value) { draft.options.hostname = parse_name(value); }},
    {{"domainname", "NAME", "The guest's domain, told by DHCP."},
     [](Draft& draft, std::string_view value) { draft.options.domain_name = parse_name(value); }},
    {{"dnssearch", "DOMAIN", "A domain to search names in. May be repeated."},
     [](Draft& draft, std::string_view value) {
       constexpr std::size_t kMaxDomains = 32;
       if (draft.options.domain_search.size() == kMaxDomains) fail("expected at most 32 of them");
       draft.options.domain_search.push_back(parse_name(value));
     }},
    {{"tftp", "DIRECTORY", "Hands out the files below DIRECTORY by TFTP, read-only."},
     [](Draft& draft, std::string_view value) {
       draft.options.tftp_directory = parse_path(value, "a directory");
     }},
    {{"bootfile", "FILE", "The boot file, told by DHCP; less than 128 bytes."},
     [](Draft& draft, std::string_view value) {
       draft.options.boot_file = parse_boot_file(value);
     }},
    {{"tftp-server-name", "NAME", "The TFTP server's name, told by DHCP (option 66)."},
     [](Draft& draft, std::string_view value) {
       draft.options.tftp_server_name = parse_text(value, 255);
     }},
    {{"smb", "DIRECTORY",
      "Shares DIRECTORY as \\\\ADDRESS\\qemu; needs smbd, of Debian's package samba."},
     [](Draft& draft, std::string_view value) {
       draft.options.smb_directory = parse_path(value, "a directory");
     }},
    {{"smbserver", "ADDRESS", "The SMB server's address. Default: .4 of the network."},
     [](Draft& draft, std::string_view value) { draft.smb = parse_v4(value); }},
    {{"hostfwd", "RULE",
      "[tcp|udp]:[HOSTADDR]:HOSTPORT-[GUESTADDR]:GUESTPORT or unix:PATH-[GUESTADDR]:GUESTPORT. A "
      "port of the host that leads to the guest. Host port 0 lets the system choose. May be "
      "repeated."},
     [](Draft& draft, std::string_view value) {
       draft.options.host_forwards.push_back(parse_host_forward(value));
     }},
    {{"guestfwd", "RULE",
      "[tcp]:[SERVER]:PORT-TARGET with TARGET one of cmd:COMMAND, tcp:ADDRESS:PORT, unix:PATH. An "
      "address of the network that leads to a process per connection, or to a socket. What a "
      "COMMAND leaves in its process group ends with it. May be repeated."},
     [](Draft& draft, std::string_view value) {
       draft.options.guest_forwards.push_back(parse_guest_forward(value));
     }},
    {{"restrict", "on|off",
      "Isolates the guest: nothing leads out but what hostfwd and guestfwd name. Default: off."},
     [](Draft& draft, std::string_view value) {
       draft.options.policy.restricted = parse_switch(value);
     },
     true},
    {{"mtu", "BYTES", "The largest IP packet, 68 to 65521. Default: 1500."},
     [](Draft& draft, std::string_view value) { draft.options.network.mtu = parse_mtu(value); }},
    {{"outbound", "ADDRESS",
      "The host's address that connections of its family leave from. May be given once for IPv4 "
      "and once for IPv6."},
     [](Draft& draft, std::string_view value) {
       const auto given = IpAddress::parse(value);
       if (!given) fail("expected an IP address");
       const IpAddress address = *given;
       if (address.is_multicast() || address.is_limited_broadcast() || address.is_unspecified()) {
         fail("expected an address of this host");
       }
       (address.is_v4() ? draft.options.outbound : draft.options.outbound6) = address;
     }},
    {{"loopback", "on|off",
      "off closes the host's loopback, which the gateway's address leads to. Default: on."},
     [](Draft& draft, std::string_view value) {
       draft.options.policy.host_loopback = parse_switch(value);
     },
     true},
    {{"ipv4", "on|off", "Whether there is IPv4. Default: on, unless only ipv6=on is given."},
     [](Draft& draft, std::string_view value) { draft.ipv4 = parse_switch(value); },
     true},
    {{"ipv6", "on|off",
      "Whether there is IPv6, which needs an MTU of 1280. Default: on, unless only ipv4=on is "
      "given or the MTU is smaller."},
     [](Draft& draft, std::string_view value) { draft.ipv6 = parse_switch(value); },
     true},
    {{"ipv6-net", "PREFIX[/BITS]", "The IPv6 network. Default: fec0::/64."},
     [](Draft& draft, std::string_view value) {
       const std::size_t slash = std::min(value.find('/'), value.size());
       draft.prefix6 = parse_v6(value.substr(0, slash));
       if (slash < value.size())
         draft.prefix6_length = parse_prefix6_length(value.substr(slash + 1));
     }},
    {{"ipv6-prefix", "PREFIX", "The same without its length."},
     [](Draft& draft, std::string_view value) { draft.prefix6 = parse_v6(value); }},
    {{"ipv6-prefixlen", "BITS",
      "Its length, 4 to 120. Guests make their own addresses only of 64. Default: 64."},
     [](Draft& draft, std::string_view value) {
       draft.prefix6_length = parse_prefix6_length(value);
     }},
    {{"ipv6-host", "ADDRESS",
      "The gateway's IPv6 address, which leads to the host's ::1. Default: ::2 of the network."},
     [](Draft& draft, std::string_view value) { draft.host6 = parse_v6(value); }},
    {{"ipv6-dns", "ADDRESS", "The same for IPv6. Default: ::3 of the network."},
     [](Draft& draft, std::string_view value) { draft.dns6 = parse_v6(value); }},
});

constexpr KeyTable<Draft> kTable("--netdev user", kRows);

// QEMU's defaults: the last two bytes are 2.2, 2.3, 2.4 and 2.15 as far as the mask lets them.
IpAddress default_address(const Subnet& subnet, std::uint32_t low) {
  return IpAddress::v4(subnet.base().v4_bits() | ((0x0200U | low) & ~subnet.v4_mask()));
}

struct NamedAddress {
  std::string_view key;
  IpAddress address;
};

void require_usable(const Subnet& subnet, const NamedAddress& named) {
  if (subnet.has_host(named.address)) return;
  throw UsageError("--netdev user: " + std::string(named.key) + " " + named.address.to_string() +
                   " is no host's address in " + subnet.to_string());
}

// A name server outside is reached like any other address, so it must be one that can be.
void check_dns(const AddressPlan& plan, const NamedAddress& named, bool restricted) {
  if (restricted || plan.has_dns_proxy()) require_usable(plan.subnet, named);
  if (!named.address.is_unspecified()) return;
  throw UsageError("--netdev user: " + std::string(named.key) + " " + named.address.to_string() +
                   " is no address of a name server");
}

void require_family(const Network& network, std::string_view key, const IpAddress& address) {
  if (address.is_v4() ? network.has_v4 : network.has_v6) return;
  throw UsageError("--netdev user: " + std::string(key) + ": " + address.to_string() +
                   " is of a family that is switched off; expected one of the other");
}

void check_forwards(const UserNetworkOptions& options) {
  const Network& network = options.network;
  for (const HostForward& forward : options.host_forwards) check_host_forward(network, forward);
  for (std::size_t i = 0; i < options.guest_forwards.size(); ++i) {
    const Endpoint& server = options.guest_forwards[i].server;
    require_family(network, "guestfwd", server.address);
    require_usable(network.of(server.address).subnet,
                   {"guestfwd: the server's address", server.address});
    if (network.is_own(server.address)) {
      throw UsageError("--netdev user: guestfwd: " + server.address.to_string() +
                       " is the host's or the DNS proxy's address; expected another one");
    }
    if (server.address == network.dhcp_start || server.address == network.dhcp6_start()) {
      throw UsageError("--netdev user: guestfwd: " + server.address.to_string() +
                       " is the guest's own address; expected another one");
    }
    for (std::size_t j = 0; j < i; ++j) {
      if (options.guest_forwards[j].server == server) {
        throw UsageError("--netdev user: guestfwd: " + server.to_string() + " is named twice");
      }
    }
  }
}

void require_different(const std::vector<NamedAddress>& addresses) {
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (addresses[i].address != addresses[j].address) continue;
      throw UsageError("--netdev user: " + std::string(addresses[j].key) + " and " +
                       std::string(addresses[i].key) + " are both " +
                       addresses[i].address.to_string() + "; expected different addresses");
    }
  }
}

// Which families there are. As QEMU has it, to ask for one alone is to do without the other.
void finish_families(const Draft& draft, Network& network) {
  const bool fits = network.mtu >= Network::kMinMtu6;
  network.has_v4 = draft.ipv4.value_or(!draft.ipv6.value_or(false));
  network.has_v6 = draft.ipv6.value_or(!draft.ipv4.value_or(false) && fits);
  if (network.has_v6 && !fits) {
    throw UsageError("--netdev user: ipv6=on needs an MTU of at least 1280; expected a larger mtu");
  }
  if (!network.has_v4 && !network.has_v6) {
    throw UsageError("--netdev user: ipv4 and ipv6 are both off; expected one of them");
  }
}

void finish_v6(const Draft& draft, Network& network) {
  AddressPlan& plan = network.v6;
  constexpr unsigned kUsualLength = 64;
  if (draft.prefix6 || draft.prefix6_length) {
    plan.subnet = Subnet(draft.prefix6.value_or(plan.subnet.base()),
                         draft.prefix6_length.value_or(kUsualLength));
  }
  if (!plan.subnet.is_routable()) {
    throw UsageError("--netdev user: 'ipv6-net=" + plan.subnet.to_string() +
                     "': expected a prefix whose addresses a guest can use, such as fec0::/64");
  }
  plan.host = draft.host6.value_or(plan.subnet.nth(2));
  plan.dns = draft.dns6.value_or(plan.subnet.nth(3));
  const NamedAddress host{"ipv6-host", plan.host};
  const NamedAddress dns{"ipv6-dns", plan.dns};
  require_usable(plan.subnet, host);
  check_dns(plan, dns, draft.options.policy.restricted);
  require_different({host, dns, {"the guest's own address", network.dhcp6_start()}});
}

// Fills in what was not given and checks the addresses against each other.
UserNetworkOptions finish(Draft draft) {
  UserNetworkOptions& options = draft.options;
  Network& network = options.network;
  finish_families(draft, network);
  finish_v6(draft, network);
  if (draft.subnet) network.v4.subnet = *draft.subnet;
  const Subnet& subnet = network.v4.subnet;
  network.v4.host = draft.host.value_or(default_address(subnet, 2));
  network.v4.dns = draft.dns.value_or(default_address(subnet, 3));
  network.smb = draft.smb.value_or(default_address(subnet, 4));
  network.dhcp_start = draft.dhcp_start.value_or(default_address(subnet, 15));
  // In a network of 16 addresses or fewer, .15 is none of them, or the broadcast address.
  if (!draft.dhcp_start && !subnet.has_host(network.dhcp_start)) {
    network.dhcp_start = default_address(subnet, 5);
  }

  std::vector<NamedAddress> addresses = {
      {"host", network.v4.host}, {"dns", network.v4.dns}, {"dhcpstart", network.dhcp_start}};
  require_usable(subnet, addresses[0]);
  check_dns(network.v4, addresses[1], options.policy.restricted);
  require_usable(subnet, addresses[2]);
  // Nobody minds where a server that there isn't would be.
  if (draft.smb || !options.smb_directory.empty()) {
    addresses.push_back({"smbserver", network.smb});
    require_usable(subnet, addresses.back());
  }
  require_different(addresses);
  for (GuestForward& forward : options.guest_forwards) {
    if (forward.server.address.is_unspecified()) forward.server.address = network.smb;
  }
  check_forwards(options);
  return options;
}

}  // namespace

UserNetworkOptions parse_user_network(std::string_view text) {
  constexpr std::array<std::string_view, 1> kTypes = {"user"};
  const std::vector<KeyValue> items = parse_key_values(text, "type");
  std::string_view type;
  for (const KeyValue& item : items) {
    if (item.key == "type") type = item.value;
  }
  if (type.empty()) {
    throw UsageError("--netdev: the type is missing; expected user,KEY=VALUE,…");
  }
  if (type != "user") {
    throw UsageError("--netdev: no type '" + std::string(type) + "'" + suggestion(type, kTypes));
  }
  Draft draft;
  for (const KeyValue& item : items) {
    if (item.key != "type") kTable.apply(draft, item);
  }
  return finish(std::move(draft));
}

void check_host_forward(const Network& network, const HostForward& forward) {
  const IpAddress& guest = forward.guest.address;
  if (guest.is_unspecified()) return;
  require_family(network, "hostfwd", guest);
  require_usable(network.of(guest).subnet, {"hostfwd: the guest's address", guest});
  if (network.is_own(guest)) {
    throw UsageError("--netdev user: hostfwd: the guest's address " + guest.to_string() +
                     " is one of Sluice's own; expected the guest's");
  }
}

NatConfig nat_config(const UserNetworkOptions& options) {
  NatConfig config;
  config.network = options.network;
  config.policy = options.policy;
  config.domain_search = options.domain_search;
  return config;
}

std::vector<OptionHelp> user_network_help() {
  return kTable.help();
}

}  // namespace sluice
