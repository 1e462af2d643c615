// The virtual network as the command line describes it: QEMU's "-netdev user,…".
//
// Every key of QEMU's documentation is known, with QEMU's defaults: host, DNS, SMB and first lease
// are .2, .3, .4 and .15 of the network. Values are checked here, on their own and against each
// other, so that what comes out can be used as it is; only what must be tried (a port that is
// taken, a directory that is not there) fails later. A table holds one row per key, and the same
// row makes the manual's text.

#ifndef SLUICE_APP_OPTIONS_USER_NETWORK_H_
#define SLUICE_APP_OPTIONS_USER_NETWORK_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/options/key_table.h"
#include "nat/config.h"
#include "stack/network.h"

namespace sluice {

struct UserNetworkOptions {
  std::string id;
  Network network;
  PolicyConfig policy;
  std::optional<IpAddress> outbound;   // the host's address that connections leave from
  std::optional<IpAddress> outbound6;  // and those of IPv6

  std::string hostname;     // of the guest, by DHCP; empty: none
  std::string domain_name;  // empty: none
  std::vector<std::string> domain_search;
  std::string tftp_directory;    // empty: no TFTP server
  std::string tftp_server_name;  // empty: none
  std::string boot_file;         // empty: none
  std::string smb_directory;     // empty: no SMB server
  bool serves_dhcp = true;       // else guests have their addresses from elsewhere
  bool serves_dns = true;        // else nobody answers at the proxy's addresses

  std::vector<HostForward> host_forwards;
  std::vector<GuestForward> guest_forwards;
};

// Reads "user,key=value,…". Throws UsageError that names the key, what was expected and, for a key
// that is not known, the nearest one that is.
UserNetworkOptions parse_user_network(std::string_view text);

// Throws UsageError if no guest of the network can have what a rule of hostfwd= leads to.
void check_host_forward(const Network& network, const HostForward& forward);

// What the Nat is built with.
NatConfig nat_config(const UserNetworkOptions& options);

// For a manual.
std::vector<OptionHelp> user_network_help();

}  // namespace sluice

#endif  // SLUICE_APP_OPTIONS_USER_NETWORK_H_
