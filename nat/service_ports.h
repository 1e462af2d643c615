// Where services meet the Nat: the addresses they are bound to, and what they say.

#ifndef SLUICE_NAT_SERVICE_PORTS_H_
#define SLUICE_NAT_SERVICE_PORTS_H_

#include <vector>

#include "nat/service.h"
#include "stack/egress.h"
#include "stack/network.h"

namespace sluice {

class ServicePorts final : public DatagramOutput, public StreamEvents {
 public:
  // Both outlive it.
  ServicePorts(const Network& network, Egress& egress) : network_(network), egress_(egress) {}

  // See Nat.
  void bind_datagrams(const Endpoint& at, DatagramService& service);
  void bind_host_client(std::uint8_t service, HostClient& client);

  // Gives a datagram to the service at its destination. False if there is none.
  bool deliver(Time now, const ServiceDatagram& datagram);
  // An event under a token of Kind::kService.
  void on_host(Time now, const HostEvent& event);

  // The events announced since the last call, into `events`, whose contents are lost.
  void take_announced(std::vector<HostEvent>& events);
  bool has_announced() const { return !announced_.empty(); }

  void send(Time now, const Endpoint& from, const Endpoint& to, Bytes payload,
            std::optional<MacAddress> link_to) override;
  std::optional<MacAddress> link_address_of(const IpAddress& address) const override {
    return egress_.link_address_of(address);
  }
  void announce(const HostEvent& event) override { announced_.push_back(event); }

 private:
  struct Binding {
    Endpoint at;
    DatagramService* service;
  };
  struct Client {
    std::uint8_t service;
    HostClient* client;
  };

  const Network& network_;
  Egress& egress_;
  std::vector<Binding> bindings_;
  std::vector<Client> clients_;
  std::vector<HostEvent> announced_;
};

}  // namespace sluice

#endif  // SLUICE_NAT_SERVICE_PORTS_H_
