// The language of --impair: "delay=50ms,loss=1%,rate=100M,seed=7".

#ifndef SLUICE_APP_OPTIONS_IMPAIRMENT_H_
#define SLUICE_APP_OPTIONS_IMPAIRMENT_H_

#include <string_view>

#include "devices/link/impairment.h"

namespace sluice {

// Throws UsageError that names the key, what was expected and, for a key that is not known, the
// nearest one that is.
Impairment parse_impairment(std::string_view text);

}  // namespace sluice

#endif  // SLUICE_APP_OPTIONS_IMPAIRMENT_H_
