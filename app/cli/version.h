// The version of everything here.

#ifndef SLUICE_APP_CLI_VERSION_H_
#define SLUICE_APP_CLI_VERSION_H_

#include <string_view>

namespace sluice {

inline constexpr std::string_view kVersion = "0.1.0";

}  // namespace sluice

#endif  // SLUICE_APP_CLI_VERSION_H_
