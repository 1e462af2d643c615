// Who has which address.
//
// A small, fixed set of addresses, each of them free, offered, leased or set aside. An address
// remembers its last client after the lease has ended, and a client that comes back gets it again;
// only when a new client finds no address that was never used does the one whose lease ended
// longest ago change hands. A client has at most one address, and while somebody's offer or lease
// lasts, nobody else gets it.
//
// Clients are told apart by an identifier whose meaning is the server's, and addresses are of
// either family: DHCP and DHCPv6 have a table each of the same kind. To DHCPv6, whose clients may
// have several addresses, a client is one association of one of them.
//
// Somebody may use an address without asking: it was set by hand. Such an address is not given to
// another client while there is a choice (RFC 2131, section 2.2).

#ifndef SLUICE_SERVICES_DHCP_LEASE_TABLE_H_
#define SLUICE_SERVICES_DHCP_LEASE_TABLE_H_

#include <optional>
#include <vector>

#include "stack/address.h"
#include "stack/bytes.h"
#include "stack/time.h"

namespace sluice {

// A lease as tools show it.
struct DhcpLease {
  IpAddress address;
  MacAddress mac;
  std::optional<Time> expires;  // nullopt: never

  friend bool operator==(const DhcpLease&, const DhcpLease&) = default;
};

// Tells what addresses are in use, leased or not.
class AddressUse {
 public:
  virtual bool is_used_by_other(const IpAddress& address, const MacAddress& client) const = 0;

 protected:
  ~AddressUse() = default;
};

class DhcpLeaseTable {
 public:
  struct Client {
    Bytes identifier;
    MacAddress mac;
  };

  // Addresses to lease, in the order in which they are given out. `use` outlives the table.
  DhcpLeaseTable(const std::vector<IpAddress>& addresses, const AddressUse& use);

  // The address that the client has, was offered or had last.
  std::optional<IpAddress> address_of(Bytes identifier) const;
  // Holds an address for the client, until `until` unless it is leased to it for longer: the one it
  // has or had, or else `wanted`, or else any. nullopt if every address is held for others.
  std::optional<IpAddress> offer(Time now, const Client& client,
                                 const std::optional<IpAddress>& wanted, Time until);
  // Leases `address` to the client, which has, had or was offered it, or else has none and finds it
  // free. False, and nothing happens, in every other case. Time::max() is a lease without end.
  bool lease(Time now, const Client& client, const IpAddress& address, Time until);
  // Takes back what was offered to the client and is not leased.
  void withdraw(Time now, Bytes identifier);
  // Ends the client's lease of `address`, which remembers the client. False if it has no such.
  bool release(Time now, Bytes identifier, const IpAddress& address);
  // Sets `address`, which the client has or was offered, aside until `until`: somebody else uses
  // it. False if the client has no such.
  bool set_aside(Time now, Bytes identifier, const IpAddress& address, Time until);

  // Those that last at `now`, in the order of addresses.
  std::vector<DhcpLease> leases(Time now) const;

  // A lease as another table takes it over.
  struct Record {
    IpAddress address;
    std::vector<std::uint8_t> identifier;
    MacAddress mac;
    std::optional<Duration> left;  // nullopt: without end

    friend bool operator==(const Record&, const Record&) = default;
  };
  std::vector<Record> records(Time now) const;
  // In place of all that it knows. Records of addresses that it does not lease, and second ones of
  // a client or an address, are passed over.
  void restore(Time now, const std::vector<Record>& records);
  // Does not lease `address` any more, unless somebody has it now.
  void reserve(const IpAddress& address);

 private:
  enum class State : std::uint8_t { kFree, kOffered, kLeased, kSetAside };

  struct Entry {
    IpAddress address;
    State state = State::kFree;
    Time until = Time::min();              // when the state ends or, if free, ended
    std::vector<std::uint8_t> identifier;  // of the last client; empty before the first
    MacAddress mac;

    bool is_held(Time now) const { return state != State::kFree && now < until; }
  };

  std::optional<std::size_t> index_of(Bytes identifier) const;
  Entry* find(Bytes identifier);
  Entry* find_held(Time now, Bytes identifier, const IpAddress& address);
  // `wanted` if it is free and nobody else uses it, else nullptr; without `wanted` the one that has
  // been free for longest, of those that nobody else uses as long as there are any.
  Entry* find_free(Time now, const Client& client, const std::optional<IpAddress>& wanted);
  static void give(Entry& entry, const Client& client, State state, Time until);

  const AddressUse& use_;
  std::vector<Entry> entries_;
};

}  // namespace sluice

#endif  // SLUICE_SERVICES_DHCP_LEASE_TABLE_H_
