#include "app/options/netdev_type.h"
#include "app/options/values.h"

namespace sluice {
namespace {

struct TapDraft {
  std::string id;
  TapNetdev tap;
};

// Nothing is run; QEMU's "no" is the only value.
void refuse_script(TapDraft& /*draft*/, std::string_view value) {
  if (value != "no" && !value.empty()) {
    throw UsageError("no script is run here; expected no");
  }
}

constexpr auto kTapRows = std::to_array<KeyRow<TapDraft>>({
    {kNetdevIdHelp, [](TapDraft& d, std::string_view v) { d.id = parse_text(v, kMaxNetdevId); }},
    {{"ifname", "NAME", "The interface, which is made if there is none. Default: tap0, tap1, …."},
     [](TapDraft& d, std::string_view v) { d.tap.name = parse_text(v, 15); }},
    {{"fd", "NUMBER", "A tap that somebody else has opened, by its number."},
     [](TapDraft& d, std::string_view v) { d.tap.given = GivenDescriptor{parse_descriptor(v)}; }},
    {{"script", "no", "No script sets it up."}, &refuse_script},
    {{"downscript", "no", "No script takes it down."}, &refuse_script},
});
constexpr KeyTable<TapDraft> kTapTable("--netdev tap", kTapRows);

}  // namespace

NetdevType tap_netdev() {
  return {"tap",
          [](const std::vector<KeyValue>& items) {
            TapDraft draft = read_netdev(kTapTable, items);
            return Netdev{std::move(draft.id), std::move(draft.tap)};
          },
          [] { return kTapTable.help(); }};
}

}  // namespace sluice
