// Ports of the host that lead to guests (hostfwd).
//
// A listener is opened when the forward is added, so a port that is taken is an error at once. TCP
// connections become TCP flows, each with its own address and port as the guest's peer; UDP ports
// are mappings like those that guests open.

#ifndef SLUICE_NAT_HOST_FORWARDS_H_
#define SLUICE_NAT_HOST_FORWARDS_H_

#include <vector>

#include "nat/config.h"
#include "nat/datagram_flows.h"
#include "nat/flow_info.h"
#include "nat/tcp_flows.h"

namespace sluice {

class HostForwards {
 public:
  // All of these outlive it.
  HostForwards(const Network& network, Host& host, TcpFlows& tcp, DatagramFlows& udp)
      : network_(network), host_(host), tcp_(tcp), udp_(udp) {}

  // See Nat::add_host_forward() and Nat::remove_host_forward().
  std::uint16_t add(const HostForward& forward);
  bool remove(const ListenAddress& listen);
  bool has(const ListenAddress& listen);

  // Somebody waits at a listener, under a token of Kind::kListener.
  void on_host(Time now, const HostEvent& event);
  // Goes on with listeners where more wait than one batch takes.
  void accept_more(Time now);
  bool has_more() const { return !dirty_.empty(); }

  std::vector<HostForwardInfo> describe() const;

 private:
  struct Listener {
    ListenAddress listen;  // with the port that it has
    Endpoint guest;
    SocketId socket = SocketId::kNone;  // kNone: the place is free
    std::uint16_t generation = 0;
  };

  std::vector<Listener>::iterator find(const ListenAddress& listen);
  void accept(Time now, std::uint32_t index);

  const Network& network_;
  Host& host_;
  TcpFlows& tcp_;
  DatagramFlows& udp_;
  std::vector<Listener> listeners_;
  std::vector<std::uint32_t> dirty_;
  std::vector<std::uint32_t> turns_;
};

}  // namespace sluice

#endif  // SLUICE_NAT_HOST_FORWARDS_H_
