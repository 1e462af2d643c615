// What a Nat is told when it is built.

#ifndef SLUICE_NAT_CONFIG_H_
#define SLUICE_NAT_CONFIG_H_

#include <cstdint>
#include <string>
#include <vector>

#include "nat/host.h"
#include "stack/network.h"

namespace sluice {

// What guests may reach; see policy.h, which is the one place that reads it.
struct PolicyConfig {
  bool restricted = false;    // nothing but hostfwd and guestfwd
  bool host_loopback = true;  // the gateway address leads to the host's loopback
};

// A port of the host that leads to a guest.
struct HostForward {
  ListenAddress listen;
  Endpoint guest;  // with an unspecified address: the first lease
};

// An address of the virtual network that leads to a place the user named.
struct GuestForward {
  Endpoint server;  // inside the virtual network
  StreamTarget target;
};

// How much a guest may make this process hold. Every table and queue has its limit here.
struct Limits {
  std::uint32_t tcp_flows = 65536;
  std::uint32_t half_open_tcp_flows = 4096;           // beyond it the oldest gives way
  std::uint32_t udp_flows = 8192;                     // the least recently used gives way
  std::uint32_t echo_flows = 512;                     // so here
  std::uint32_t datagram_peers = 32768;               // of UDP and of echo flows, each
  std::size_t buffer_bytes = std::size_t{256} << 20;  // of all flows together
};

struct NatConfig {
  Network network;
  std::vector<std::string> domain_search;  // told to IPv6 guests by router advertisement
  PolicyConfig policy;
  Limits limits;
};

}  // namespace sluice

#endif  // SLUICE_NAT_CONFIG_H_
