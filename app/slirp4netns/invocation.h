// What a command line of slirp4netns asks for, as values.

#ifndef SLUICE_APP_SLIRP4NETNS_INVOCATION_H_
#define SLUICE_APP_SLIRP4NETNS_INVOCATION_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "stack/address.h"

namespace sluice {

struct Slirp4netnsInvocation {
  // What the first word of the command line names.
  enum class Target : std::uint8_t {
    kProcess,        // a process by its number, whose network namespace it is
    kPath,           // a network namespace
    kTapDescriptor,  // a descriptor that the caller has opened a tap at
    kBess,           // the path of a socket that User Mode Linux will connect to
  };

  Target target_kind = Target::kProcess;
  std::string target;  // a number for kProcess and kTapDescriptor
  std::string tap_name = "tap0";
  std::string user_namespace;  // a path; empty: the one that owns the network namespace

  bool configure = false;
  std::optional<MacAddress> mac;  // of the guest's interface; only with `configure`
  std::uint16_t mtu = 1500;
  Subnet network{IpAddress::v4(10, 0, 2, 0), 24};
  bool ipv6 = false;

  bool host_loopback = true;
  bool dns = true;
  std::string outbound;   // an IPv4 address or an interface; empty: the system's choice
  std::string outbound6;  // an IPv6 address or an interface

  std::optional<int> ready_descriptor;
  std::optional<int> exit_descriptor;
  std::string api_socket;  // a path; empty: none
  bool sandbox = false;
  bool seccomp = false;

  std::vector<std::string> warnings;  // to be told to the user
};

}  // namespace sluice

#endif  // SLUICE_APP_SLIRP4NETNS_INVOCATION_H_
