// The DHCP and BOOTP server of the virtual network (RFC 2131, 2132; RFC 951, 1542).
//
// It leases up to Network::kLeases addresses and tells clients of the gateway, the name server and
// where to boot from. It keeps no timer: a lease's end is looked at when somebody asks.
//
// A client is known by its identifier (option 61) or else by hardware type and address, which is
// also what most clients send as identifier; so a boot ROM and the system it loads get one address.
//
// No relay exists in the virtual network: messages that claim to come through one are dropped.

#ifndef SLUICE_SERVICES_DHCP_SERVER_H_
#define SLUICE_SERVICES_DHCP_SERVER_H_

#include <chrono>
#include <string>
#include <vector>

#include "nat/service.h"
#include "services/dhcp/lease_table.h"
#include "services/dhcp/message.h"
#include "services/dhcp/option_values.h"
#include "stack/network.h"

namespace sluice {

struct DhcpConfig {
  Network network;
  std::string host_name;                   // option 12; what is empty is not told
  std::string domain_name;                 // option 15
  std::vector<std::string> domain_search;  // option 119
  std::string boot_file;                   // option 67 and the field `file`
  std::string tftp_server_name;            // option 66 and the field `sname`
  std::chrono::seconds lease_time = std::chrono::hours(24);
  // Tells of no way out: neither router nor name server nor routes.
  bool restricted = false;
  // Takes up clients that claim a free address it has no record of, as they do after a restart, and
  // refuses other claims at once. Without, it keeps silent to clients it does not know, as RFC 2131
  // (section 4.3.2) wants where other servers share the wire.
  bool authoritative = true;
  // For option 121, beside the default route.
  std::vector<DhcpRoute> routes;
  // Addresses that somebody else has, such as guestfwd servers: they are not leased.
  std::vector<IpAddress> reserved;
};

struct DhcpCounters {
  std::uint64_t requests = 0;   // messages, whatever became of them
  std::uint64_t malformed = 0;  // dropped: cut short, without usable client, or against the rules
  std::uint64_t ignored = 0;    // dropped: for another server, through a relay, or from one unknown
  std::uint64_t exhausted = 0;  // dropped: every address is held
  std::uint64_t offers = 0;
  std::uint64_t acks = 0;   // DHCPACK and BOOTP replies
  std::uint64_t naks = 0;   // refusals
  std::uint64_t ended = 0;  // leases released or declined
};

class DhcpServer final : public DatagramService, private AddressUse {
 public:
  // `output` outlives it. Throws std::invalid_argument if a text of `config` fits no option or no
  // address can be leased.
  DhcpServer(const DhcpConfig& config, DatagramOutput& output);
  DhcpServer(const DhcpServer&) = delete;
  DhcpServer& operator=(const DhcpServer&) = delete;

  void on_datagram(Time now, const ServiceDatagram& datagram) override;

  // The leases that last at `now`.
  std::vector<DhcpLease> leases(Time now) const { return leases_.leases(now); }
  // See DhcpLeaseTable.
  std::vector<DhcpLeaseTable::Record> lease_records(Time now) const { return leases_.records(now); }
  void restore_leases(Time now, const std::vector<DhcpLeaseTable::Record>& records) {
    leases_.restore(now, records);
  }
  void reserve(const IpAddress& address) { leases_.reserve(address); }
  const DhcpCounters& counters() const { return counters_; }

  static constexpr std::chrono::seconds kOfferTime{60};  // an offer waits so long for its client
  static constexpr std::chrono::seconds kDeclinedTime{600};  // a declined address rests so long
  static constexpr std::size_t kMaxIdentifier = 255;         // bytes; longer ones are malformed

 private:
  bool is_used_by_other(const IpAddress& address, const MacAddress& client) const override {
    const auto known = output_.link_address_of(address);
    return known && *known != client;
  }

  struct Request {
    const DhcpMessage& message;
    DhcpLeaseTable::Client client;
    IpAddress from;
    std::size_t size;  // bytes of the message
  };

  void on_bootp(Time now, const Request& request);
  void on_discover(Time now, const Request& request);
  void on_request(Time now, const Request& request);
  void on_decline(Time now, const Request& request);
  void on_release(Time now, const Request& request);
  void on_inform(Time now, const Request& request);

  bool names_other_server(const DhcpMessage& message) const;
  void refuse(Time now, const Request& request, std::string_view why);

  // A reply without options; `type` nullopt is BOOTP's. Its options follow in order of importance.
  DhcpMessage reply_to(const Request& request, std::optional<DhcpType> type) const;
  void add_lease(DhcpMessage& reply, const IpAddress& address) const;
  void add_parameters(DhcpMessage& reply, const Request& request, bool leases) const;
  void add_parameter(DhcpMessage& reply, DhcpCode code, bool leases) const;
  void add_boot(DhcpMessage& reply, const Request& request) const;
  void send(Time now, const Request& request, const DhcpMessage& reply);

  const DhcpConfig config_;
  DatagramOutput& output_;
  const std::vector<std::uint8_t> domain_search_;     // option 119
  const std::vector<std::uint8_t> classless_routes_;  // option 121
  DhcpLeaseTable leases_;
  DhcpCounters counters_;
  std::vector<std::uint8_t> buffer_;  // the largest reply
};

}  // namespace sluice

#endif  // SLUICE_SERVICES_DHCP_SERVER_H_
