#include "app/options/netdev.h"

#include <algorithm>
#include <array>

#include "app/options/netdev_type.h"

namespace sluice {
namespace {

NetdevType user_netdev() {
  return {"user",
          [](const std::vector<KeyValue>& items) {
            UserNetworkOptions options = parse_user_network(emit_key_values(items));
            std::string id = options.id;
            return Netdev{std::move(id), std::move(options)};
          },
          &user_network_help};
}

const std::array<NetdevType, 9>& types() {
  static const std::array<NetdevType, 9> types{
      user_netdev(),   stream_netdev(), datagram_netdev(), socket_netdev(), tap_netdev(),
      bridge_netdev(), vde_netdev(),    l2tpv3_netdev(),   hub_netdev(),
  };
  return types;
}

const NetdevType& type_of(std::string_view name) {
  const auto found = std::ranges::find(types(), name, &NetdevType::name);
  if (found != types().end()) return *found;
  const std::vector<std::string_view> names = netdev_types();
  throw UsageError("--netdev: no type '" + std::string(name) + "'" + suggestion(name, names));
}

}  // namespace

Netdev parse_netdev(std::string_view text) {
  const std::vector<KeyValue> items = parse_key_values(text, "type");
  std::string_view type;
  for (const KeyValue& item : items) {
    if (item.key == "type") type = item.value;
  }
  if (type.empty()) throw UsageError("--netdev: the type is missing; expected TYPE,KEY=VALUE,…");
  Netdev netdev = type_of(type).parse(items);
  netdev.text = text;
  return netdev;
}

std::vector<std::string_view> netdev_types() {
  std::vector<std::string_view> names;
  names.reserve(types().size());
  for (const NetdevType& type : types()) names.push_back(type.name);
  return names;
}

std::vector<OptionHelp> netdev_help(std::string_view type) {
  return type_of(type).help();
}

}  // namespace sluice
