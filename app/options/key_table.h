// The keys that one kind of option knows, as a table: a row for each, which sets what it means in a
// draft of the values, and makes the manual's text.

#ifndef SLUICE_APP_OPTIONS_KEY_TABLE_H_
#define SLUICE_APP_OPTIONS_KEY_TABLE_H_

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/options/key_values.h"
#include "app/options/nearest.h"
#include "app/options/usage_error.h"

namespace sluice {

// A key's syntax, and what it does in words, for a manual.
struct OptionHelp {
  std::string_view key;
  std::string_view value;
  std::string_view text;
};

template <typename Draft>
struct KeyRow {
  OptionHelp help;
  // Throws UsageError with what was expected.
  void (*set)(Draft& draft, std::string_view value);
  bool is_switch = false;  // may be written without a value, and with "no" in front
};

template <typename Draft>
class KeyTable {
 public:
  using Rows = std::span<const KeyRow<Draft>>;

  // `option` begins every complaint: "--netdev user". The rows outlive the table.
  constexpr KeyTable(std::string_view option, Rows rows) : option_(option), rows_(rows) {}

  // Throws UsageError that names the key, what was expected and, for a key that is not known, the
  // nearest one that is.
  void apply(Draft& draft, const KeyValue& item) const {
    std::string_view key = item.key;
    std::string_view value = item.value;
    const KeyRow<Draft>* row = find(key);
    if (item.flag) {
      value = "on";
      if (row == nullptr && key.starts_with("no")) {
        key.remove_prefix(2);
        row = find(key);
        if (row != nullptr && !row->is_switch) row = nullptr;
        value = "off";
      }
    }
    if (row == nullptr) fail_unknown(item.key);
    if (item.flag && !row->is_switch) {
      throw UsageError(name() + item.key + " has no value; expected " + item.key + "=" +
                       std::string(row->help.value));
    }
    try {
      row->set(draft, value);
    } catch (const UsageError& error) {
      throw UsageError(name() + std::string(key) + "=" + std::string(value) + ": " + error.what());
    }
  }

  std::vector<OptionHelp> help() const {
    std::vector<OptionHelp> help;
    help.reserve(rows_.size());
    for (const KeyRow<Draft>& row : rows_) help.push_back(row.help);
    return help;
  }

 private:
  std::string name() const { return std::string(option_) + ": "; }

  const KeyRow<Draft>* find(std::string_view key) const {
    const auto row = std::ranges::find_if(
        rows_, [&](const KeyRow<Draft>& candidate) { return candidate.help.key == key; });
    return row == rows_.end() ? nullptr : &*row;
  }

  [[noreturn]] void fail_unknown(const std::string& key) const {
    std::vector<std::string_view> keys;
    keys.reserve(rows_.size());
    for (const KeyRow<Draft>& known : rows_) keys.push_back(known.help.key);
    throw UsageError(name() + "no option '" + key + "'" + suggestion(key, keys));
  }

  std::string_view option_;
  Rows rows_;
};

}  // namespace sluice

#endif  // SLUICE_APP_OPTIONS_KEY_TABLE_H_
