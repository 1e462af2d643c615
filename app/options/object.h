// What is put on a link, in QEMU's words: "-object TYPE,id=NAME,netdev=NAME,…".

#ifndef SLUICE_APP_OPTIONS_OBJECT_H_
#define SLUICE_APP_OPTIONS_OBJECT_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "app/options/key_table.h"
#include "devices/link/impairment.h"

namespace sluice {

// A capture of all frames of a netdev.
struct FilterDump {
  std::string file;
  std::uint32_t max_length = 65536;  // bytes kept of each frame
};

struct LinkObject {
  std::string id;
  std::string netdev;
  // An impairment is a bad line, which QEMU has not.
  std::variant<FilterDump, Impairment> kind;
};

// Throws UsageError.
LinkObject parse_object(std::string_view text);

// The types there are, and the keys of one of them, for a manual.
std::vector<std::string_view> object_types();
std::vector<OptionHelp> object_help(std::string_view type);

}  // namespace sluice

#endif  // SLUICE_APP_OPTIONS_OBJECT_H_
