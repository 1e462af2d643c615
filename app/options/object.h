// What is put on a link, in QEMU's words: "-object filter-dump,id=NAME,netdev=NAME,file=PATH".

#ifndef SLUICE_APP_OPTIONS_OBJECT_H_
#define SLUICE_APP_OPTIONS_OBJECT_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "app/options/key_table.h"

namespace sluice {

// A capture of all frames of a netdev.
struct FilterDump {
  std::string id;
  std::string netdev;
  std::string file;
  std::uint32_t max_length = 65536;  // bytes kept of each frame
};

// Throws UsageError.
FilterDump parse_object(std::string_view text);
// For a manual.
std::vector<OptionHelp> filter_dump_help();

}  // namespace sluice

#endif  // SLUICE_APP_OPTIONS_OBJECT_H_
