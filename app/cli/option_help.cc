#include "app/cli/option_help.h"

#include <algorithm>

#include "app/options/device.h"
#include "app/options/netdev.h"
#include "app/options/object.h"

namespace sluice {
namespace {

constexpr std::size_t kIndent = 4;

std::string list_names(std::string_view title, const std::vector<std::string_view>& names) {
  std::string text = std::string(title) + ":\n";
  for (const std::string_view name : names) text.append(name).append("\n");
  return text;
}

std::string list_cards() {
  std::string text = "Available network cards:\n";
  for (const OptionHelp& model : device_models()) {
    text.append(model.key).append(": ").append(model.text).append("\n");
  }
  return text;
}

std::string list_types(std::string_view option) {
  if (option == "--device") return list_cards();
  if (option == "--object") return list_names("List of user creatable objects", object_types());
  return list_names("Available netdev backend types", netdev_types());
}

std::vector<OptionHelp> keys_of(std::string_view option, std::string_view type) {
  if (option == "--object") return object_help(type);
  if (option != "--device") return netdev_help(type);
  return device_help(type);
}

}  // namespace

std::optional<std::string> help_of_option(std::string_view option, std::string_view text) {
  const std::vector<KeyValue> items = parse_key_values(text, "type");
  std::string_view type;
  bool asked = false;
  for (const KeyValue& item : items) {
    if (item.key == "type") type = item.value;
    if (item.key == "help" && item.flag) asked = true;
    if (option == "--nic" && item.key == "model" && item.value == "help") return list_cards();
  }
  if (type == "help" || (asked && type.empty())) return list_types(option);
  if (!asked) return std::nullopt;
  return std::string(type) + " options:\n" + list_options(keys_of(option, type), kIndent);
}

std::string list_options(const std::vector<OptionHelp>& options, std::size_t indent) {
  std::string text;
  for (const OptionHelp& option : options) {
    text.append(indent, ' ').append(option.key).append("=").append(option.value).append("\n");
    text += wrap(option.text, 2 * indent, kManualWidth);
  }
  return text;
}

std::string wrap(std::string_view text, std::size_t indent, std::size_t width) {
  std::string lines;
  std::size_t column = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (word.empty()) continue;
    if (column != 0 && column + 1 + word.size() > width) {
      lines += '\n';
      column = 0;
    }
    if (column == 0) {
      lines.append(indent, ' ');
      column = indent;
    } else {
      lines += ' ';
      ++column;
    }
    lines += word;
    column += word.size();
  }
  return lines + "\n";
}

}  // namespace sluice
