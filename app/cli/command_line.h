// The command line of sluice.
//
// CLI11 knows the options and converts their values. Which words are options is decided before, in
// one place for all commands: so an option that does not exist gets a suggestion, and everything
// from exec's command on belongs to that command, with or without "--" in front.

#ifndef SLUICE_APP_CLI_COMMAND_LINE_H_
#define SLUICE_APP_CLI_COMMAND_LINE_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/cli/invocation.h"

namespace sluice {

// `arguments` without the program's own name. Throws UsageError.
Invocation parse_command_line(const std::vector<std::string>& arguments);

// 1 to 32 hexadecimal digits as 128 bits, the last digit lowest; nullopt for anything else.
std::optional<Seed> parse_seed(std::string_view text);

// The names of all options of a command, "--netdev" and so on, for a check that the manual has
// them.
std::vector<std::string> option_names(std::string_view command);

}  // namespace sluice

#endif  // SLUICE_APP_CLI_COMMAND_LINE_H_
