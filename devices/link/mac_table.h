// Who is behind which port of a switch: learned from the source addresses of frames and forgotten
// when nothing has come from them for a while (IEEE 802.1Q-2018, section 8.8).
//
// Guests choose their addresses, so the table is bounded, and a port that claims many displaces its
// own. A pinned port's addresses stay its own: nobody takes over the gateway's traffic by using its
// address.

#ifndef SLUICE_DEVICES_LINK_MAC_TABLE_H_
#define SLUICE_DEVICES_LINK_MAC_TABLE_H_

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "stack/address.h"
#include "stack/random.h"
#include "stack/time.h"

namespace sluice {

class MacTable {
 public:
  using Port = std::uint32_t;

  // As long as an address is remembered that says nothing (section 8.8.3).
  static constexpr Duration kAge = std::chrono::seconds(300);
  // Addresses that one port has at most.
  static constexpr std::size_t kPerPort = 1024;

  explicit MacTable(const Seed& seed) : addresses_(0, Hash{seed}) {}

  // A frame from `mac` has come by `port`. A pinned port's address stays there.
  void learn(Time now, const MacAddress& mac, Port port);
  void pin(Port port);
  // Where frames to `mac` go; nullopt: nobody knows.
  std::optional<Port> find(Time now, const MacAddress& mac) const;
  // The port is gone, and its addresses with it.
  void forget(Port port);
  std::size_t size() const { return addresses_.size(); }

 private:
  struct Place {
    Port port;
    Time heard;
    std::size_t index;  // among its port's
  };
  struct Hash {
    Seed seed;
    std::size_t operator()(const MacAddress& mac) const { return siphash(seed, mac.octets()); }
  };
  // What a port has said, in the order of its ring: the next to be displaced is at `oldest`.
  struct PortState {
    std::vector<MacAddress> addresses;
    std::size_t oldest = 0;
    bool pinned = false;
  };

  PortState& state_of(Port port);
  void add(Time now, const MacAddress& mac, Port port);

  std::unordered_map<MacAddress, Place, Hash> addresses_;
  std::vector<PortState> ports_;
};

}  // namespace sluice

#endif  // SLUICE_DEVICES_LINK_MAC_TABLE_H_
