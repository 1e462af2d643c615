#include "app/control/client_request.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "app/control/request.h"
#include "app/options/key_values.h"
#include "app/options/usage_error.h"
#include "app/options/values.h"

namespace sluice {
namespace {

// What words without a key are, in their order.
struct Places {
  std::string_view command;
  std::array<std::string_view, 2> names;
};
constexpr auto kPlaces = std::to_array<Places>({
    {"hostfwd_add", {"hostfwd"}},
    {"hostfwd_remove", {"hostfwd"}},
    {"netdev_del", {"id"}},
    {"query-usernet", {"netdev"}},
    {"set_link", {"name", "up"}},
});

// Where the key of a word ends; nullopt if it has none.
std::optional<std::size_t> end_of_key(std::string_view word) {
  const std::size_t end = word.find('=');
  if (end == std::string_view::npos || end == 0) return std::nullopt;
  const bool is_key = std::ranges::all_of(word.substr(0, end), [](char letter) {
    return (letter >= 'a' && letter <= 'z') || letter == '_' || letter == '-' || letter == '.';
  });
  return is_key ? std::optional(end) : std::nullopt;
}

Json value_of(const std::string& key, const std::string& text) {
  try {
    if (key == "up") return parse_switch(text);
  } catch (const UsageError& error) {
    throw UsageError("ctl: up=" + text + ": " + error.what());
  }
  if (key != "max") return text;
  const auto number = parse_number(text, UINT32_MAX);
  if (!number) throw UsageError("ctl: max=" + text + ": expected a number");
  return *number;
}

// A key that comes again, as hostfwd= may, is a list.
void put(Json& arguments, const std::string& key, Json value) {
  if (!arguments.contains(key)) {
    arguments[key] = std::move(value);
    return;
  }
  Json& before = arguments[key];
  if (!before.is_array()) before = Json::array({before});
  before.push_back(std::move(value));
}

// Items of one option's text are arguments each, in the form of its keys.
void put_netdev(Json& arguments, const std::string& word) {
  for (const KeyValue& item : parse_key_values(word, "type")) {
    const bool is_off = item.flag && item.key.starts_with("no") && item.key.size() > 2;
    if (item.flag) {
      put(arguments, is_off ? item.key.substr(2) : item.key, !is_off);
    } else {
      put(arguments, item.key, item.value);
    }
  }
}

}  // namespace

std::string client_request(const std::vector<std::string>& words, int id) {
  const std::string& command = words.front();
  Json arguments = Json::object();
  const auto* const places = std::ranges::find(kPlaces, command, &Places::command);
  std::size_t place = 0;
  for (std::size_t i = 1; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (command == "netdev_add") {
      put_netdev(arguments, word);
    } else if (const auto end = end_of_key(word)) {
      const std::string key = word.substr(0, *end);
      put(arguments, key, value_of(key, word.substr(*end + 1)));
    } else {
      const bool has_place = places != kPlaces.end() && place < places->names.size() &&
                             !places->names.at(place).empty();
      if (!has_place) throw UsageError("ctl: '" + word + "': expected KEY=VALUE");
      const std::string key(places->names.at(place++));
      put(arguments, key, value_of(key, word));
    }
  }
  Json request = {{"execute", command}, {"id", id}};
  if (!arguments.empty()) request["arguments"] = std::move(arguments);
  // What a terminal gives may be no UTF-8.
  return request.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace sluice
