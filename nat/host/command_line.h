// Splits a command line into words as a shell does, without being one.

#ifndef SLUICE_NAT_HOST_COMMAND_LINE_H_
#define SLUICE_NAT_HOST_COMMAND_LINE_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice {

// Words are parted by blanks. Single quotes keep everything as it is; double quotes keep everything
// but a backslash before " \ $ or `; elsewhere a backslash keeps the next character (POSIX Shell
// Command Language, 2.2). Nothing is expanded: $HOME and *.txt stay what they are. nullopt if a
// quote is not closed or the line ends with a backslash.
std::optional<std::vector<std::string>> split_words(std::string_view line);

// Whether the line can be split, into a word at least.
bool names_command(std::string_view line);

}  // namespace sluice

#endif  // SLUICE_NAT_HOST_COMMAND_LINE_H_
