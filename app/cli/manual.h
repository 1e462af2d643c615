// The manual: what --help prints.

#ifndef SLUICE_APP_CLI_MANUAL_H_
#define SLUICE_APP_CLI_MANUAL_H_

#include <string>
#include <string_view>

namespace sluice {

// The page of a command; for any other word, the overview.
std::string manual(std::string_view command);

}  // namespace sluice

#endif  // SLUICE_APP_CLI_MANUAL_H_
