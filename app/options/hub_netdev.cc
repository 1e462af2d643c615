#include "app/options/netdev_type.h"
#include "app/options/values.h"

namespace sluice {
namespace {

struct HubDraft {
  std::string id;
  std::optional<std::uint32_t> hub;
  std::string netdev;
};

constexpr auto kHubRows = std::to_array<KeyRow<HubDraft>>({
    {kNetdevIdHelp, [](HubDraft& d, std::string_view v) { d.id = parse_text(v, kMaxNetdevId); }},
    {{"hubid", "NUMBER", "Which hub."},
     [](HubDraft& d, std::string_view v) {
       d.hub = parse_number(v, INT32_MAX);
       if (!d.hub) throw UsageError("expected a number");
     }},
    {{"netdev", "NAME", "The link that joins it. Default: each --device that names the port's id."},
     [](HubDraft& d, std::string_view v) { d.netdev = parse_text(v, kMaxNetdevId); }},
});
constexpr KeyTable<HubDraft> kHubTable("--netdev hubport", kHubRows);

Netdev hub_port_of(HubDraft draft) {
  if (!draft.hub) fail_netdev("hubport", "hubid is missing");
  if (draft.netdev.empty() && draft.id.empty()) {
    fail_netdev("hubport", "expected netdev, or an id for a --device to name");
  }
  return {std::move(draft.id), HubPort{*draft.hub, std::move(draft.netdev)}};
}

}  // namespace

NetdevType hub_netdev() {
  return {
      "hubport",
      [](const std::vector<KeyValue>& items) { return hub_port_of(read_netdev(kHubTable, items)); },
      [] { return kHubTable.help(); }};
}

}  // namespace sluice
