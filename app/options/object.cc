#include "app/options/object.h"

#include <array>

#include "app/options/values.h"

namespace sluice {
namespace {

constexpr std::size_t kMaxName = 255;

constexpr auto kRows = std::to_array<KeyRow<FilterDump>>({
    {{"id", "NAME", "A name for it."},
     [](FilterDump& dump, std::string_view value) { dump.id = parse_text(value, kMaxName); }},
    {{"netdev", "NAME", "The link whose frames are recorded, both ways."},
     [](FilterDump& dump, std::string_view value) { dump.netdev = parse_text(value, kMaxName); }},
    {{"file", "PATH", "Where to, as pcap with nanoseconds."},
     [](FilterDump& dump, std::string_view value) { dump.file = parse_path(value, "a file"); }},
    {{"maxlen", "BYTES", "What is kept of each frame. Default: 65536."},
     [](FilterDump& dump, std::string_view value) {
       constexpr std::uint32_t kMost = 262144;
       const auto length = parse_number(value, kMost);
       if (!length || *length == 0) throw UsageError("expected 1 to 262144");
       dump.max_length = *length;
     }},
});
constexpr KeyTable<FilterDump> kTable("--object filter-dump", kRows);

}  // namespace

FilterDump parse_object(std::string_view text) {
  constexpr std::array<std::string_view, 1> kTypes = {"filter-dump"};
  const std::vector<KeyValue> items = parse_key_values(text, "qom-type");
  FilterDump dump;
  std::string_view type;
  for (const KeyValue& item : items) {
    if (item.key == "qom-type") type = item.value;
  }
  if (type != kTypes[0]) {
    throw UsageError("--object: no type '" + std::string(type) + "'" + suggestion(type, kTypes));
  }
  for (const KeyValue& item : items) {
    if (item.key != "qom-type") kTable.apply(dump, item);
  }
  if (dump.netdev.empty() || dump.file.empty()) {
    throw UsageError("--object filter-dump: netdev and file are both needed");
  }
  return dump;
}

std::vector<OptionHelp> filter_dump_help() {
  return kTable.help();
}

}  // namespace sluice
