// What clients may believe about their leases, and whether a server keeps its word.
//
// The witness stands beside a server in tests: it is shown every request and, as a DatagramOutput,
// sees every reply. It keeps the leases that were promised and notes when a promise contradicts one
// that still holds.

#ifndef SLUICE_SERVICES_DHCP_LEASE_WITNESS_H_
#define SLUICE_SERVICES_DHCP_LEASE_WITNESS_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "nat/service.h"
#include "services/dhcp/message.h"

namespace sluice {

class LeaseWitness final : public DatagramOutput {
 public:
  struct Reply {
    Endpoint from;
    Endpoint to;
    std::optional<MacAddress> link_to;
    std::vector<std::uint8_t> bytes;
    DhcpMessage message;
  };

  explicit LeaseWitness(const IpAddress& server) : server_(server) {}

  // The payload of a datagram that the server is about to get.
  void on_request(Time now, Bytes payload);
  void send(Time now, const Endpoint& from, const Endpoint& to, Bytes payload,
            std::optional<MacAddress> link_to) override;
  std::optional<MacAddress> link_address_of(const IpAddress& /*address*/) const override {
    return std::nullopt;
  }

  // The first promise that was broken; empty if none was.
  const std::string& complaint() const { return complaint_; }
  // How many leases hold at `now`.
  std::size_t promised(Time now) const;
  // The reply to the last request.
  const std::optional<Reply>& reply() const { return reply_; }

 private:
  using Client = std::vector<std::uint8_t>;
  struct Promise {
    Client client;
    Time until;
  };

  void complain(const std::string& text);
  void promise(Time now, std::uint32_t address, std::uint32_t seconds);

  IpAddress server_;
  std::optional<DhcpMessage> request_;
  Client client_;  // of request_
  std::map<std::uint32_t, Promise> promises_;
  std::optional<Reply> reply_;
  std::string complaint_;
};

}  // namespace sluice

#endif  // SLUICE_SERVICES_DHCP_LEASE_WITNESS_H_
