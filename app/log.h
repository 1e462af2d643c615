// What Sluice says about itself, on standard error.
//
// Quiet unless something is wrong. The same line is not said twice in a row within a few seconds:
// what a guest does again and again must not fill anybody's disk. Nothing is said per packet at
// all.

#ifndef SLUICE_APP_LOG_H_
#define SLUICE_APP_LOG_H_

#include <string_view>

#include "app/cli/invocation.h"

namespace sluice::log {

// To be called once, before the others; until then, nothing below a warning is said.
void set_level(LogLevel level);

void info(std::string_view line);
void warning(std::string_view line);
void error(std::string_view line);

}  // namespace sluice::log

#endif  // SLUICE_APP_LOG_H_
