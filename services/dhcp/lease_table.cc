#include "services/dhcp/lease_table.h"

#include <algorithm>

namespace sluice {

DhcpLeaseTable::DhcpLeaseTable(const std::vector<IpAddress>& addresses, const AddressUse& use)
    : use_(use) {
  entries_.reserve(addresses.size());
  for (const IpAddress& address : addresses) entries_.push_back({.address = address});
}

std::optional<IpAddress> DhcpLeaseTable::address_of(Bytes identifier) const {
  const auto index = index_of(identifier);
  if (!index) return std::nullopt;
  return entries_[*index].address;
}

std::optional<IpAddress> DhcpLeaseTable::offer(Time now, const Client& client,
                                               const std::optional<IpAddress>& wanted, Time until) {
  Entry* entry = find(client.identifier);
  if (entry == nullptr && wanted) entry = find_free(now, client, wanted);
  if (entry == nullptr) entry = find_free(now, client, std::nullopt);
  if (entry == nullptr) return std::nullopt;
  if (entry->state != State::kLeased || !entry->is_held(now)) {
    give(*entry, client, State::kOffered, until);
  }
  return entry->address;
}

bool DhcpLeaseTable::lease(Time now, const Client& client, const IpAddress& address, Time until) {
  Entry* entry = find(client.identifier);
  if (entry == nullptr) entry = find_free(now, client, address);
  if (entry == nullptr || entry->address != address) return false;
  give(*entry, client, State::kLeased, until);
  return true;
}

void DhcpLeaseTable::withdraw(Time now, Bytes identifier) {
  Entry* const entry = find(identifier);
  if (entry == nullptr || entry->state != State::kOffered || !entry->is_held(now)) return;
  entry->state = State::kFree;
  entry->until = now;
}

bool DhcpLeaseTable::release(Time now, Bytes identifier, const IpAddress& address) {
  Entry* const entry = find_held(now, identifier, address);
  if (entry == nullptr || entry->state != State::kLeased) return false;
  entry->state = State::kFree;
  entry->until = now;
  return true;
}

bool DhcpLeaseTable::set_aside(Time now, Bytes identifier, const IpAddress& address, Time until) {
  Entry* const entry = find_held(now, identifier, address);
  if (entry == nullptr) return false;
  give(*entry, {}, State::kSetAside, until);
  return true;
}

std::vector<DhcpLease> DhcpLeaseTable::leases(Time now) const {
  std::vector<DhcpLease> leases;
  for (const Entry& entry : entries_) {
    if (entry.state != State::kLeased || !entry.is_held(now)) continue;
    DhcpLease lease{entry.address, entry.mac, entry.until};
    if (entry.until == Time::max()) lease.expires.reset();
    leases.push_back(lease);
  }
  return leases;
}

std::vector<DhcpLeaseTable::Record> DhcpLeaseTable::records(Time now) const {
  std::vector<Record> records;
  for (const Entry& entry : entries_) {
    if (entry.state != State::kLeased || !entry.is_held(now)) continue;
    Record record{entry.address, entry.identifier, entry.mac, entry.until - now};
    if (entry.until == Time::max()) record.left.reset();
    records.push_back(std::move(record));
  }
  return records;
}

void DhcpLeaseTable::restore(Time now, const std::vector<Record>& records) {
  for (Entry& entry : entries_) entry = {.address = entry.address};
  for (const Record& record : records) {
    const auto entry = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& candidate) {
      return candidate.address == record.address;
    });
    const bool is_usable = entry != entries_.end() && entry->identifier.empty() &&
                           !record.identifier.empty() && !index_of(record.identifier);
    if (!is_usable) continue;
    const Time until = record.left ? now + *record.left : Time::max();
    give(*entry, {record.identifier, record.mac}, State::kLeased, until);
  }
}

void DhcpLeaseTable::reserve(const IpAddress& address) {
  std::erase_if(entries_, [&](const Entry& entry) {
    return entry.address == address && entry.state == State::kFree;
  });
}

std::optional<std::size_t> DhcpLeaseTable::index_of(Bytes identifier) const {
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const auto& known = entries_[i].identifier;
    if (!known.empty() &&
        std::equal(known.begin(), known.end(), identifier.begin(), identifier.end())) {
      return i;
    }
  }
  return std::nullopt;
}

DhcpLeaseTable::Entry* DhcpLeaseTable::find(Bytes identifier) {
  const auto index = index_of(identifier);
  return index ? &entries_[*index] : nullptr;
}

DhcpLeaseTable::Entry* DhcpLeaseTable::find_held(Time now, Bytes identifier,
                                                 const IpAddress& address) {
  Entry* const entry = find(identifier);
  return entry != nullptr && entry->address == address && entry->is_held(now) ? entry : nullptr;
}

DhcpLeaseTable::Entry* DhcpLeaseTable::find_free(Time now, const Client& client,
                                                 const std::optional<IpAddress>& wanted) {
  Entry* best = nullptr;
  bool best_is_used = false;
  for (Entry& entry : entries_) {
    if (entry.is_held(now) || (wanted && entry.address != *wanted)) continue;
    const bool used = use_.is_used_by_other(entry.address, client.mac);
    if (wanted && used) continue;
    const bool better = best == nullptr || (best_is_used && !used) ||
                        (best_is_used == used && entry.until < best->until);
    if (!better) continue;
    best = &entry;
    best_is_used = used;
  }
  return best;
}

void DhcpLeaseTable::give(Entry& entry, const Client& client, State state, Time until) {
  entry.state = state;
  entry.until = until;
  entry.identifier.assign(client.identifier.begin(), client.identifier.end());
  entry.mac = client.mac;
}

}  // namespace sluice
