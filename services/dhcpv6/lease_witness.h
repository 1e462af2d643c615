// What clients may believe about their DHCPv6 leases, and whether a server keeps its word.
//
// The witness stands beside a server in tests: it is shown every message of a client and, as a
// DatagramOutput, sees every answer. It keeps the leases that were promised and notes when a
// promise contradicts one that still holds, and when an answer is none to the message it was shown
// last.

#ifndef SLUICE_SERVICES_DHCPV6_LEASE_WITNESS_H_
#define SLUICE_SERVICES_DHCPV6_LEASE_WITNESS_H_

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "nat/service.h"
#include "services/dhcpv6/message.h"

namespace sluice {

class Dhcpv6LeaseWitness final : public DatagramOutput {
 public:
  struct Answer {
    Endpoint to;
    std::optional<MacAddress> link_to;
    std::vector<std::uint8_t> bytes;
    Dhcpv6Message message;
  };

  // `server` is where answers come from, `limit` how many bytes they may have.
  Dhcpv6LeaseWitness(const IpAddress& server, std::size_t limit) : server_(server), limit_(limit) {}

  // The payload of a datagram that the server is about to get.
  void on_message(Time now, Bytes payload);
  void send(Time now, const Endpoint& from, const Endpoint& to, Bytes payload,
            std::optional<MacAddress> link_to) override;
  std::optional<MacAddress> link_address_of(const IpAddress& address) const override {
    const auto known = neighbors_.find(address);
    if (known == neighbors_.end()) return std::nullopt;
    return known->second;
  }

  // From now on somebody with this link address is known to use `address`.
  void add_neighbor(const IpAddress& address, const MacAddress& mac) { neighbors_[address] = mac; }

  // The first promise that was broken; empty if none was.
  const std::string& complaint() const { return complaint_; }
  // How many leases hold at `now`.
  std::size_t promised(Time now) const;
  // The answer to the last message.
  const std::optional<Answer>& answer() const { return answer_; }

 private:
  // An association of a client: its number, and the client's DUID.
  using Holder = std::pair<std::uint32_t, std::vector<std::uint8_t>>;
  struct Promise {
    Holder holder;
    Time until;
  };

  Holder holder_of(const Dhcpv6Association& association) const;
  void complain(const std::string& text);
  void check(Time now, const Dhcpv6Message& answer);
  void promise(Time now, const Dhcpv6Association& association, const Dhcpv6Address& lease);
  // The holder believes to have `address` no longer.
  void give_up(Time now, const Holder& holder, const IpAddress& address);

  IpAddress server_;
  std::size_t limit_;
  std::optional<Dhcpv6Message> message_;  // the last
  std::map<IpAddress, Promise> promises_;
  std::map<IpAddress, MacAddress> neighbors_;
  std::optional<Answer> answer_;
  std::string complaint_;
};

}  // namespace sluice

#endif  // SLUICE_SERVICES_DHCPV6_LEASE_WITNESS_H_
