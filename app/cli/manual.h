// The manual: what --help prints.

#ifndef SLUICE_APP_CLI_MANUAL_H_
#define SLUICE_APP_CLI_MANUAL_H_

#include <string>
#include <string_view>

namespace sluice {

// The page of a command; for any other word, the overview.
std::string manual(std::string_view command);

// What `--netdev help` prints, in the form that scripts know.
std::string netdev_list();
std::string device_list();

// `text` in lines of at most `width` characters, each after `indent` blanks, broken at blanks.
std::string wrap(std::string_view text, std::size_t indent, std::size_t width);

}  // namespace sluice

#endif  // SLUICE_APP_CLI_MANUAL_H_
