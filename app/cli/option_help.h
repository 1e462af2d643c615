// What an option's own help prints: "--netdev help", "--netdev stream,help", "--nic model=help".

#ifndef SLUICE_APP_CLI_OPTION_HELP_H_
#define SLUICE_APP_CLI_OPTION_HELP_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/options/key_table.h"

namespace sluice {

// What `text` asks for behind `option`, "--netdev", "--nic", "--object" or "--device"; nullopt if
// it does not ask for help. Lists begin as QEMU's do, since scripts read them. Throws UsageError
// for a type that there is not.
std::optional<std::string> help_of_option(std::string_view option, std::string_view text);

// A key and what it does, for each, `indent` blanks from the left.
std::string list_options(const std::vector<OptionHelp>& options, std::size_t indent);

// `text` in lines of at most `width` characters, each after `indent` blanks, broken at blanks.
std::string wrap(std::string_view text, std::size_t indent, std::size_t width);

inline constexpr std::size_t kManualWidth = 100;

}  // namespace sluice

#endif  // SLUICE_APP_CLI_OPTION_HELP_H_
