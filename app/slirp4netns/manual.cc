#include "app/slirp4netns/manual.h"

#include <seccomp.h>

#include <algorithm>

#include "app/cli/version.h"
#include "app/slirp4netns/network.h"
#include "sluice/libslirp.h"

namespace sluice {
namespace {

constexpr auto kHelp = R"(Usage: slirp4netns [OPTION]... PID|PATH|FD [TAPNAME]
A network for a network namespace, from an ordinary process. This is Sluice under the name and with
the options of slirp4netns.

-c, --configure          set up the guest's interfaces: lo and TAPNAME up, MTU, address, default route
-e, --exit-fd=FD         end when the other end of descriptor FD is closed
-r, --ready-fd=FD        write "1" to descriptor FD when everything works, and close it
-m, --mtu=MTU            the largest IP packet (default=1500, max=65521)
-6, --enable-ipv6        enable IPv6, in fd00::/64
-a, --api-socket=PATH    answer requests to forward ports at the unix socket PATH
--cidr=CIDR              the network; its gateway, name server and guest are .2, .3 and .100
                         (default=10.0.2.0/24)
--disable-host-loopback  the gateway does not lead to the host's 127.0.0.1
--netns-type=TYPE        what the first argument is: path, pid, or tapfd, a descriptor of an open tap
                         ([path|pid|tapfd], default=pid)
--userns-path=PATH       the user namespace to enter the network namespace from
                         (default: the one that owns it)
--enable-sandbox         live in a mount namespace with nothing but /etc and /run, without
                         capabilities (except CAP_NET_BIND_SERVICE)
--enable-seccomp         allow this process only the system calls that it needs
--outbound-addr=IPv4     the host's address, or the interface whose address it is, that IPv4 leaves from
--outbound-addr6=IPv6    the same for IPv6
--disable-dns            nobody answers at the name server's address
--macaddress=MAC         the link address of TAPNAME (only with -c)
--target-type=TYPE       netns, or bess: a socket at PATH for User Mode Linux ([netns|bess],
                         default=netns)
-h, --help               show this help and exit
-v, --version            show version and exit
)";

std::string line(const std::string& name, const std::string& value) {
  constexpr std::size_t kColumn = 19;
  std::string text = "* " + name + ":";
  text.resize(std::max(text.size() + 1, kColumn), ' ');
  return text + value + "\n";
}

}  // namespace

std::string slirp4netns_help() {
  return kHelp;
}

std::string slirp4netns_version() {
  const scmp_version* const seccomp = ::seccomp_version();
  std::string text = "slirp4netns version 1.3.3\ncommit: sluice-" + std::string(kVersion) + "\n";
  // There is no libslirp here; it is the one whose features these are.
  text += "libslirp: " + std::to_string(SLIRP_MAJOR_VERSION) + "." +
          std::to_string(SLIRP_MINOR_VERSION) + "." + std::to_string(SLIRP_MICRO_VERSION) +
          "\nSLIRP_CONFIG_VERSION_MAX: " + std::to_string(SLIRP_CONFIG_VERSION_MAX) + "\n";
  return text + "libseccomp: " + std::to_string(seccomp->major) + "." +
         std::to_string(seccomp->minor) + "." + std::to_string(seccomp->micro) + "\n";
}

std::string start_message(const Slirp4netnsInvocation& invocation, const Network& network) {
  const std::uint32_t first_lease = network.dhcp_start.v4_bits();
  std::string text = "Starting slirp (Sluice)\n";
  text += line("MTU", std::to_string(network.mtu));
  text += line("Network", network.v4.subnet.base().to_string());
  text += line("Netmask", IpAddress::v4(network.v4.subnet.v4_mask()).to_string());
  text += line("Gateway", network.v4.host.to_string());
  text += line("DNS", network.v4.dns.to_string());
  text += line("DHCP begin", network.dhcp_start.to_string());
  text += line("DHCP end", IpAddress::v4(first_lease + Network::kLeases - 1).to_string());
  text += line("Recommended IP", guest_address_of(network).to_string());
  if (!invocation.api_socket.empty()) text += line("API Socket", invocation.api_socket);
  if (invocation.host_loopback) {
    text += "WARNING: 127.0.0.1:* on the host is accessible as " + network.v4.host.to_string() +
            " (set --disable-host-loopback to prohibit connecting to 127.0.0.1:*)\n";
  }
  return text;
}

}  // namespace sluice
