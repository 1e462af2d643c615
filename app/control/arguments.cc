#include "app/control/arguments.h"

#include <algorithm>

#include "app/control/refused.h"
#include "app/options/nearest.h"

namespace sluice {
namespace {

[[noreturn]] void fail_type(std::string_view name, const std::string& expected) {
  throw Refused("argument " + in_quotes(name) + ": expected " + expected);
}

// Keys are read again from the text of an option, where other letters mean something.
void check_key(const std::string& key) {
  const bool plain = !key.empty() && std::ranges::all_of(key, [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
           (letter >= '0' && letter <= '9') || letter == '.' || letter == '-' || letter == '_';
  });
  if (!plain) throw Refused(in_quotes(key) + " is no name of an option");
}

void add(std::vector<KeyValue>& items, const std::string& key, const Json& value);

void add_members(std::vector<KeyValue>& items, const std::string& prefix, const Json& object) {
  for (const auto& [name, value] : object.items()) {
    check_key(name);
    add(items, prefix + name, value);
  }
}

void add_elements(std::vector<KeyValue>& items, const std::string& key, const Json& array) {
  for (const Json& element : array) {
    const bool is_text = element.is_object() && element.size() == 1 && element.contains("str");
    const Json& value = is_text ? element.at("str") : element;
    if (value.is_structured()) fail_type(key, "a list of texts");
    add(items, key, value);
  }
}

void add(std::vector<KeyValue>& items, const std::string& key, const Json& value) {
  switch (value.type()) {
    case Json::value_t::string:
      items.push_back({.key = key, .value = value.get<std::string>()});
      return;
    case Json::value_t::boolean:
      items.push_back({.key = key, .value = value.get<bool>() ? "on" : "off"});
      return;
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
      items.push_back({.key = key, .value = value.dump()});
      return;
    case Json::value_t::object:
      return add_members(items, key + ".", value);
    case Json::value_t::array:
      return add_elements(items, key, value);
    default:
      fail_type(key, "a text, a whole number, true or false");
  }
}

}  // namespace

Arguments::Arguments(const Json& object, std::initializer_list<std::string_view> names)
    : object_(object) {
  for (const auto& [name, value] : object.items()) {
    if (std::ranges::find(names, name) != names.end()) continue;
    const std::string hint =
        names.size() == 0 ? "; expected none" : suggestion(name, {names.begin(), names.size()});
    throw Refused("there is no argument " + in_quotes(name) + hint);
  }
}

const Json& Arguments::get(std::string_view name) const {
  const auto found = object_.find(name);
  if (found == object_.end()) throw Refused("argument " + in_quotes(name) + " is missing");
  return *found;
}

std::string Arguments::text(std::string_view name) const {
  const Json& value = get(name);
  if (!value.is_string()) fail_type(name, "a text");
  return value.get<std::string>();
}

bool Arguments::boolean(std::string_view name) const {
  const Json& value = get(name);
  if (!value.is_boolean()) fail_type(name, "true or false");
  return value.get<bool>();
}

std::optional<std::string> Arguments::optional_text(std::string_view name) const {
  return object_.contains(name) ? std::optional(text(name)) : std::nullopt;
}

std::optional<std::uint32_t> Arguments::optional_number(std::string_view name) const {
  if (!object_.contains(name)) return std::nullopt;
  const Json& value = get(name);
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() > UINT32_MAX) {
    fail_type(name, "a whole number");
  }
  return value.get<std::uint32_t>();
}

std::vector<KeyValue> flatten(const Json& object) {
  std::vector<KeyValue> items;
  add_members(items, "", object);
  return items;
}

}  // namespace sluice
