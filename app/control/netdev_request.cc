#include "app/control/netdev_request.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "app/control/arguments.h"
#include "app/control/refused.h"
#include "stack/address.h"

namespace sluice {
namespace {

// Whose values hold a host: "socket" has them with a port behind, and "l2tpv3" without.
constexpr std::array<std::string_view, 5> kPlacesOfSocket = {"listen", "connect", "mcast", "udp",
                                                             "localaddr"};
constexpr std::array<std::string_view, 2> kHostsOfTunnel = {"src", "dst"};

std::string_view host_in(std::string_view type, const KeyValue& item) {
  const std::string_view value = item.value;
  const auto is_one_of = [&](const auto& keys) {
    return std::ranges::find(keys, item.key) != keys.end();
  };
  if (type == "socket" && is_one_of(kPlacesOfSocket)) return value.substr(0, value.rfind(':'));
  const bool is_host =
      item.key.ends_with(".host") || (type == "l2tpv3" && is_one_of(kHostsOfTunnel));
  return is_host ? value : std::string_view();
}

bool needs_no_resolver(std::string_view host) {
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return host.empty() || host == "localhost" || IpAddress::parse(host);
}

bool takes_descriptor(const Netdev& netdev) {
  if (const auto* const stream = std::get_if<StreamNetdev>(&netdev.kind)) {
    return std::holds_alternative<GivenDescriptor>(stream->peer);
  }
  if (const auto* const datagram = std::get_if<DatagramNetdev>(&netdev.kind)) {
    return std::holds_alternative<GivenDescriptor>(datagram->peer);
  }
  const auto* const tap = std::get_if<TapNetdev>(&netdev.kind);
  return tap != nullptr && !tap->given.empty();
}

bool runs_command(const Netdev& netdev) {
  const auto* const tap = std::get_if<TapNetdev>(&netdev.kind);
  return tap != nullptr &&
         !(tap->script.empty() && tap->down_script.empty() && tap->helper.empty());
}

}  // namespace

Netdev parse_netdev_request(const Json& arguments) {
  std::vector<KeyValue> items = flatten(arguments);
  // As on a command line, where the type is the word in front.
  std::stable_partition(items.begin(), items.end(),
                        [](const KeyValue& item) { return item.key == "type"; });
  // The last one counts, as for the parser.
  std::string_view type;
  for (const KeyValue& item : items) {
    if (item.key == "type") type = item.value;
  }
  for (const KeyValue& item : items) {
    const std::string_view host = host_in(type, item);
    if (needs_no_resolver(host)) continue;
    throw Refused(item.key + ": '" + std::string(host) +
                  "' is no address, and everybody would wait until a name is resolved; expected "
                  "its address");
  }
  constexpr std::string_view kFirstKey = "type=";
  std::string text = emit_key_values(items);
  if (text.starts_with(kFirstKey)) text.erase(0, kFirstKey.size());
  Netdev netdev = parse_netdev(text);
  if (takes_descriptor(netdev)) {
    throw Refused("a descriptor can't be handed over here; expected an address or a name");
  }
  if (runs_command(netdev)) {
    throw Refused(
        "a script or helper can't be run here, since everybody would wait until it ends; expected "
        "a tap without one, or one that 'sluice run' is started with");
  }
  return netdev;
}

}  // namespace sluice
