// The servers inside the virtual network: DHCP and DNS, where the options ask for them, and, if
// there are files to hand out, TFTP.

#ifndef SLUICE_APP_GUEST_SERVICES_H_
#define SLUICE_APP_GUEST_SERVICES_H_

#include <cstdint>
#include <memory>

#include "app/options/user_network.h"
#include "nat/files.h"
#include "nat/name_servers.h"
#include "nat/nat.h"

namespace sluice {

class DhcpServer;

// The numbers of services at the Nat, which tell their sockets and seeds apart.
enum class GuestService : std::uint8_t { kDns = 1, kTftp, kProgram };

inline ServiceContext context_of(Nat& nat, GuestService service) {
  return nat.context(static_cast<std::uint8_t>(service));
}

// Whether one of them may be what a datagram to that port is for.
bool is_service_port(std::uint16_t port);

class GuestServices {
 public:
  // Builds them as the options say and binds them to the Nat. All arguments but the options outlive
  // it, and it outlives the Nat's inputs. Without `files` there is no TFTP server. Throws
  // std::invalid_argument for options that a service can't follow.
  GuestServices(Nat& nat, const UserNetworkOptions& options, NameServers& name_servers,
                Files* files = nullptr);
  GuestServices(const GuestServices&) = delete;
  GuestServices& operator=(const GuestServices&) = delete;
  ~GuestServices();

  // Null where there is none.
  DhcpServer* dhcp();

 private:
  struct Servers;

  void bind(Nat& nat, const AddressPlan& plan);
  void bind_dns(Nat& nat, const Endpoint& dns);

  std::unique_ptr<Servers> servers_;
};

}  // namespace sluice

#endif  // SLUICE_APP_GUEST_SERVICES_H_
