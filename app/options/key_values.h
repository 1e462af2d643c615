// QEMU's option syntax: "user,net=10.0.3.0/24,restrict,hostfwd=tcp::2222-:22".
//
// Items are separated by commas. A comma inside a value is written twice. An item without '=' is a
// flag: "restrict" means restrict=on and "norestrict" restrict=off, but the first item is the value
// of an implied key. A key may be repeated; who reads the list decides what that means.

#ifndef SLUICE_APP_OPTIONS_KEY_VALUES_H_
#define SLUICE_APP_OPTIONS_KEY_VALUES_H_

#include <string>
#include <string_view>
#include <vector>

namespace sluice {

struct KeyValue {
  std::string key;
  std::string value;  // commas are single; empty for a flag
  bool flag = false;  // written without '='
};

// Empty items are left out, as after a trailing comma. Never fails: every text is a list.
std::vector<KeyValue> parse_key_values(std::string_view text, std::string_view implied_key);

// The text that parse_key_values() reads as `items`.
std::string emit_key_values(const std::vector<KeyValue>& items);

}  // namespace sluice

#endif  // SLUICE_APP_OPTIONS_KEY_VALUES_H_
