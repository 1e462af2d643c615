// A DHCPv6 server with a witness beside it, and the messages of its clients, for tests.

#ifndef SLUICE_SERVICES_DHCPV6_TEST_WORLD_H_
#define SLUICE_SERVICES_DHCPV6_TEST_WORLD_H_

#include <optional>
#include <vector>

#include "services/dhcpv6/lease_witness.h"
#include "services/dhcpv6/server.h"
#include "tests/sim/octets.h"

namespace sluice {

constexpr IpAddress guest_address(std::uint8_t last) {
  return IpAddress::v6({0xfe, 0xc0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last});
}
constexpr IpAddress link_address(std::uint8_t last) {
  return IpAddress::v6({0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last});
}

inline constexpr MacAddress kRouterMac({0x52, 0x56, 0, 0, 0, 2});
inline constexpr IpAddress kRouter = link_address(2);
inline constexpr IpAddress kGuest = link_address(0x99);  // where messages come from
inline constexpr IpAddress kAllServers =
    IpAddress::v6({0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2});
inline constexpr IpAddress kFirst = guest_address(0x15);  // of the pool
inline constexpr IpAddress kSecond = guest_address(0x16);
inline constexpr IpAddress kElsewhere = IpAddress::v6({0x20, 0x01, 0x0d, 0xb8});

// fec0::/64 with 16 leases and a name server.
Dhcpv6Config plain_config();
// That, with a search list and something to boot from.
Dhcpv6Config full_config();

class Dhcpv6World {
 public:
  explicit Dhcpv6World(const Dhcpv6Config& config = plain_config());

  // Gives the server a message and returns its answer, if there is one. An answer that breaks a
  // promise fails the test.
  std::optional<Dhcpv6Message> ask(const Dhcpv6Message& message, const IpAddress& to = kAllServers);
  std::optional<Dhcpv6Message> ask_bytes(const Octets& bytes, const IpAddress& from = kGuest,
                                         const IpAddress& to = kAllServers);
  void pass(Duration time) { now_ += time; }

  Time now() const { return now_; }
  std::vector<DhcpLease> leases() const { return server_.leases(now_); }
  const Dhcpv6Counters& counters() const { return server_.counters(); }
  Dhcpv6LeaseWitness& witness() { return witness_; }

 private:
  Time now_{};
  Dhcpv6LeaseWitness witness_;
  Dhcpv6Server server_;
};

// The link address of client number `client`. All messages come from that of number 1.
MacAddress mac_of(std::uint8_t client);
// The server's DUID, and that of client number `client`.
Duid server_duid();
Duid duid_of(std::uint8_t client);

// A message of client number `client`.
Dhcpv6Message message_of(std::uint8_t client, Dhcpv6Type type);
// The message with this server named.
Dhcpv6Message naming(Dhcpv6Message message, const Duid& server = server_duid());
// The message with one more association, which has these addresses.
Dhcpv6Message with(Dhcpv6Message message, const std::vector<IpAddress>& addresses = {},
                   std::uint32_t id = 1,
                   Dhcpv6Association::Kind kind = Dhcpv6Association::Kind::kAddresses);
Dhcpv6Message asking_for(Dhcpv6Message message, const std::vector<Dhcpv6Code>& codes);

// Messages with one association of number 1, as a client sends them.
Dhcpv6Message solicit(std::uint8_t client, const std::vector<IpAddress>& addresses = {});
Dhcpv6Message request(std::uint8_t client, const std::vector<IpAddress>& addresses = {});
Dhcpv6Message renew(std::uint8_t client, const std::vector<IpAddress>& addresses);
Dhcpv6Message rebind(std::uint8_t client, const std::vector<IpAddress>& addresses);
Dhcpv6Message release(std::uint8_t client, const std::vector<IpAddress>& addresses);
Dhcpv6Message decline(std::uint8_t client, const std::vector<IpAddress>& addresses);

// The first address of an answer's first association; unspecified if there is none.
IpAddress given_in(const std::optional<Dhcpv6Message>& answer);
// Why an answer's association gives nothing; nullopt if it does or does not say.
std::optional<Dhcpv6StatusCode> refusal_in(const std::optional<Dhcpv6Message>& answer,
                                           std::size_t index = 0);
std::optional<Dhcpv6StatusCode> status_of(const std::optional<Dhcpv6Message>& answer);
// Codes of what is told besides.
std::vector<Dhcpv6Code> codes_of(const std::optional<Dhcpv6Message>& answer);

// Solicits and requests; returns the address.
IpAddress lease(Dhcpv6World& world, std::uint8_t client);

}  // namespace sluice

#endif  // SLUICE_SERVICES_DHCPV6_TEST_WORLD_H_
