#include "devices/link/mac_table.h"

namespace sluice {

MacTable::PortState& MacTable::state_of(Port port) {
  if (port >= ports_.size()) ports_.resize(port + 1);
  return ports_[port];
}

void MacTable::pin(Port port) {
  state_of(port).pinned = true;
}

void MacTable::learn(Time now, const MacAddress& mac, Port port) {
  if (!mac.is_station()) return;
  const auto found = addresses_.find(mac);
  if (found == addresses_.end()) {
    add(now, mac, port);
    return;
  }
  Place& place = found->second;
  if (place.port == port) {
    place.heard = now;
  } else if (!ports_[place.port].pinned) {
    // Its place among those of the other port stays empty until that one displaces it.
    addresses_.erase(found);
    add(now, mac, port);
  }
}

void MacTable::add(Time now, const MacAddress& mac, Port port) {
  PortState& state = state_of(port);
  std::size_t index = state.addresses.size();
  if (index < kPerPort) {
    state.addresses.push_back(mac);
  } else {
    index = state.oldest;
    state.oldest = (state.oldest + 1) % kPerPort;
    const auto displaced = addresses_.find(state.addresses[index]);
    if (displaced != addresses_.end() && displaced->second.port == port &&
        displaced->second.index == index) {
      addresses_.erase(displaced);
    }
    state.addresses[index] = mac;
  }
  addresses_.insert({mac, {.port = port, .heard = now, .index = index}});
}

std::optional<MacTable::Port> MacTable::find(Time now, const MacAddress& mac) const {
  const auto found = addresses_.find(mac);
  if (found == addresses_.end()) return std::nullopt;
  const Place& place = found->second;
  if (now - place.heard > kAge && !ports_[place.port].pinned) return std::nullopt;
  return place.port;
}

void MacTable::forget(Port port) {
  if (port >= ports_.size()) return;
  std::erase_if(addresses_, [port](const auto& entry) { return entry.second.port == port; });
  ports_[port] = {};
}

}  // namespace sluice
