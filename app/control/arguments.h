// The arguments of a command: looked up by name, with their types checked.

#ifndef SLUICE_APP_CONTROL_ARGUMENTS_H_
#define SLUICE_APP_CONTROL_ARGUMENTS_H_

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/control/request.h"
#include "app/options/key_values.h"

namespace sluice {

class Arguments {
 public:
  // Throws Refused if `object`, which outlives this, has any but the named ones.
  Arguments(const Json& object, std::initializer_list<std::string_view> names);

  // These throw Refused if there is none, or one of another type.
  std::string text(std::string_view name) const;
  bool boolean(std::string_view name) const;
  // And these only if there is one of another type.
  std::optional<std::string> optional_text(std::string_view name) const;
  std::optional<std::uint32_t> optional_number(std::string_view name) const;

 private:
  const Json& get(std::string_view name) const;

  const Json& object_;
};

// QEMU's structured options as those of a command line: what is in {"addr": {"type": "unix"}} has
// the key addr.type, and each element of an array the key of the array; {"str": TEXT} there is the
// text. Throws Refused for what no command line could say.
std::vector<KeyValue> flatten(const Json& object);

}  // namespace sluice

#endif  // SLUICE_APP_CONTROL_ARGUMENTS_H_
