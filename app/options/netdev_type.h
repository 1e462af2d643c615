// How one type of netdev is read: what the files of types give to netdev.cc, and what they share.

#ifndef SLUICE_APP_OPTIONS_NETDEV_TYPE_H_
#define SLUICE_APP_OPTIONS_NETDEV_TYPE_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/options/key_table.h"
#include "app/options/netdev.h"

namespace sluice {

struct NetdevType {
  std::string_view name;
  // Throws UsageError.
  Netdev (*parse)(const std::vector<KeyValue>& items);
  std::vector<OptionHelp> (*help)();
};

// socket_netdevs.cc
NetdevType stream_netdev();
NetdevType datagram_netdev();
NetdevType socket_netdev();
// tap_netdevs.cc
NetdevType tap_netdev();
NetdevType bridge_netdev();
// vde_netdev.cc
NetdevType vde_netdev();
// l2tpv3_netdev.cc
NetdevType l2tpv3_netdev();
// hub_netdev.cc
NetdevType hub_netdev();

constexpr OptionHelp kNetdevIdHelp{"id", "NAME", "A name for this link."};
constexpr std::size_t kMaxNetdevId = 255;

// "--netdev TYPE: WHAT".
[[noreturn]] inline void fail_netdev(std::string_view type, const std::string& what) {
  throw UsageError("--netdev " + std::string(type) + ": " + what);
}

// What the items of a netdev say together.
template <typename Draft>
Draft read_netdev(const KeyTable<Draft>& table, const std::vector<KeyValue>& items) {
  Draft draft;
  for (const KeyValue& item : items) {
    if (item.key != "type") table.apply(draft, item);
  }
  return draft;
}

}  // namespace sluice

#endif  // SLUICE_APP_OPTIONS_NETDEV_TYPE_H_
