#include <charconv>

#include "app/options/netdev_type.h"
#include "app/options/values.h"

namespace sluice {
namespace {

struct VdeDraft {
  std::string id;
  VdeNetdev vde;
};

std::uint32_t parse_mode(std::string_view value) {
  constexpr std::uint32_t kMost = 07777;
  std::uint32_t mode = 0;
  const char* const end = value.data() + value.size();
  const auto [stop, error] = std::from_chars(value.data(), end, mode, 8);
  if (value.empty() || error != std::errc{} || stop != end || mode > kMost) {
    throw UsageError("expected octal digits, for example 0700");
  }
  return mode;
}

constexpr auto kRows = std::to_array<KeyRow<VdeDraft>>({
    {kNetdevIdHelp, [](VdeDraft& d, std::string_view v) { d.id = parse_text(v, kMaxNetdevId); }},
    {{"sock", "PATH|URL",
      "The switch: its directory, or anything else that libvdeplug knows. Default: the system's."},
     [](VdeDraft& d, std::string_view v) { d.vde.place = parse_path(v, "a path"); }},
    {{"port", "NUMBER", "The switch's port. Default: any that is free."},
     [](VdeDraft& d, std::string_view v) {
       const auto port = parse_number(v, 65535);
       if (!port) throw UsageError("expected a number up to 65535");
       d.vde.port = static_cast<int>(*port);
     }},
    {{"group", "NAME", "Whose group this end's socket becomes."},
     [](VdeDraft& d, std::string_view v) { d.vde.group = parse_text(v, kMaxNetdevId); }},
    {{"mode", "OCTAL", "What this end's socket permits. Default: 0700."},
     [](VdeDraft& d, std::string_view v) { d.vde.mode = parse_mode(v); }},
});
constexpr KeyTable<VdeDraft> kTable("--netdev vde", kRows);

}  // namespace

NetdevType vde_netdev() {
  return {"vde",
          [](const std::vector<KeyValue>& items) {
            VdeDraft draft = read_netdev(kTable, items);
            return Netdev{std::move(draft.id), std::move(draft.vde)};
          },
          [] { return kTable.help(); }};
}

}  // namespace sluice
