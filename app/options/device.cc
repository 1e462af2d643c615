#include "app/options/device.h"

#include <algorithm>
#include <array>
#include <utility>

#include "app/options/values.h"

namespace sluice {
namespace {

constexpr std::size_t kMaxName = 255;
constexpr std::string_view kOption = "--device";

struct Model {
  std::string_view name;
  std::string_view text;
  CardModel model;
  bool has_virtqueues;  // to be reached by vhost-user
};

constexpr auto kModels = std::to_array<Model>({
    {"e1000", "Intel 82540EM, Gigabit Ethernet.", CardModel::kE1000, false},
    {"rtl8139", "Realtek RTL8139C+, Fast Ethernet.", CardModel::kRtl8139, false},
    {"i82559c", "Intel 82559C, Fast Ethernet.", CardModel::kI82559c, false},
    {"virtio-net", "The OASIS virtio network device.", CardModel::kVirtioNet, true},
});

const Model& model_of(std::string_view name) {
  const auto* const found = std::ranges::find(kModels, name, &Model::name);
  if (found != kModels.end()) return *found;
  std::vector<std::string_view> names;
  names.reserve(kModels.size());
  for (const Model& model : kModels) names.push_back(model.name);
  throw UsageError(std::string(kOption) + ": no model '" + std::string(name) + "'" +
                   suggestion(name, names));
}

struct Draft {
  CardOptions card;
  std::optional<std::string> vfio_user;
  std::optional<std::string> vhost_user;
  std::optional<bool> plus;
  std::optional<std::uint16_t> queues;
};

std::uint16_t parse_queues(std::string_view value) {
  const auto pairs = parse_number(value, CardOptions::kMaxQueues);
  if (!pairs || *pairs == 0) throw UsageError("expected 1 to 8");
  return static_cast<std::uint16_t>(*pairs);
}

MacAddress parse_station(std::string_view value) {
  const auto mac = MacAddress::parse(value);
  if (!mac || !mac->is_station()) {
    throw UsageError("expected an address of one card, such as 52:54:00:12:34:56");
  }
  return *mac;
}

constexpr auto kRows = std::to_array<KeyRow<Draft>>({
    {{"id", "NAME", "A name for the card."},
     [](Draft& d, std::string_view v) { d.card.id = parse_text(v, kMaxName); }},
    {{"netdev", "NAME", "The link, user network or hub port that it is plugged into."},
     [](Draft& d, std::string_view v) { d.card.netdev = parse_text(v, kMaxName); }},
    {{"mac", "ADDRESS",
      "Its Ethernet address. Default: 52:54:00:12:34:56, or the next one that no other card has."},
     [](Draft& d, std::string_view v) { d.card.mac = parse_station(v); }},
    {{"vfio-user", "PATH", "Listens there for a machine with PCI, as QEMU with its vfio-user-pci."},
     [](Draft& d, std::string_view v) { d.vfio_user = parse_path(v, "a socket's path"); }},
    {{"vhost-user", "PATH",
      "Listens there for a machine that has a virtio device itself; for virtio-net."},
     [](Draft& d, std::string_view v) { d.vhost_user = parse_path(v, "a socket's path"); }},
    {{"plus", "on|off",
      "Whether an rtl8139 has C+ mode, for drivers such as Linux' 8139cp; 8139too wants one that "
      "has not. Default: on."},
     [](Draft& d, std::string_view v) { d.plus = parse_switch(v); }},
    {{"queues", "NUMBER",
      "Pairs of queues that a machine may have, 1 to 8; for virtio-net. Default: 1."},
     [](Draft& d, std::string_view v) { d.queues = parse_queues(v); }},
});
constexpr KeyTable<Draft> kTable(kOption, kRows);

[[noreturn]] void fail(const Model& model, std::string_view what) {
  throw UsageError(std::string(kOption) + " " + std::string(model.name) + ": " + std::string(what));
}

// Whether cards of this model have what the key says.
bool has_key(const Model& model, std::string_view key) {
  if (key == "plus") return model.model == CardModel::kRtl8139;
  if (key == "vhost-user" || key == "queues") return model.has_virtqueues;
  return true;
}

}  // namespace

CardOptions parse_device(std::string_view text) {
  constexpr std::string_view kDriver = "driver";
  const std::vector<KeyValue> items = parse_key_values(text, kDriver);
  const auto driver = std::ranges::find(items, kDriver, &KeyValue::key);
  if (driver == items.end()) {
    throw UsageError(std::string(kOption) + ": the model is missing; expected MODEL,KEY=VALUE,…");
  }
  const Model& model = model_of(driver->value);
  Draft draft;
  draft.card.model = model.model;
  for (const KeyValue& item : items) {
    if (item.key != kDriver) kTable.apply(draft, item);
  }
  if (draft.card.netdev.empty()) fail(model, "netdev is missing");
  if (draft.vfio_user.has_value() == draft.vhost_user.has_value()) {
    fail(model, model.has_virtqueues ? "expected either vfio-user=PATH or vhost-user=PATH"
                                     : "expected vfio-user=PATH");
  }
  if (draft.plus && !has_key(model, "plus")) {
    fail(model, "has no plus; only rtl8139 has");
  }
  draft.card.plus = draft.plus.value_or(true);
  if (draft.vfio_user) {
    draft.card.socket = CardSocket::kVfioUser;
    draft.card.path = std::move(*draft.vfio_user);
  } else {
    if (!has_key(model, "vhost-user")) fail(model, "has no vhost-user; expected vfio-user=PATH");
    draft.card.socket = CardSocket::kVhostUser;
    draft.card.path = std::move(*draft.vhost_user);
  }
  if (draft.queues && !has_key(model, "queues")) fail(model, "has no queues to choose a number of");
  draft.card.queues = draft.queues.value_or(1);
  return std::move(draft.card);
}

std::vector<OptionHelp> device_models() {
  std::vector<OptionHelp> help;
  help.reserve(kModels.size());
  for (const Model& model : kModels) help.push_back({model.name, {}, model.text});
  return help;
}

std::vector<OptionHelp> device_help() {
  return kTable.help();
}

std::vector<OptionHelp> device_help(std::string_view model) {
  std::vector<OptionHelp> help = kTable.help();
  std::erase_if(help, [&found = model_of(model)](const OptionHelp& option) {
    return !has_key(found, option.key);
  });
  return help;
}

}  // namespace sluice
