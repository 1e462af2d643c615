#include "app/options/object.h"

#include <algorithm>
#include <array>
#include <utility>

#include "app/options/impairment.h"
#include "app/options/values.h"

namespace sluice {
namespace {

constexpr std::size_t kMaxName = 255;

struct CommonDraft {
  std::string id;
  std::string netdev;
};

constexpr auto kCommonRows = std::to_array<KeyRow<CommonDraft>>({
    {{"id", "NAME", "A name for it."},
     [](CommonDraft& draft, std::string_view value) { draft.id = parse_text(value, kMaxName); }},
    {{"netdev", "NAME", "The link that it is put on."},
     [](CommonDraft& draft, std::string_view value) {
       draft.netdev = parse_text(value, kMaxName);
     }},
});
constexpr KeyTable<CommonDraft> kCommonTable("--object", kCommonRows);

constexpr auto kDumpRows = std::to_array<KeyRow<FilterDump>>({
    {{"file", "PATH", "Where its frames are recorded, both ways, as pcap with nanoseconds."},
     [](FilterDump& dump, std::string_view value) { dump.file = parse_path(value, "a file"); }},
    {{"maxlen", "BYTES", "What is kept of each frame. Default: 65536."},
     [](FilterDump& dump, std::string_view value) {
       constexpr std::uint32_t kMost = 262144;
       const auto length = parse_number(value, kMost);
       if (!length || *length == 0) throw UsageError("expected 1 to 262144");
       dump.max_length = *length;
     }},
});
constexpr KeyTable<FilterDump> kDumpTable("--object filter-dump", kDumpRows);

struct Type {
  std::string_view name;
  std::variant<FilterDump, Impairment> (*parse)(const std::vector<KeyValue>& items);
  std::vector<OptionHelp> (*help)();
};

constexpr std::array<Type, 2> kTypes{{
    {"filter-dump",
     [](const std::vector<KeyValue>& items) {
       FilterDump dump;
       for (const KeyValue& item : items) kDumpTable.apply(dump, item);
       if (dump.file.empty()) throw UsageError("--object filter-dump: file is missing");
       return std::variant<FilterDump, Impairment>(dump);
     },
     [] { return kDumpTable.help(); }},
    {"impair",
     [](const std::vector<KeyValue>& items) {
       return std::variant<FilterDump, Impairment>(parse_impairment("--object impair", items));
     },
     &impairment_help},
}};

const Type& type_of(std::string_view name) {
  const auto* const found = std::ranges::find(kTypes, name, &Type::name);
  if (found != kTypes.end()) return *found;
  const std::vector<std::string_view> names = object_types();
  throw UsageError("--object: no type '" + std::string(name) + "'" + suggestion(name, names));
}

bool is_common(const KeyValue& item) {
  return std::ranges::any_of(kCommonRows,
                             [&](const auto& row) { return row.help.key == item.key; });
}

}  // namespace

LinkObject parse_object(std::string_view text) {
  CommonDraft common;
  std::string type_name;
  std::vector<KeyValue> rest;
  for (KeyValue& item : parse_key_values(text, "qom-type")) {
    if (item.key == "qom-type") {
      type_name = std::move(item.value);
    } else if (is_common(item)) {
      kCommonTable.apply(common, item);
    } else {
      rest.push_back(std::move(item));
    }
  }
  const Type& type = type_of(type_name);
  LinkObject object{
      .id = std::move(common.id), .netdev = std::move(common.netdev), .kind = type.parse(rest)};
  if (object.netdev.empty()) {
    throw UsageError("--object " + std::string(type.name) + ": netdev is missing");
  }
  return object;
}

std::vector<std::string_view> object_types() {
  std::vector<std::string_view> names;
  names.reserve(kTypes.size());
  for (const Type& type : kTypes) names.push_back(type.name);
  return names;
}

std::vector<OptionHelp> object_help(std::string_view type) {
  std::vector<OptionHelp> help = kCommonTable.help();
  const std::vector<OptionHelp> own = type_of(type).help();
  help.insert(help.end(), own.begin(), own.end());
  return help;
}

}  // namespace sluice
