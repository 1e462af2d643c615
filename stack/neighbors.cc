#include "stack/neighbors.h"

namespace sluice {

bool Neighbors::learn(const IpAddress& address, const MacAddress& mac) {
  if (last_ < entries_.size() && entries_[last_].address == address && entries_[last_].mac == mac) {
    return false;
  }
  for (Entry& entry : entries_) {
    if (entry.address != address) continue;
    const bool news = entry.mac != mac;
    entry.mac = mac;
    return news;
  }
  if (entries_.size() < kCapacity) {
    entries_.push_back({address, mac});
  } else {
    entries_[oldest_] = {address, mac};
    oldest_ = (oldest_ + 1) % kCapacity;
  }
  return true;
}

std::optional<MacAddress> Neighbors::find(const IpAddress& address) const {
  if (last_ < entries_.size() && entries_[last_].address == address) return entries_[last_].mac;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (entries_[i].address != address) continue;
    last_ = i;
    return entries_[i].mac;
  }
  return std::nullopt;
}

}  // namespace sluice
