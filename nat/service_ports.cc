#include "nat/service_ports.h"

namespace sluice {
namespace {

constexpr std::uint8_t kTtl = 64;

}  // namespace

void ServicePorts::bind_datagrams(const Endpoint& at, DatagramService& service) {
  bindings_.push_back({at, &service});
}

void ServicePorts::bind_host_client(std::uint8_t service, HostClient& client) {
  clients_.push_back({service, &client});
}

bool ServicePorts::deliver(Time now, const ServiceDatagram& datagram) {
  const IpAddress& to = datagram.to.address;
  const bool here = network_.is_gateway(to) || network_.is_broadcast(to);
  for (const Binding& binding : bindings_) {
    if (binding.at.port != datagram.to.port) continue;
    const bool anywhere = binding.at.address.is_unspecified();
    if (anywhere ? !here : binding.at.address != to) continue;
    binding.service->on_datagram(now, datagram);
    return true;
  }
  return false;
}

void ServicePorts::on_host(Time now, const HostEvent& event) {
  for (const Client& client : clients_) {
    if (client.service == event.token.service) client.client->on_host(now, event);
  }
}

void ServicePorts::take_announced(std::vector<HostEvent>& events) {
  events.clear();
  events.swap(announced_);
}

void ServicePorts::send(Time now, const Endpoint& from, const Endpoint& to, Bytes payload,
                        std::optional<MacAddress> link_to) {
  egress_.send_udp(now, from, to, kTtl, payload, link_to);
}

}  // namespace sluice
