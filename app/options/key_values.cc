#include "app/options/key_values.h"

#include <algorithm>

namespace sluice {
namespace {

// Takes a value off the front of `rest`, up to and with the comma that ends it.
std::string take_value(std::string_view& rest) {
  std::string value;
  while (!rest.empty()) {
    const std::size_t comma = rest.find(',');
    if (comma == std::string_view::npos) {
      value += rest;
      rest = {};
      break;
    }
    value += rest.substr(0, comma);
    rest.remove_prefix(comma + 1);
    if (rest.empty() || rest.front() != ',') break;
    value += ',';
    rest.remove_prefix(1);
  }
  return value;
}

}  // namespace

std::vector<KeyValue> parse_key_values(std::string_view text, std::string_view implied_key) {
  std::vector<KeyValue> items;
  bool first = true;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(",="), text.size());
    KeyValue item;
    if (end < text.size() && text[end] == '=') {
      item.key = text.substr(0, end);
      text.remove_prefix(end + 1);
      item.value = take_value(text);
    } else if (first && !implied_key.empty()) {
      item.key = implied_key;
      item.value = take_value(text);
    } else {
      item.key = text.substr(0, end);
      item.flag = true;
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    first = false;
    if (!item.key.empty() || !item.flag) items.push_back(std::move(item));
  }
  return items;
}

std::string emit_key_values(const std::vector<KeyValue>& items) {
  std::string text;
  for (const KeyValue& item : items) {
    if (!text.empty()) text += ',';
    text += item.key;
    if (item.flag) continue;
    text += '=';
    for (const char c : item.value) {
      text += c;
      if (c == ',') text += c;
    }
  }
  return text;
}

}  // namespace sluice
