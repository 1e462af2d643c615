#include "devices/nic/virtio/net_control.h"

#include <optional>

#include "devices/nic/virtio/net_features.h"

namespace sluice {
namespace {

constexpr std::uint8_t kReceiveModes = 0;
constexpr std::uint8_t kLastOfUsualModes = 1;  // the others are of VIRTIO_NET_F_CTRL_RX_EXTRA

constexpr std::uint8_t kAddresses = 1;
constexpr std::uint8_t kSetTables = 0;
constexpr std::uint8_t kSetStation = 1;

constexpr std::uint8_t kVlans = 2;
constexpr std::uint8_t kAddVlan = 0;
constexpr std::uint8_t kRemoveVlan = 1;

constexpr std::uint8_t kPairs = 4;
constexpr std::uint8_t kSetPairs = 0;

constexpr std::uint8_t kDone = 0;
constexpr std::uint8_t kRefused = 1;

// What is all that is left of a command.
template <typename T>
std::optional<T> read_last(VirtioChainReader& data) {
  return data.left() == sizeof(T) ? data.read_number<T>() : std::nullopt;
}

// A number of addresses, and these.
std::optional<VirtioNetFilter::Table> read_table(VirtioChainReader& data) {
  const auto count = data.read_number<std::uint32_t>();
  if (!count) return std::nullopt;
  VirtioNetFilter::Table table;
  if (*count > VirtioNetFilter::Table::kMost) {
    table.add_all();
    return data.skip(std::uint64_t{*count} * MacAddress::kSize) ? std::optional(table)
                                                                : std::nullopt;
  }
  for (std::uint32_t i = 0; i < *count; ++i) {
    const auto octets = data.read<MacAddress::kSize>();
    if (!octets) return std::nullopt;
    table.add(MacAddress(*octets));
  }
  return table;
}

}  // namespace

bool VirtioNetControl::answer(VirtioQueue& queue, std::uint64_t features) {
  for (unsigned i = 0; i < kMost; ++i) {
    if (!queue.next(chain_)) return false;
    if (chain_.writable().empty()) {
      queue.complete(chain_.name, 0);
      continue;
    }
    const bool done = obey(VirtioChainReader(chain_), features);
    const MutableBytes verdict = chain_.writable().front().first(1);
    shared_word<std::uint8_t>(verdict, 0).store(done ? kDone : kRefused, std::memory_order_relaxed);
    if (memory_.is_watched()) memory_.on_written(verdict);
    queue.complete(chain_.name, 1);
  }
  return true;
}

bool VirtioNetControl::obey(VirtioChainReader command, std::uint64_t features) {
  const auto has = [features](std::uint64_t feature) { return (features & feature) != 0; };
  const auto kind = command.read<2>();
  if (!kind) return false;
  const auto [group, number] = *kind;
  switch (group) {
    case kReceiveModes:
      return has(number <= kLastOfUsualModes ? virtio::kCtrlRx : virtio::kCtrlRxExtra) &&
             set_mode(number, command);
    case kAddresses:
      if (number == kSetTables) return has(virtio::kCtrlRx) && set_tables(command);
      return number == kSetStation && has(virtio::kCtrlMacAddr) && set_station(command);
    case kVlans:
      return has(virtio::kCtrlVlan) && set_vlan(number, command);
    case kPairs: {
      const auto pairs = read_last<std::uint16_t>(command);
      return number == kSetPairs && pairs && *pairs >= 1 && *pairs <= pairs_;
    }
    default:
      return false;
  }
}

bool VirtioNetControl::set_mode(std::uint8_t number, VirtioChainReader& data) {
  const auto on = read_last<std::uint8_t>(data);
  if (number >= VirtioNetFilter::kModes || !on || *on > 1) return false;
  filter_.set_mode(static_cast<VirtioNetFilter::Mode>(number), *on != 0);
  return true;
}

bool VirtioNetControl::set_tables(VirtioChainReader& data) {
  const auto unicast = read_table(data);
  if (!unicast) return false;
  const auto multicast = read_table(data);
  if (!multicast || data.left() != 0) return false;
  filter_.set_tables(*unicast, *multicast);
  return true;
}

bool VirtioNetControl::set_station(VirtioChainReader& data) {
  const auto octets = data.read<MacAddress::kSize>();
  if (!octets || data.left() != 0 || !MacAddress(*octets).is_station()) return false;
  filter_.set_station(MacAddress(*octets));
  return true;
}

bool VirtioNetControl::set_vlan(std::uint8_t number, VirtioChainReader& data) {
  const auto vlan = read_last<std::uint16_t>(data);
  if (!vlan || *vlan >= VirtioNetFilter::kVlans) return false;
  if (number != kAddVlan && number != kRemoveVlan) return false;
  filter_.set_vlan(*vlan, number == kAddVlan);
  return true;
}

}  // namespace sluice
