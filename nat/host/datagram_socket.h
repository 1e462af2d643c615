// Datagram sockets: UDP, and ICMP echo by one of two ways.
//
// A ping socket (SOCK_DGRAM, IPPROTO_ICMP) needs no privilege where net.ipv4.ping_group_range
// allows it; the kernel chooses the identifier and passes us only what answers our requests. A raw
// socket needs CAP_NET_RAW and sees every ICMP message of the machine; a filter in the kernel
// leaves it the echo replies to an identifier of our own.
//
// All of them send without "don't fragment" (IP_PMTUDISC_DONT): what a guest sends may be
// fragmented on its way, as behind any NAT; it would not hear of a path MTU that the host learned
// for a datagram of somebody else. IP_RECVERR keeps ICMP errors, with the datagram's destination,
// in a queue: without it, an unconnected socket hears nothing of them.

#ifndef SLUICE_NAT_HOST_DATAGRAM_SOCKET_H_
#define SLUICE_NAT_HOST_DATAGRAM_SOCKET_H_

#include <cstdint>
#include <optional>

#include "nat/host/socket_call.h"
#include "stack/address.h"

namespace sluice {

enum class DatagramProtocol : std::uint8_t { kUdp, kPing, kRawEcho };

// What has to be known of a socket to send and receive with it.
struct DatagramSocket {
  int descriptor = -1;
  DatagramProtocol protocol = DatagramProtocol::kUdp;
  bool v6 = false;
  std::uint16_t echo_identifier = 0;  // for kRawEcho

  bool is_echo() const { return protocol != DatagramProtocol::kUdp; }
};

// A UDP socket bound to `local`; without it, the first datagram sent binds it. `v6_only`: see
// ListenAddress.
OpenedSocket open_udp(const IpAddress& family, const std::optional<Endpoint>& local,
                      bool v6_only = true);

struct OpenedEchoSocket {
  OpenedSocket socket;
  DatagramProtocol protocol = DatagramProtocol::kPing;
};

// A ping socket, or else a raw one, that sends from `local` if that is given and of the family of
// `family`. `identifier` is for the raw one and must not be in use by another. permission_denied
// or operation_not_permitted if the system allows neither.
OpenedEchoSocket open_echo(const IpAddress& family, const std::optional<IpAddress>& local,
                           std::uint16_t identifier);

}  // namespace sluice

#endif  // SLUICE_NAT_HOST_DATAGRAM_SOCKET_H_
