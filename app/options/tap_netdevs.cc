#include <algorithm>

#include "app/options/netdev_type.h"
#include "app/options/values.h"

namespace sluice {
namespace {

constexpr std::string_view kBridgeHelper = "/usr/lib/qemu/qemu-bridge-helper";
constexpr std::uint32_t kMaxQueues = 256;  // as many as an interface has at most

struct TapDraft {
  std::string id;
  TapNetdev tap;
  std::optional<std::uint32_t> queues;
  std::optional<bool> vnet_headers;
  std::string bridge;
};

// "no" is none, as QEMU has it.
std::string parse_script(std::string_view value) {
  return value.empty() || value == "no" ? "" : parse_path(value, "a command, or no");
}

std::vector<GivenDescriptor> parse_descriptors(std::string_view value) {
  std::vector<GivenDescriptor> descriptors;
  for (;;) {
    const std::size_t end = std::min(value.find(':'), value.size());
    const int number = parse_descriptor(value.substr(0, end));
    if (std::ranges::find(descriptors, number, &GivenDescriptor::number) != descriptors.end()) {
      throw UsageError("expected each number once");
    }
    descriptors.push_back({number});
    if (end == value.size()) return descriptors;
    value.remove_prefix(end + 1);
  }
}

std::string parse_bridge(std::string_view value) {
  constexpr std::size_t kMaxName = 15;
  return parse_text(value, kMaxName);
}

constexpr auto kTapRows = std::to_array<KeyRow<TapDraft>>({
    {kNetdevIdHelp, [](TapDraft& d, std::string_view v) { d.id = parse_text(v, kMaxNetdevId); }},
    {{"ifname", "NAME", "The interface, which is made if there is none. Default: tap0, tap1, …."},
     [](TapDraft& d, std::string_view v) { d.tap.name = parse_text(v, 15); }},
    {{"fd", "NUMBER", "A tap that somebody else has opened, by its number."},
     [](TapDraft& d, std::string_view v) { d.tap.given = {{parse_descriptor(v)}}; }},
    {{"fds", "NUMBER:NUMBER:…", "The same for each queue of an interface that has several."},
     [](TapDraft& d, std::string_view v) { d.tap.given = parse_descriptors(v); }},
    {{"script", "COMMAND|no",
      "Is run with the interface's name when it has come. Default: no, which is none."},
     [](TapDraft& d, std::string_view v) { d.tap.script = parse_script(v); }},
    {{"downscript", "COMMAND|no", "Is run with the name before the interface goes. Default: no."},
     [](TapDraft& d, std::string_view v) { d.tap.down_script = parse_script(v); }},
    {{"vnet_hdr", "on|off",
      "on lets the kernel hand over large frames, whose checksums and segments it leaves to this "
      "end; off takes plain frames. Default: on."},
     [](TapDraft& d, std::string_view v) { d.vnet_headers = parse_switch(v); },
     true},
    {{"queues", "NUMBER", "How many queues the interface has. Default: 1."},
     [](TapDraft& d, std::string_view v) {
       d.queues = parse_number(v, kMaxQueues);
       if (d.queues.value_or(0) == 0) throw UsageError("expected 1 to 256");
     }},
    {{"helper", "COMMAND", "Makes the interface, puts it on a bridge, and hands it over."},
     [](TapDraft& d, std::string_view v) { d.tap.helper = parse_path(v, "a command"); }},
    {{"br", "NAME", "The bridge, for a helper. Default: br0."},
     [](TapDraft& d, std::string_view v) { d.bridge = parse_bridge(v); }},
});
constexpr KeyTable<TapDraft> kTapTable("--netdev tap", kTapRows);

Netdev tap_of(TapDraft draft) {
  TapNetdev& tap = draft.tap;
  const bool ours = !tap.name.empty() || !tap.script.empty() || !tap.down_script.empty() ||
                    draft.vnet_headers || draft.queues;
  if (!tap.given.empty() && (ours || !tap.helper.empty())) {
    fail_netdev("tap",
                "fd and fds are of a tap that is there; expected no ifname, script, downscript, "
                "vnet_hdr, queues or helper beside them");
  }
  if (!tap.helper.empty() && ours) {
    fail_netdev("tap",
                "a helper makes the tap; expected no ifname, script, downscript, vnet_hdr or "
                "queues beside it");
  }
  if (!draft.bridge.empty() && tap.helper.empty()) {
    fail_netdev("tap", "br belongs to helper; expected helper=" + std::string(kBridgeHelper));
  }
  tap.queues = draft.queues.value_or(1);
  tap.vnet_headers = draft.vnet_headers.value_or(true);
  if (!draft.bridge.empty()) tap.bridge = draft.bridge;
  return {std::move(draft.id), std::move(tap)};
}

struct BridgeDraft {
  std::string id;
  TapNetdev tap;
};

constexpr auto kBridgeRows = std::to_array<KeyRow<BridgeDraft>>({
    {kNetdevIdHelp, [](BridgeDraft& d, std::string_view v) { d.id = parse_text(v, kMaxNetdevId); }},
    {{"br", "NAME", "The bridge that the interface is put on. Default: br0."},
     [](BridgeDraft& d, std::string_view v) { d.tap.bridge = parse_bridge(v); }},
    {{"helper", "COMMAND",
      "Makes the interface and hands it over; /etc/qemu/bridge.conf tells it which bridges may be "
      "used. Default: /usr/lib/qemu/qemu-bridge-helper."},
     [](BridgeDraft& d, std::string_view v) { d.tap.helper = parse_path(v, "a command"); }},
});
constexpr KeyTable<BridgeDraft> kBridgeTable("--netdev bridge", kBridgeRows);

Netdev bridge_of(BridgeDraft draft) {
  if (draft.tap.helper.empty()) draft.tap.helper = kBridgeHelper;
  return {std::move(draft.id), std::move(draft.tap)};
}

}  // namespace

NetdevType tap_netdev() {
  return {"tap",
          [](const std::vector<KeyValue>& items) { return tap_of(read_netdev(kTapTable, items)); },
          [] { return kTapTable.help(); }};
}

NetdevType bridge_netdev() {
  return {"bridge",
          [](const std::vector<KeyValue>& items) {
            return bridge_of(read_netdev(kBridgeTable, items));
          },
          [] { return kBridgeTable.help(); }};
}

}  // namespace sluice
