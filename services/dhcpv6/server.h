// The DHCPv6 server of the virtual network (RFC 8415; 3646, 5970).
//
// It tells clients of the name server and where to boot from, whether they have their address from
// it or not, and leases addresses of one pool. It keeps no timer: a lease's end is looked at when
// somebody asks. Which address a client has is DHCP's lease table again; a client there is the
// number of the association and the DUID, so each association has one address.
//
// It is the only server on its wire. So it commits at once when asked to (rapid commit), tells
// clients not to wait for others (preference 255), and takes up what a client says it has, as far
// as it is free: after a restart nobody has to change its address. An address that is not (or no
// longer) the client's comes back with lifetimes of zero, beside the one that is.
//
// Messages are judged by section 16 first; those against its rules are counted and get no answer.
// No relay exists in the virtual network, and nobody sends Reconfigure.

#ifndef SLUICE_SERVICES_DHCPV6_SERVER_H_
#define SLUICE_SERVICES_DHCPV6_SERVER_H_

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "nat/service.h"
#include "services/dhcp/lease_table.h"
#include "services/dhcpv6/message.h"

namespace sluice {

struct Dhcpv6Config {
  MacAddress mac;          // the router's, of which the server's DUID is made
  IpAddress address;       // where answers come from: the router's link-local address
  Subnet subnet;           // what is on the link
  IpAddress first_lease;   // of the pool, `leases` in a row
  std::size_t leases = 0;  // at most kMaxLeases; 0: clients get no address here
  // Addresses that somebody else has, such as the router: they are not leased.
  std::vector<IpAddress> reserved;
  std::optional<IpAddress> dns;            // option 23; what is empty is not told
  std::vector<std::string> domain_search;  // option 24
  std::string boot_url;                    // option 59
  std::chrono::seconds preferred_time = std::chrono::hours(18);
  std::chrono::seconds valid_time = std::chrono::hours(24);
  std::chrono::seconds refresh_time = std::chrono::hours(24);  // option 32
  // Tells of no way out: no name server, and nothing to boot from outside `subnet`.
  bool restricted = false;
};

struct Dhcpv6Counters {
  std::uint64_t requests = 0;    // messages, whatever became of them
  std::uint64_t malformed = 0;   // dropped: can't be read, or against the rules
  std::uint64_t ignored = 0;     // dropped: for another server
  std::uint64_t advertises = 0;  // answers: offers
  std::uint64_t replies = 0;     // answers: all others
  std::uint64_t exhausted = 0;   // associations that got no address, for every one is held
  std::uint64_t ended = 0;       // leases released or declined
};

class Dhcpv6Server final : public DatagramService, private AddressUse {
 public:
  // `output` outlives it. Throws std::invalid_argument if the pool, a time or a text of `config`
  // can't be.
  Dhcpv6Server(const Dhcpv6Config& config, DatagramOutput& output);
  Dhcpv6Server(const Dhcpv6Server&) = delete;
  Dhcpv6Server& operator=(const Dhcpv6Server&) = delete;

  void on_datagram(Time now, const ServiceDatagram& datagram) override;

  // The leases that last at `now`.
  std::vector<DhcpLease> leases(Time now) const { return leases_.leases(now); }
  const Dhcpv6Counters& counters() const { return counters_; }

  static constexpr std::size_t kMaxLeases = 1024;
  static constexpr std::chrono::seconds kOfferTime{60};  // an offer waits so long for its client
  static constexpr std::chrono::seconds kDeclinedTime{600};  // a declined address rests so long
  // Bytes of a search list as it is told, and of a boot URL: so long each, they fit an answer
  // beside the one address that clients ask for. Asked for more, they may be left out.
  static constexpr std::size_t kMaxText = 480;
  // Bytes of a message: it fits the packet that every link takes (RFC 8200, section 5).
  static constexpr std::size_t kMaxAnswer = 1280 - 40 - 8;

 private:
  bool is_used_by_other(const IpAddress& address, const MacAddress& client) const override {
    const auto known = output_.link_address_of(address);
    return known && *known != client;
  }

  struct Request {
    const Dhcpv6Message& message;
    const ServiceDatagram& datagram;
  };
  // What becomes of a message by section 16.
  enum class Verdict : std::uint8_t { kAnswer, kUseMulticast, kMalformed, kIgnored };

  Verdict judge(const Request& request) const;
  void answer(Time now, const Request& request);
  void on_solicit(Time now, const Request& request);
  void on_request(Time now, const Request& request);
  void on_renew(Time now, const Request& request);
  void on_confirm(Time now, const Request& request);
  void on_release(Time now, const Request& request);

  // What the client has or gets for `wanted`: an address or a status that says why not.
  Dhcpv6Association offer(Time now, const Request& request, const Dhcpv6Association& wanted);
  // Makes a lease of what was offered.
  void commit(Time now, const Request& request, const Dhcpv6Association& offered);
  // Ends the client's lease of `address`. False if it has no such.
  bool end_lease(Time now, const Request& request, const Dhcpv6Association& association,
                 const IpAddress& address);

  // An answer without anything but who speaks to whom.
  Dhcpv6Message answer_to(const Request& request, Dhcpv6Type type) const;
  void add_parameters(Dhcpv6Message& answer, const Request& request) const;
  void add_parameter(Dhcpv6Message& answer, Dhcpv6Code code, Dhcpv6Type asked) const;
  void add_vendor_class(Dhcpv6Message& answer, const Request& request) const;
  void send(Time now, const Request& request, const Dhcpv6Message& answer);

  const Dhcpv6Config config_;
  DatagramOutput& output_;
  const Duid duid_;
  const std::vector<std::uint8_t> domain_search_;  // option 24
  const bool tells_boot_url_;
  DhcpLeaseTable leases_;
  Dhcpv6Counters counters_;
  std::array<std::uint8_t, kMaxAnswer> buffer_{};
};

}  // namespace sluice

#endif  // SLUICE_SERVICES_DHCPV6_SERVER_H_
