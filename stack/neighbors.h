// Who on the link has which address: the guests' half of ARP (RFC 826) and of neighbor discovery
// (RFC 4861).
//
// Guests are learned from what they say, never asked for in advance. The table is bounded: a guest
// that claims more addresses than it holds displaces the addresses learned longest ago.

#ifndef SLUICE_STACK_NEIGHBORS_H_
#define SLUICE_STACK_NEIGHBORS_H_

#include <optional>
#include <vector>

#include "stack/address.h"

namespace sluice {

class Neighbors {
 public:
  static constexpr std::size_t kCapacity = 256;

  // `address` is at `mac`. True if that is news.
  bool learn(const IpAddress& address, const MacAddress& mac);
  std::optional<MacAddress> find(const IpAddress& address) const;

  struct Entry {
    IpAddress address;
    MacAddress mac;
  };
  // In no order that means anything; valid until learn().
  const std::vector<Entry>& entries() const { return entries_; }

 private:
  std::vector<Entry> entries_;
  std::size_t oldest_ = 0;        // the next to be displaced
  mutable std::size_t last_ = 0;  // where the last look-up ended: most networks have one guest
};

}  // namespace sluice

#endif  // SLUICE_STACK_NEIGHBORS_H_
