// The language of --impair: "delay=50ms,loss=1%,rate=100M,seed=7".

#ifndef SLUICE_APP_OPTIONS_IMPAIRMENT_H_
#define SLUICE_APP_OPTIONS_IMPAIRMENT_H_

#include <string_view>
#include <vector>

#include "app/options/key_table.h"
#include "devices/link/impairment.h"

namespace sluice {

// Throws UsageError that names the key, what was expected and, for a key that is not known, the
// nearest one that is.
Impairment parse_impairment(std::string_view text);
// The same of another option's items; `option` begins every complaint.
Impairment parse_impairment(std::string_view option, const std::vector<KeyValue>& items);

// For a manual.
std::vector<OptionHelp> impairment_help();

}  // namespace sluice

#endif  // SLUICE_APP_OPTIONS_IMPAIRMENT_H_
